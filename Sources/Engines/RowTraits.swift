import Model
import Queries

/// What is known of the rows of an operator before any of them exists.
struct RowTraits {
  /// Operators that gave the rows their identity, ascending; 0 stands for all streams.
  var roots: [Int]
  /// Rows are events, and made of nothing else.
  var isPlain = false
  /// Their identity is that of an event.
  var isEvent = false
  /// The stage that puts them into event order; nil when they are not.
  var order: Int?
  /// The columns of their result key, when a window made them and these are still there.
  var identity: [Int]?
  /// All rows of one window come together, with one time.
  var isWindow = false
  /// Rows may be withdrawn and replaced.
  var changes = false
  /// Columns that are the record's key; other lists of columns that decide the task as well.
  var recordKey: [Int]?
  var determining: [[Int]] = []
  /// The operator for which rows last moved to other tasks; nil: they are where they were read.
  var movedFor: Int?

  /// True when rows that are equal in these columns are in one task.
  func areTogether(_ key: [Int]) -> Bool {
    let lists = (recordKey.map { [$0] } ?? []) + determining
    return lists.contains { list in list.allSatisfy(key.contains) }
  }

  /// The same rows with other columns; `place` says where a column has gone.
  func moved(_ place: (Int) -> Int?) -> RowTraits {
    func move(_ list: [Int]) -> [Int]? {
      let moved = list.compactMap(place)
      return moved.count == list.count ? moved : nil
    }
    var made = self
    made.identity = identity.flatMap(move)
    made.recordKey = recordKey.flatMap(move)
    made.determining = determining.compactMap(move)
    if identity != nil && made.identity == nil { made.isWindow = false }
    return made
  }

  /// Rows that an operator makes of those of one key, whose columns come first.
  func made(by number: Int, key: [Int]) -> RowTraits {
    var made = moved { key.firstIndex(of: $0) }
    made.roots = [number]
    made.isPlain = false
    made.isEvent = false
    made.order = nil
    made.identity = nil
    made.isWindow = false
    return made
  }
}

extension PlanOperator {
  /// Operators that it reads.
  var sources: [Int] {
    switch self {
    case .input: []
    case .filter(let source, _), .select(let source, _), .deduplicate(let source, _, _),
      .tumbling(let source, _, _, _, _), .sliding(let source, _, _, _, _, _),
      .session(let source, _, _, _), .topN(let source, _, _, _),
      .pattern(let source, _, _, _, _), .match(let source, _, _), .process(let source, _, _),
      .expand(let source, _, _), .total(let source, _, _):
      [source]
    case .union(let sources): sources
    case .intervalJoin(let join): [join.left, join.right]
    case .asOfJoin(let join): [join.left, join.right]
    }
  }

  /// Columns of each source whose rows must come together to one task; nil when any may.
  var keys: [[Int]]? {
    switch self {
    case .input, .filter, .select, .union, .expand: nil
    case .deduplicate(_, let by, _): [by]
    case .tumbling(_, let key, _, _, _), .sliding(_, let key, _, _, _, _),
      .session(_, let key, _, _), .total(_, let key, _), .topN(_, let key, _, _),
      .pattern(_, let key, _, _, _), .match(_, let key, _), .process(_, let key, _):
      [key]
    case .intervalJoin(let join): [join.leftKey, join.rightKey]
    case .asOfJoin(let join): [join.leftKey, join.rightKey]
    }
  }

  /// True for operators that want their rows in event order.
  var needsOrder: Bool {
    switch self {
    case .deduplicate, .pattern, .match, .process: true
    default: false
    }
  }
}

extension Plan {
  /// The greatest window that reads an operator through filters and selections alone: by so much
  /// more a row may be late in front of it (queries.md 3.1).
  func windowBehind(_ index: Int) -> Nanoseconds {
    var reached: Set<Int> = [index]
    var slack: Nanoseconds = 0
    for (number, step) in operators.enumerated() {
      guard let source = step.sources.first, reached.contains(source) else { continue }
      switch step {
      case .filter, .select: reached.insert(number)
      case .tumbling(_, _, let size, _, _), .sliding(_, _, let size, _, _, _):
        slack = max(slack, size)
      case .session(_, _, let gap, _): slack = max(slack, gap)
      default: break
      }
    }
    return slack
  }
}
