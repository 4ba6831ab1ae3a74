import Model
import Queries

/// The end of a program: turns rows into result rows.
package final class OutputOperator: Operator {
  private let key: [Int]
  private let value: [Int]
  private let replaces: Bool
  /// Rows since the last time they were taken.
  private var made: [ResultRow] = []
  /// Where rows replace others: keys that changed, in order, and the row of each now.
  private var changed: [[UInt8]] = []
  private var latest: [[UInt8]: Change] = [:]

  private struct Change {
    var row: ResultRow?
    /// What was withdrawn last.
    var before: ResultRow?
  }

  package init(width: Int, key: [Int], value: [Int], replaces: Bool) {
    self.key = key
    self.value = value
    self.replaces = replaces
    super.init(width: width)
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    let result = result(row, origin)
    if !replaces {
      made.append(result)
      return
    }
    if latest[result.key] == nil { changed.append(result.key) }
    latest[result.key, default: Change()].row = result
  }

  package override func retract(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    let result = result(row, origin)
    if latest[result.key] == nil { changed.append(result.key) }
    let now = latest[result.key]?.row
    // A row that came in its place meanwhile stays.
    if now == nil || now == result { latest[result.key] = Change(row: nil, before: result) }
  }

  /// Rows since the last time; where rows replace others the last one of each key, or its
  /// tombstone.
  package func take() -> [ResultRow] {
    defer { removeAll() }
    if !replaces { return made }
    return changed.compactMap { key in
      guard let change = latest[key] else { return nil }
      if let row = change.row { return row }
      return change.before.map {
        .tombstone(key: key, time: $0.time, lineage: $0.lineage)
      }
    }
  }

  func removeAll() {
    made.removeAll(keepingCapacity: true)
    changed.removeAll(keepingCapacity: true)
    latest.removeAll(keepingCapacity: true)
  }

  package var isEmpty: Bool { made.isEmpty && changed.isEmpty }

  private func result(
    _ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?
  ) -> ResultRow {
    let id = EventID(source: RowLayout.source(row), sequence: UInt64(bitPattern: row[2]))
    return ResultRow(
      key: cells(row, key), value: cells(row, value), time: row[0],
      evidence: origin?.pointee.evidence ?? Evidence(source: id.source, sequence: id.sequence),
      lineage: origin?.pointee.latest ?? id)
  }

  private func cells(_ row: UnsafePointer<Int64>, _ columns: [Int]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: columns.count * 11) { bytes, count in
      for column in columns {
        if RowLayout.isNull(row, column) {
          bytes[count] = 0
          count += 1
          continue
        }
        bytes[count] = 1
        count += 1
        let x = row[RowLayout.header + column]
        var rest = UInt64(bitPattern: (x << 1) ^ (x >> 63))
        while rest >= 0x80 {
          bytes[count] = UInt8(truncatingIfNeeded: rest) | 0x80
          rest >>= 7
          count += 1
        }
        bytes[count] = UInt8(truncatingIfNeeded: rest)
        count += 1
      }
    }
  }
}
