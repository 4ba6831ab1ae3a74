import Model
import Queries

/// Passes rows on as they are: inputs, unions of different rows, and the two sides of a join.
final class Passage: Operator {
  override func expect(_ row: UnsafePointer<Int64>) -> Int64 {
    passOnExpectation(row)
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    emit(row, origin)
  }

  package override func retract(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    withdraw(row, origin)
  }
}

final class FilterOperator: Operator {
  private let condition: Condition

  init(width: Int, _ predicate: Predicate, _ faults: ProgramFaults) {
    condition = Condition.compile(predicate, faults)
    super.init(width: width)
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    if condition.test(row) == .yes { emit(row, origin) }
  }

  package override func retract(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    if condition.test(row) == .yes { withdraw(row, origin) }
  }
}

final class SelectOperator: Operator {
  private enum Column {
    case copied(Int)
    case computed(Formula)
  }

  private let columns: [Column]
  private let scratch: UnsafeMutablePointer<Int64>

  init(_ expressions: [Expression], _ faults: ProgramFaults) {
    columns = expressions.map {
      if case .column(let column) = $0 { return .copied(column) }
      return .computed(Formula.compile($0, faults))
    }
    scratch = .allocate(capacity: RowLayout.header + expressions.count)
    super.init(width: expressions.count)
  }

  deinit { scratch.deallocate() }

  private func fill(_ row: UnsafePointer<Int64>) {
    var nulls: UInt32 = 0
    for index in columns.indices {
      let value: Int64?
      switch columns[index] {
      case .copied(let column):
        value = RowLayout.isNull(row, column) ? nil : row[RowLayout.header + column]
      case .computed(let formula): value = formula.value(row)
      }
      if value == nil { nulls |= 1 << UInt32(index) }
      scratch[RowLayout.header + index] = value ?? 0
    }
    scratch[0] = row[0]
    scratch[1] = RowLayout.identity(source: RowLayout.source(row), nulls: nulls)
    scratch[2] = row[2]
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    fill(row)
    emit(scratch, origin)
  }

  package override func retract(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    fill(row)
    withdraw(scratch, origin)
  }
}

/// One input of a union that rows of one identity may enter twice: numbers the copies.
final class CopyOperator: Operator {
  private let copy: Int

  init(width: Int, copy: Int) {
    self.copy = copy
    super.init(width: width)
  }

  private func numbered(
    _ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?
  ) -> Origin {
    Origin.of(row, origin).asCopy(copy, row)
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    if !identifies { return emit(row, origin) }
    var made = numbered(row, origin)
    emit(row, &made)
  }

  package override func retract(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    if !identifies { return withdraw(row, origin) }
    var made = numbered(row, origin)
    withdraw(row, &made)
  }
}

extension Origin {
  /// The same row as a copy that has a number.
  func asCopy(_ number: Int, _ row: UnsafePointer<Int64>) -> Origin {
    var made = self
    let known =
      identity
      ?? RowIdentity(source: RowLayout.source(row), sequence: UInt64(bitPattern: row[2]))
    made.identity = known.copy(number)
    return made
  }
}

/// One row for each element of a list that stands in columns, or each ordered pair of different
/// places.
final class ExpandOperator: Operator {
  private let inputWidth: Int
  private let elements: [Int]
  private let pairs: Bool
  private let scratch: UnsafeMutablePointer<Int64>

  init(inputWidth: Int, _ elements: [Int], pairs: Bool) {
    self.inputWidth = inputWidth
    self.elements = elements
    self.pairs = pairs
    let width = inputWidth + (pairs ? 3 : 2)
    scratch = .allocate(capacity: RowLayout.header + width)
    super.init(width: width)
  }

  deinit { scratch.deallocate() }

  private func each(
    _ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?,
    _ visit: (UnsafePointer<Int64>, UnsafePointer<Origin>?) -> Void
  ) {
    scratch.update(from: row, count: RowLayout.header + inputWidth)
    let last = scratch + RowLayout.header + width - 1
    var count = 0
    func hand() {
      last.pointee = Int64(count)
      if identifies {
        var made = Origin.of(row, origin).asCopy(count, row)
        visit(scratch, &made)
      } else {
        visit(scratch, origin)
      }
      count += 1
    }
    let present = elements.filter { !RowLayout.isNull(row, $0) }
    for (place, column) in present.enumerated() {
      scratch[RowLayout.header + inputWidth] = row[RowLayout.header + column]
      if !pairs {
        hand()
        continue
      }
      for (other, second) in present.enumerated() where other != place {
        scratch[RowLayout.header + inputWidth + 1] = row[RowLayout.header + second]
        hand()
      }
    }
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    each(row, origin) { emit($0, $1) }
  }

  package override func retract(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    each(row, origin) { withdraw($0, $1) }
  }
}

/// Hands each row to the task that its key belongs to. Rows move at the moment they are pushed:
/// checkpoints are taken in all tasks at one instant, so none is on its way then.
final class ExchangeOperator: Operator {
  private let digest: KeyDigest
  private let targets: [Operator]

  init(width: Int, key: [Int], targets: [Operator]) {
    digest = KeyDigest(key)
    self.targets = targets
    super.init(width: width)
  }

  private func target(_ row: UnsafePointer<Int64>) -> Operator {
    targets[Int(digest.of(row) % UInt64(targets.count))]
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    target(row).push(row, origin)
  }

  package override func retract(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    target(row).retract(row, origin)
  }
}
