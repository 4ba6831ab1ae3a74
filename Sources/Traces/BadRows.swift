import Model

/// The rows of a file that are no events: told once per kind of mistake, counted, and kept as they
/// are in a side file.
struct BadRows {
  /// Goes first into the side file; nil for files whose rows have no header.
  var header: [UInt8]?
  private(set) var count: UInt64 = 0

  private let file: String
  private let path: String
  /// False where rows must not reach the disk: then they are only told and counted.
  private let keepsRows: Bool
  private var side: PartialFile?
  private var waiting: [UInt8] = []
  private var kinds: [Kind] = []
  private var places: [String: Int] = [:]

  /// More kinds of mistakes are counted, not told.
  private static let mostKinds = 20

  private struct Kind {
    var first: Problem
    var second: Problem?
    var hint: String?
    var count: UInt64 = 1
  }

  init(file: String, path: String, keepsRows: Bool) {
    self.keepsRows = keepsRows
    self.file = file
    self.path = path
  }

  mutating func add(_ defect: RowDefect, _ rows: some RowReader) throws(TraceError) {
    try add(
      BadRow(field: nil, kind: defect.kind, message: defect.message), at: defect.at, rows)
  }

  mutating func add(_ bad: BadRow, _ rows: some RowReader) throws(TraceError) {
    try add(bad, at: bad.field.map { rows.cells[$0].start } ?? 0, rows)
  }

  private mutating func add(_ bad: BadRow, at: Int, _ rows: some RowReader) throws(TraceError) {
    count += 1
    if let known = places[bad.kind] {
      kinds[known].count += 1
      if kinds[known].second == nil {
        let place = rows.place(of: at)
        kinds[known].second = Problem(
          file: file, line: place.line, column: place.column, message: "the same")
      }
    } else if kinds.count < Self.mostKinds {
      let place = rows.place(of: at)
      places[bad.kind] = kinds.count
      kinds.append(
        Kind(
          first: Problem(
            file: file, line: place.line, column: place.column, message: bad.message),
          hint: bad.hint))
    }
    if !keepsRows { return }
    if side == nil {
      side = try PartialFile(path)
      if let header { waiting = header + [0x0A] }
    }
    waiting += rows.row
    waiting.append(0x0A)
    if waiting.count >= 1 << 16 { try flush() }
  }

  private mutating func flush() throws(TraceError) {
    let bytes = waiting
    waiting.removeAll(keepingCapacity: true)
    let failure: TraceError? = bytes.withUnsafeBytes { view in
      do throws(TraceError) {
        try side?.write(view)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  /// Gives the side file its name; there is none when no row was bad.
  mutating func finish() throws(TraceError) {
    if side == nil { return }
    try flush()
    try side?.finish()
    side = nil
  }

  /// For every kind the first row, and where the next one is and how many there are.
  var problems: [Problem] {
    var list: [Problem] = []
    for kind in kinds {
      list.append(kind.first)
      guard var second = kind.second else { continue }
      if kind.count > 2 {
        let rest = kind.count - 2
        second.message =
          "the same, and \(grouped(rest)) row\(rest == 1 ? "" : "s") more"
        if keepsRows { second.message += ": all are in \(path)" }
      }
      list.append(second)
    }
    return list
  }

  /// What to do about the most frequent kind of mistake.
  var commonHint: String? {
    kinds.max { $0.count < $1.count }?.hint
  }
}
