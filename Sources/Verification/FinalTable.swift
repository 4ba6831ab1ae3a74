import Queries

/// For results that are corrected: of each key the row that is due last and the one that the sink
/// showed last, as digests. A few bytes for each key of the result, for the whole run, since any of
/// them may be corrected until its end.
final class FinalTable {
  private let due = DigestTable()
  private let shown = DigestTable()
  /// When the row shown last was handed to the sink, as a number that rises.
  private let order = DigestTable()
  /// Every key that was ever due or shown, in order of its first coming; only its digest.
  private var keys: [UInt64] = []

  /// Tells rows of one key apart; never 0.
  static func variant(_ value: UInt64, _ evidence: Evidence) -> UInt64 {
    let mixed = scattered(
      scattered(scattered(value) &+ evidence.sum) &+ (evidence.xor ^ evidence.count))
    return mixed == 0 ? 1 : mixed
  }

  func setDue(_ key: UInt64, _ variant: UInt64) { set(due, key, variant) }
  func setShown(_ key: UInt64, _ variant: UInt64) { set(shown, key, variant) }

  /// The row was the `emission`-th handed to the sink: says whether one that was handed over later
  /// had been shown before it.
  func isOutOfOrder(_ key: UInt64, _ emission: UInt64) -> Bool {
    let before = order.value(of: key) ?? 0
    if emission > before { order.set(key, emission) }
    return emission < before
  }

  /// A tombstone was shown.
  func withdraw(_ key: UInt64) { if shown.value(of: key) != nil { shown.set(key, 0) } }

  /// Forgets what is due, to compute it anew.
  func forgetDue() { for key in keys where due.value(of: key) != nil { due.set(key, 0) } }

  private func set(_ table: DigestTable, _ key: UInt64, _ variant: UInt64) {
    if due.value(of: key) == nil && shown.value(of: key) == nil { keys.append(key) }
    table.set(key, variant)
  }

  /// What is due or was shown of a key at the end; 0 for nothing.
  func due(_ key: UInt64) -> UInt64 { due.value(of: key) ?? 0 }
  func shown(_ key: UInt64) -> UInt64 { shown.value(of: key) ?? 0 }

  var dueCount: UInt64 { keys.reduce(0) { $0 + (due($1) == 0 ? 0 : 1) } }

  /// Keys whose last row is not the one that is due.
  func differing() -> [UInt64] { keys.filter { due($0) != shown($0) } }
}

/// The digests of some keys, those that came last: enough to notice a key that comes again soon.
struct RecentKeys {
  private var new: Set<UInt64> = []
  private var old: Set<UInt64> = []

  /// Says whether the key was there.
  mutating func insert(_ key: UInt64) -> Bool {
    if new.contains(key) || old.contains(key) { return true }
    if new.count == 1 << 16 {
      old = new
      new = []
    }
    new.insert(key)
    return false
  }
}

extension PlanOperator {
  /// A result comes of a deadline at which something had not happened.
  var isAbsence: Bool {
    if case .match(_, _, let match) = self { return match.absence != nil }
    return false
  }

  var isJoin: Bool {
    switch self {
    case .intervalJoin, .asOfJoin: true
    default: false
    }
  }
}

extension Plan {
  /// The operator that makes the rows of the result, which filters and selections may change.
  var maker: PlanOperator {
    var place = operators.count - 1
    while true {
      switch operators[place] {
      case .filter(let i, _), .select(let i, _): place = i
      default: return operators[place]
      }
    }
  }

  var hasWindow: Bool {
    operators.contains {
      switch $0 {
      case .tumbling, .sliding, .session: true
      default: false
      }
    }
  }

  /// The columns of the result key have all those that identify a row of the window, session or
  /// total that makes it.
  var isKeyNatural: Bool {
    var wanted = Set(keyColumns)
    var place = operators.count - 1
    while place >= 0 {
      switch operators[place] {
      case .filter(let i, _): place = i
      case .select(let i, let expressions):
        var before: Set<Int> = []
        for column in wanted where expressions.indices.contains(column) {
          if case .column(let c) = expressions[column] { before.insert(c) }
        }
        wanted = before
        place = i
      case .tumbling(_, let key, _, _, _), .sliding(_, let key, _, _, _, _),
        .session(_, let key, _, _):
        return (0...key.count).allSatisfy { wanted.contains($0) }
      case .total(_, let key, _): return key.indices.allSatisfy { wanted.contains($0) }
      default: return false
      }
    }
    return false
  }
}
