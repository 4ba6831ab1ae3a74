import Model
import Queries

/// What event order says of rows of one kind: time and identity as words that compare in turn.
/// Events: time, source, sequence; rows that a window made: time and the columns of their key.
struct RowOrder {
  /// Columns of the identity; nil: that of an event.
  let columns: [Int]?

  var words: Int { columns.map { 1 + 2 * $0.count } ?? 3 }

  func write(_ row: UnsafePointer<Int64>, to place: UnsafeMutablePointer<Int64>) {
    place[0] = row[0]
    guard let columns else {
      place[1] = Int64(RowLayout.source(row))
      place[2] = row[2]
      return
    }
    for (slot, column) in columns.enumerated() {
      let isNull = RowLayout.isNull(row, column)
      place[1 + 2 * slot] = isNull ? 0 : 1
      place[2 + 2 * slot] = isNull ? 0 : row[RowLayout.header + column]
    }
  }

  func precedes(_ a: UnsafePointer<Int64>, _ b: UnsafePointer<Int64>) -> Bool {
    for word in 0..<words where a[word] != b[word] { return a[word] < b[word] }
    return false
  }
}

/// Aggregates as words in memory: where each lies, how a row is added, what comes out. All zeros
/// is the state before the first row. Values that must all be kept stand in lists outside.
struct Aggregation {
  let aggregates: [Aggregate]
  /// Words of all aggregates together.
  let words: Int
  /// Columns that come out.
  let width: Int
  private let places: [Int]
  private let order: RowOrder
  private let scratch: UnsafeMutablePointer<Int64>

  /// The memory lives as long as the program.
  init(_ aggregates: [Aggregate], order: RowOrder) {
    self.aggregates = aggregates
    self.order = order
    var next = 0
    var places: [Int] = []
    for aggregate in aggregates {
      places.append(next)
      next += Self.words(aggregate, order)
    }
    self.places = places
    words = next
    width = aggregates.reduce(0) { $0 + $1.width }
    scratch = .allocate(capacity: order.words)
  }

  private static func words(_ aggregate: Aggregate, _ order: RowOrder) -> Int {
    switch aggregate {
    case .count, .countOf: 1
    case .min, .max, .distinct, .quantile: 2
    case .sum, .mean: 3
    case .first, .last: 2 + order.words
    case .firstDistinct: preconditionFailure("a table has it")
    case .argMin, .argMax: 3 + order.words
    }
  }

  func add(
    _ row: UnsafePointer<Int64>, to state: UnsafeMutablePointer<Int64>, lists: inout NodePool
  ) {
    for index in aggregates.indices { add(row, index, state + places[index], &lists) }
  }

  private func add(
    _ row: UnsafePointer<Int64>, _ index: Int, _ cell: UnsafeMutablePointer<Int64>,
    _ lists: inout NodePool
  ) {
    switch aggregates[index] {
    case .count: cell[0] += 1
    case .countOf(let c): if !RowLayout.isNull(row, c) { cell[0] += 1 }
    case .sum(let c), .mean(let c):
      if let x = Self.value(row, c) { Self.accumulate(x, cell) }
    case .min(let c):
      if let x = Self.value(row, c), cell[1] == 0 || x < cell[0] { (cell[0], cell[1]) = (x, 1) }
    case .max(let c):
      if let x = Self.value(row, c), cell[1] == 0 || x > cell[0] { (cell[0], cell[1]) = (x, 1) }
    case .firstDistinct: preconditionFailure("a table has it")
    case .first(let c): if let x = Self.value(row, c) { keep(x, row, cell, last: false) }
    case .last(let c): if let x = Self.value(row, c) { keep(x, row, cell, last: true) }
    case .argMin(let c, let by):
      if let b = Self.value(row, by) { keep(c, row, cell, by: b) { $0 < $1 } }
    case .argMax(let c, let by):
      if let b = Self.value(row, by) { keep(c, row, cell, by: b) { $0 > $1 } }
    case .distinct(let c), .quantile(let c, _, _):
      guard var x = Self.value(row, c) else { return }
      let node = lists.add(&x, satisfied: 0)
      lists.link(node, to: Int(cell[0]) - 1)
      cell[0] = Int64(node + 1)
      cell[1] += 1
    }
  }

  @inline(__always) private static func value(
    _ row: UnsafePointer<Int64>, _ column: Int
  ) -> Int64? {
    RowLayout.isNull(row, column) ? nil : row[RowLayout.header + column]
  }

  /// A sum in 128 bits: low word, high word, number of values.
  private static func accumulate(_ x: Int64, _ cell: UnsafeMutablePointer<Int64>) {
    let (low, carry) = UInt64(bitPattern: cell[0])
      .addingReportingOverflow(UInt64(bitPattern: x))
    cell[0] = Int64(bitPattern: low)
    cell[1] += (x >> 63) + (carry ? 1 : 0)
    cell[2] += 1
  }

  private func keep(
    _ x: Int64, _ row: UnsafePointer<Int64>, _ cell: UnsafeMutablePointer<Int64>, last: Bool
  ) {
    order.write(row, to: scratch)
    let known = cell + 2
    // Rows of one identity come in their order: of equals the later one is the last.
    let wins =
      cell[0] == 0
      || (last
        ? !order.precedes(scratch, known)
        : order.precedes(scratch, known))
    if !wins { return }
    cell[0] = 1
    cell[1] = x
    known.update(from: scratch, count: order.words)
  }

  private func keep(
    _ column: Int, _ row: UnsafePointer<Int64>, _ cell: UnsafeMutablePointer<Int64>, by: Int64,
    _ beats: (Int64, Int64) -> Bool
  ) {
    let known = cell + 3
    if cell[0] != 0 && !beats(by, cell[2]) {
      if by != cell[2] { return }
      order.write(row, to: scratch)
      if !order.precedes(scratch, known) { return }
    }
    order.write(row, to: known)
    let x = Self.value(row, column)
    cell[0] = x == nil ? 3 : 1
    cell[1] = x ?? 0
    cell[2] = by
  }

  /// Writes the values from a column on. False when a sum does not fit an int64, which is null
  /// then.
  func finish(
    _ state: UnsafeMutablePointer<Int64>, _ lists: NodePool,
    into columns: UnsafeMutablePointer<Int64>, from first: Int, nulls: inout UInt32
  ) -> Bool {
    var column = first
    var fits = true
    for index in aggregates.indices {
      let cell = state + places[index]
      let value: Int64?
      switch aggregates[index] {
      case .count, .countOf: value = cell[0]
      case .min, .max: value = cell[1] == 0 ? nil : cell[0]
      case .first, .last, .argMin, .argMax: value = cell[0] == 1 ? cell[1] : nil
      case .sum, .mean:
        let sum = Int128(cell[1]) << 64 | Int128(UInt64(bitPattern: cell[0]))
        value = cell[2] == 0 ? nil : Int64(exactly: sum)
        if cell[2] != 0 && value == nil { fits = false }
      case .firstDistinct: preconditionFailure("a table has it")
      case .distinct:
        let sorted = Self.values(cell, lists).sorted()
        value = Int64(sorted.indices.count { $0 == 0 || sorted[$0] != sorted[$0 - 1] })
      case .quantile(_, let numerator, let denominator):
        let sorted = Self.values(cell, lists).sorted()
        let rank =
          (Int128(numerator) * Int128(sorted.count) + Int128(denominator) - 1)
          / Int128(denominator)
        value = sorted.isEmpty ? nil : sorted[Swift.max(Int(rank), 1) - 1]
      }
      columns[column] = value ?? 0
      if value == nil { nulls |= 1 << UInt32(column) }
      column += 1
      if case .mean = aggregates[index] {
        columns[column] = cell[2]
        column += 1
      }
    }
    return fits
  }

  private static func values(_ cell: UnsafeMutablePointer<Int64>, _ lists: NodePool) -> [Int64] {
    var values: [Int64] = []
    values.reserveCapacity(Int(cell[1]))
    var node = Int(cell[0]) - 1
    while node >= 0 {
      values.append(lists.row(node)[0])
      node = lists.next(node)
    }
    return values
  }

  /// Gives back the lists of a state that is not needed any more.
  func release(_ state: UnsafeMutablePointer<Int64>, _ lists: inout NodePool) {
    for index in aggregates.indices {
      switch aggregates[index] {
      case .distinct, .quantile:
        var node = Int(state[places[index]]) - 1
        while node >= 0 {
          let next = lists.next(node)
          lists.free(node)
          node = next
        }
      default: break
      }
    }
  }
}
