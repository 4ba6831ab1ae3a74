import Draws
import Model

/// A match with everything that comes of it at once.
struct ArenaMatch: Sendable {
  var mode = 0
  var slot: Int64 = 0
  var seat = 0
  /// Milliseconds since 1970.
  var start: Int64 = 0
  var end: Int64 = 0
  /// White, then black.
  var players = (0, 0)
  var ratings = (0, 0)
  var ratingDiffs = (0, 0)
  /// Of white: 2 won, 1 drawn, 0 lost.
  var points = 0
  var isTournament = false
  /// 0 NORMAL, 1 TIME_FORFEIT, 2 ABANDONED.
  var termination: UInt8 = 0
  /// Won by somebody who cheated in it.
  var isWonByCheat = false

  /// Unique: slot, mode and seat.
  var id: UInt64 { UInt64(slot) << 29 | UInt64(mode) << 26 | UInt64(seat) }

  /// What is shown of the end: whole seconds.
  var endedAt: Int64 { end / 1_000 * 1_000 }
}

/// Who plays whom, when, and how it ends: functions of (seed, mode, slot, seat).
///
/// Unchecked: the tables are filled once, before anyone reads them.
final class Arena: @unchecked Sendable {
  let modes: [ArenaMode]
  private let settings: LeaderboardSettings
  private let slotDraws: DrawFamily
  private let matchDraws: DrawFamily
  private let bands: DrawFamily
  private let forms: [DrawFamily]
  private let newcomers: DrawStream
  /// By mode: a player is a cheat when its image is below their number.
  private let cheats: [(order: Permutation, count: Int)]
  /// Expectation of a rating difference of 10 · (i - 100), in 2^-32.
  private let expectations: [Int64]
  /// Quantiles of the standard normal at i/4096.
  private let normals: [Double]

  /// Of 2^32: drawn matches; how much less often white wins than the ratings say; a cheat's
  /// chance; matches in which a cheat cheats; newcomers.
  private static let drawn: UInt64 = 193_273_528
  private static let whiteLoss: Int64 = 51_539_608
  private static let cheatWins: Int64 = 4_166_118_277
  private static let active: UInt64 = 3_006_477_107
  private static let provisional: UInt64 = 171_798_691

  init(seed: UInt64, settings: LeaderboardSettings) {
    func family(_ purpose: String) -> DrawFamily {
      DrawFamily(seed: seed, component: "gaming.leaderboards", purpose: purpose)
    }
    self.settings = settings
    modes = ArenaMode.all(players: settings.players)
    slotDraws = family("slot")
    matchDraws = family("match")
    bands = family("band")
    let form = family("form")
    forms = modes.map { form.indexed(UInt64($0.number)) }
    newcomers = family("newcomer").stream(0)
    let cheating = family("cheat")
    cheats = modes.map { mode in
      (
        Permutation(count: UInt64(mode.players), key: cheating.stream(UInt64(mode.number))),
        Int((Double(mode.players) * settings.cheats.value).rounded())
      )
    }
    expectations = (0...200).map { step in
      let exponent = Double(step - 100) * -10 / 400 * 2.302_585_092_994_045_7
      return Int64(4_294_967_296 / (1 + portableExp(exponent)))
    }
    normals = (0...4_096).map { normalQuantile(min(max(Double($0) / 4_096, 1e-5), 1 - 1e-5)) }
  }

  /// Ranks of the players of a mode who cheat.
  func cheaters(_ mode: Int) -> [Int] {
    (0..<cheats[mode].count).map { Int(cheats[mode].order.backward(UInt64($0))) }
  }

  private func isCheat(_ rank: Int, _ mode: Int) -> Bool {
    cheats[mode].order.forward(UInt64(rank)) < UInt64(cheats[mode].count)
  }

  /// Who sits where in a slot. Players of a mode stand on a circle that runs up the even ranks and
  /// down the odd ones; it is turned by a draw and cut into bands, inside which pairs are drawn.
  func seating(_ mode: ArenaMode, _ slot: Int64) -> Seating {
    let own = slotDraws.indexed(UInt64(mode.number)).indexed(UInt64(bitPattern: slot))
    let draws = own.stream(0)
    let isOpen = draws.word(0) < settings.openThreshold
    let count = isOpen || mode.players < 128 ? 1 : 32
    let keys = bands.indexed(UInt64(mode.number)).indexed(UInt64(bitPattern: slot))
    let firsts = (0...count).map { mode.seats * $0 / count }
    return Seating(
      mode: mode, slot: slot, inUse: mode.seatsInUse(at: slot * mode.slot),
      order: Permutation(count: UInt64(mode.seats), key: own.stream(1)),
      turn: Int(draws.below(UInt64(mode.players), 1)), firsts: firsts,
      bands: (0..<count).map {
        Permutation(
          count: UInt64(2 * (firsts[$0 + 1] - firsts[$0])), key: keys.stream(UInt64($0)))
      },
      draws: matchDraws.indexed(UInt64(mode.number)).stream(UInt64(bitPattern: slot)),
      decisionDraws: own.stream(2))
  }

  /// The match in a seat that is in use. Uses eight words.
  func match(_ seat: Int, _ seating: Seating) -> ArenaMatch {
    let mode = seating.mode
    let base = UInt64(seat) << 3
    let draws = seating.draws
    let (white, black) = seating.pair(seat)
    let duration = mode.duration.sample(draws.word(base))
    var match = ArenaMatch()
    match.mode = mode.number
    match.slot = seating.slot
    match.seat = seat
    match.isTournament = draws.word(base | 1) < settings.tournamentThreshold
    let room = UInt64(mode.slot - 10_000 - duration + 1)
    let wait = match.isTournament ? 0 : Int64(draws.below(room, base | 2))
    match.start = seating.slot * mode.slot + wait
    match.end = match.start + duration
    match.players = (mode.firstPlayer + white, mode.firstPlayer + black)
    match.ratings = (rating(white, mode, match.start), rating(black, mode, match.start))
    decide(&match, white, black, draws, base)
    return match
  }

  private func decide(
    _ match: inout ArenaMatch, _ white: Int, _ black: Int, _ draws: DrawStream, _ base: UInt64
  ) {
    let difference = match.ratings.0 - match.ratings.1
    let (step, rest) = (min(max(difference, -1_000), 1_000) + 1_000).quotientAndRemainder(
      dividingBy: 10)
    var expected = expectations[step]
    if rest > 0 { expected += (expectations[step + 1] - expected) * Int64(rest) / 10 }
    let mischief = draws.word(base | 3)
    // 66, 32.3 and 1.7 %.
    let ending = mischief & 0xffff
    match.termination = ending < 43_254 ? 0 : ending < 64_422 ? 1 : 2
    let isActive = mischief >> 32 < Self.active
    let whiteCheats = isActive && isCheat(white, match.mode)
    let blackCheats = isActive && !whiteCheats && isCheat(black, match.mode)
    let chance =
      whiteCheats
      ? Self.cheatWins
      : blackCheats ? 1 << 32 - Self.cheatWins : expected - Self.whiteLoss
    let result = draws.word(base | 4)
    let isDrawn = result & 0xffff_ffff < Self.drawn
    match.points = isDrawn ? 1 : Int64(result >> 32) < chance ? 2 : 0
    match.isWonByCheat = whiteCheats && match.points == 2 || blackCheats && match.points == 0
    let gain = Int64(match.points) << 31 - expected
    match.ratingDiffs = (change(gain, match.players.0), change(-gain, match.players.1))
  }

  /// Rating points for a surprise in 2^-32: twelve for a whole one, 160 for newcomers.
  private func change(_ gain: Int64, _ player: Int) -> Int {
    let factor: Int64 = newcomers.word(UInt64(player)) >> 32 < Self.provisional ? 160 : 12
    return Int((factor * gain + 1 << 31) >> 32)
  }

  /// Normal around 1,656 with deviation 370 by rank, and a form that wanders in days.
  private func rating(_ rank: Int, _ mode: ArenaMode, _ millis: Int64) -> Int {
    let place = (Double(rank) + 0.5) / Double(mode.players) * 4_096
    let knot = min(Int(place), 4_095)
    let normal = normals[knot] + (normals[knot + 1] - normals[knot]) * (place - Double(knot))
    let form = forms[mode.number].stream(UInt64(rank))
    let span: Int64 = 5 * 86_400_000
    let (step, rest) = millis.quotientAndRemainder(dividingBy: span)
    let part = Double(rest) / Double(span)
    let wander =
      NormalTable.shared.sample(form.word(UInt64(step))) * (1 - part)
      + NormalTable.shared.sample(form.word(UInt64(step + 1))) * part
    return Int(min(max(1_656.5 + 370 * normal + 20 * wander, 100), 4_000))
  }
}

/// The seats of a slot.
struct Seating: Sendable {
  let mode: ArenaMode
  let slot: Int64
  /// Seats 0..<inUse have a match.
  let inUse: Int
  fileprivate let order: Permutation
  fileprivate let turn: Int
  /// First pair of each band, and the number of pairs.
  fileprivate let firsts: [Int]
  fileprivate let bands: [Permutation]
  fileprivate let draws: DrawStream
  /// Eight words of a seat for what comes after its match.
  let decisionDraws: DrawStream

  /// Ranks of the two players of a seat.
  func pair(_ seat: Int) -> (Int, Int) {
    let pair = Int(order.forward(UInt64(seat)))
    let band = band(of: pair)
    let place = UInt64(2 * (pair - firsts[band]))
    return (
      rank(2 * firsts[band] + Int(bands[band].forward(place))),
      rank(2 * firsts[band] + Int(bands[band].forward(place + 1)))
    )
  }

  /// The seat of a player, in use or not.
  func seat(ofRank rank: Int) -> Int {
    let players = mode.players
    let circle = rank % 2 == 0 ? rank / 2 : players - 1 - rank / 2
    let place = (circle - turn + players) % players
    let band = band(of: place / 2)
    let inside = Int(bands[band].backward(UInt64(place - 2 * firsts[band])))
    return Int(order.backward(UInt64(firsts[band] + inside / 2)))
  }

  private func band(of pair: Int) -> Int {
    var band = min(pair * bands.count / mode.seats, bands.count - 1)
    while pair >= firsts[band + 1] { band += 1 }
    while pair < firsts[band] { band -= 1 }
    return band
  }

  private func rank(_ place: Int) -> Int {
    let players = mode.players
    let circle = (place + turn) % players
    return circle < players / 2 ? 2 * circle : 2 * (players - 1 - circle) + 1
  }
}
