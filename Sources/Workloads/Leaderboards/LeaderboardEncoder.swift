import Bytes
import Model
import Queries

/// Symbols of the enum `action`.
enum ScoreAction: UInt8 {
  case result
  case void
  case award
  case restore
  case revoke
  case annul
}

/// Symbol HEARTBEAT of the enum `mode`, after the five modes.
let heartbeatMode: UInt8 = 5

/// What the plan reads of a score.
enum ScoreColumn {
  static let match = 0
  static let player = 1
  static let mode = 2
  static let revision = 3
  static let points = 4
  static let games = 5
  static let endedAt = 6
  static let decidedAt = 7
  static let sources: [ColumnSource] = [
    .field("match_id"), .field("player_id"), .field("mode"), .field("revision"),
    .field("delta_points"), .field("delta_games"), .field("ended_at"), .field("decided_at"),
  ]
}

/// No query reads matches.
enum MatchColumn {
  static let sources: [ColumnSource] = [.field("match_id"), .field("mode")]
}

/// Writes scores and matches: bytes, digest, columns.
struct LeaderboardEncoder: Sendable {
  let arena: Arena

  enum Content: Sendable {
    case result(ArenaMatch, white: Bool)
    case correction(ArenaDecision, white: Bool)
    case match(ArenaMatch)
    /// Milliseconds since 1970.
    case marker(Int64)
  }

  /// Bytes of key and value at most, the longest being a correction: key 8, frame 5, source 5,
  /// sequence, match and case 10 each, times 10 each, player 5, ratings 5 each, the others 1 each.
  static let longest = 112

  /// A score as it is sent.
  private struct Score {
    var match: ArenaMatch
    var white: Bool
    var revision: UInt64 = 0
    var action = ScoreAction.result
    var points: Int64 = 0
    var games: Int64 = 0
    var decidedAt: Int64 = 0
    /// 0: no case.
    var caseID: UInt64 = 0
  }

  func write(
    _ content: Content, isMatch: Bool, _ i: Int, of block: EventBlock, _ out: inout RecordWriter
  ) {
    switch content {
    case .result(let match, let white):
      write(
        Score(
          match: match, white: white,
          points: Int64(white ? match.points : 2 - match.points), games: 1,
          decidedAt: match.endedAt),
        i, of: block, &out)
    case .correction(let decision, let white):
      write(Self.score(decision, white), i, of: block, &out)
    case .match(let match): write(match, i, of: block, &out)
    case .marker(let millis):
      writeMarker(millis, isMatch: isMatch, i, of: block, &out)
    }
  }

  private static func score(_ decision: ArenaDecision, _ white: Bool) -> Score {
    let match = decision.match
    let points = Int64(white ? match.points : 2 - match.points)
    var score = Score(
      match: match, white: white, revision: 1, decidedAt: decision.at,
      caseID: match.id << 2 | UInt64(decision.kind.rawValue + 1))
    switch (decision.kind, points) {
    case (.void, 2): (score.action, score.points, score.games) = (.void, -2, -1)
    case (.void, _): (score.action, score.points, score.games) = (.award, 2, 0)
    case (.restore, 2): (score.action, score.points, score.games) = (.restore, 2, 1)
    case (.restore, _): (score.action, score.points, score.games) = (.revoke, -2, 0)
    case (.annul, _): (score.action, score.points, score.games) = (.annul, -points, -1)
    }
    if decision.kind == .restore { score.revision = 2 }
    return score
  }

  @inline(__always) private func begin(
    _ schemaID: UInt32, _ i: Int, of block: EventBlock, _ out: inout RecordWriter
  ) {
    out.frame(schemaID)
    out.unsigned(UInt64(block.lane))
    out.unsigned(block.baseSequence &+ UInt64(truncatingIfNeeded: i))
  }

  @inline(__always) private func end(
    from value: UnsafeMutablePointer<UInt8>, keyLength: UInt16, at millis: Int64, _ i: Int,
    of block: EventBlock, _ out: RecordWriter
  ) {
    block.eventTime[i] = millis * .millisecond
    block.digest[i] = digest64(value, out.at - value)
    block.start[i + 1] = UInt32(truncatingIfNeeded: out.at - block.bytes)
    block.keyLength[i] = keyLength
    block.nulls[i] = 0
  }

  private func write(
    _ score: Score, _ i: Int, of block: EventBlock, _ out: inout RecordWriter
  ) {
    let match = score.match
    let player = score.white ? match.players.0 : match.players.1
    out.bigEndian(UInt64(player))
    let value = out.at
    begin(LeaderboardSchemas.scores.schemaID, i, of: block, &out)
    out.unsigned(match.id)
    out.unsigned(UInt64(player))
    out.byte(UInt8(match.mode) << 1)
    out.unsigned(score.revision)
    out.byte(score.action.rawValue << 1)
    out.signed(score.points)
    out.signed(score.games)
    out.unsigned(UInt64(score.white ? match.ratings.0 : match.ratings.1))
    let change = score.white ? match.ratingDiffs.0 : match.ratingDiffs.1
    out.signed(score.revision == 0 ? Int64(change) : 0)
    out.signed(match.endedAt)
    out.signed(score.decidedAt)
    if score.caseID == 0 {
      out.byte(0)
    } else {
      out.byte(2)
      out.unsigned(score.caseID)
    }
    end(from: value, keyLength: 8, at: match.endedAt, i, of: block, out)
    block.columns[ScoreColumn.match][i] = Int64(bitPattern: match.id)
    block.columns[ScoreColumn.player][i] = Int64(player)
    block.columns[ScoreColumn.mode][i] = Int64(match.mode)
    block.columns[ScoreColumn.revision][i] = Int64(score.revision)
    block.columns[ScoreColumn.points][i] = score.points
    block.columns[ScoreColumn.games][i] = score.games
    block.columns[ScoreColumn.endedAt][i] = match.endedAt
    block.columns[ScoreColumn.decidedAt][i] = score.decidedAt
  }

  private func write(
    _ match: ArenaMatch, _ i: Int, of block: EventBlock, _ out: inout RecordWriter
  ) {
    out.bigEndian(match.id)
    let value = out.at
    begin(LeaderboardSchemas.matches.schemaID, i, of: block, &out)
    out.unsigned(match.id)
    out.byte(UInt8(match.mode) << 1)
    out.unsigned(UInt64(match.seat & 63))
    out.signed(match.start)
    out.signed(match.endedAt)
    out.byte(2 << 1)
    out.byte(match.termination << 1)
    if match.isTournament {
      out.byte(2)
      out.unsigned(UInt64(match.slot & 0x3fff_ffff))
    } else {
      out.byte(0)
    }
    end(from: value, keyLength: 8, at: match.endedAt, i, of: block, out)
    block.columns[0][i] = Int64(bitPattern: match.id)
    block.columns[1][i] = Int64(match.mode)
  }

  /// An event that says no more than that its source is alive.
  private func writeMarker(
    _ millis: Int64, isMatch: Bool, _ i: Int, of block: EventBlock, _ out: inout RecordWriter
  ) {
    let value = out.at
    for column in block.columns { column[i] = 0 }
    if isMatch {
      begin(LeaderboardSchemas.matches.schemaID, i, of: block, &out)
      out.zeros(1)
      out.byte(heartbeatMode << 1)
      out.zeros(1)
      out.signed(millis)
      out.signed(millis)
      // Players, termination, tournament.
      out.zeros(3)
      block.columns[1][i] = Int64(heartbeatMode)
    } else {
      begin(LeaderboardSchemas.scores.schemaID, i, of: block, &out)
      out.zeros(2)
      out.byte(heartbeatMode << 1)
      // Revision, action, points, games, rating and its change.
      out.zeros(6)
      out.signed(millis)
      out.signed(millis)
      out.zeros(1)
      block.columns[ScoreColumn.mode][i] = Int64(heartbeatMode)
      block.columns[ScoreColumn.endedAt][i] = millis
      block.columns[ScoreColumn.decidedAt][i] = millis
    }
    end(from: value, keyLength: RecordEntry.markerKey, at: millis, i, of: block, out)
  }
}
