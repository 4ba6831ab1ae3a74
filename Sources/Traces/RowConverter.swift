import Bytes
import Model
import Scenarios

/// Why a row is no event: the field of the row that is to blame (nil: the row as a whole), what is
/// wrong, and what kind of mistake it is, the same for all rows with the like.
struct BadRow: Error, Hashable {
  var field: Int?
  var kind: String
  var message: String
  var hint: String?
}

/// Turns rows into events by a mapping: times, key, and the columns of the value, which are filled
/// directly. One owner; it keeps the memory of the row at hand.
final class RowConverter {
  enum Kind { case int, long, decimal, double, string, boolean, enumeration }

  /// Where the values of a field go.
  final class Target {
    let cell: Int
    let kind: Kind
    let scale: Int
    let isOptional: Bool
    /// A pseudonym under this key is kept in place of the value.
    let pseudonym: PseudonymKey?
    /// Of an optional field: 0 without, 1 with a value.
    let branches: IntegerBuffer
    let numbers: IntegerBuffer
    let spans: SpanBuffer
    /// Of an enum; of a boolean the texts of false and those of true.
    let symbols: [[UInt8]]
    let truths: [[UInt8]]
    /// The name of the row that has the value, where rows are gathered.
    let row: [UInt8]?
    /// Whether the event that is being gathered has the value.
    var isFilled = false

    init(
      _ field: ImportMapping.Field, cell: Int, stream: Int, _ columns: PayloadColumns,
      _ key: PseudonymKey?
    ) {
      self.cell = cell
      pseudonym = field.isPseudonym ? key : nil
      isOptional = field.isOptional
      branches = columns.numbers[stream]
      let value = field.isOptional ? stream + 1 : stream
      numbers = columns.numbers[value]
      spans = columns.spans[value]
      var scale = 0
      var symbols: [String] = []
      var truths: [String] = []
      switch field.type {
      case .int: kind = .int
      case .long: kind = .long
      case .double: kind = .double
      case .string: kind = .string
      case .decimal(let decimals):
        kind = .decimal
        scale = decimals
      case .boolean(let yes, let no):
        kind = .boolean
        symbols = no
        truths = yes
      case .enumeration(let names):
        kind = .enumeration
        symbols = names
      }
      row = field.row.map { Array($0.utf8) }
      self.scale = scale
      self.symbols = symbols.map { Array($0.utf8) }
      self.truths = truths.map { Array($0.utf8) }
    }
  }

  private(set) final var eventTime: Int64 = 0
  private(set) final var arrival: Int64?
  private(set) final var hasKey = false
  /// What the value of the row at hand takes on the wire.
  final var payloadBytes = 0

  /// Valid while the row is at hand.
  var key: UnsafeRawBufferPointer { plainKey ?? joinedKey.bytes }

  /// Columns of the header.
  let columnCount: Int

  let mapping: ImportMapping
  let header: [String]
  private let time: [Int]
  private let arrivalColumns: [Int]
  private let keys: [Int]
  private let filters: [(cell: Int, texts: [[UInt8]])]
  /// The column with the names of rows, where rows are gathered.
  let pivot: Int?
  private(set) var targets: [Target] = []
  /// Those that every row has, which is asked for every row.
  private var plainTargets: UnsafeMutablePointer<Unmanaged<Target>>
  private var plainPlaces: [Int] = []
  private let identity: [IntegerBuffer]
  private let missing: [[UInt8]]
  /// The usual case, which is asked for every cell.
  private let isOnlyEmptyMissing: Bool
  private let unit: Int64
  /// Nanoseconds in a unit of the event time, when that is a plain number; else 0.
  private let epochUnit: Int64
  private final var plainKey: UnsafeRawBufferPointer?
  private var joinedKey = ByteWriter()
  private let pseudonyms: PseudonymKey?
  private let source: UInt32
  private let sourceColumn: Int?
  private var plain: [UInt8] = []

  /// Throws a problem in the mapping for every column that the file does not have. `columns` are
  /// those of the mapping's schema; `pseudonyms` is the key that a masked mapping needs.
  init(
    _ mapping: ImportMapping, header: [String], missing: [String], columns: PayloadColumns,
    file: String, source: UInt32, pseudonyms: PseudonymKey?
  ) throws(Problems) {
    self.source = source
    self.mapping = mapping
    self.pseudonyms = pseudonyms
    self.header = header
    columnCount = header.count
    self.missing = missing.map { Array($0.utf8) }
    isOnlyEmptyMissing = missing == [""]
    unit = mapping.isFine ? 1_000 : 1_000_000
    if case .epoch(let unit) = mapping.time.form.kind, mapping.time.columns.count == 1 {
      epochUnit = unit
    } else {
      epochUnit = 0
    }
    let log = ProblemLog()
    func find(_ column: ImportMapping.Column) -> Int {
      let places = header.indices.filter { header[$0] == column.name }
      if places.count == 1 { return places[0] }
      let near = nearestName(to: column.name, in: header)
      log.add(
        column.mark,
        places.isEmpty
          ? "\(file) has no column \(quoted(column.name))"
          : "\(file) has \(places.count) columns \(quoted(column.name))",
        hint: near.map { "did you mean '\($0)'?" } ?? "it has \(header.joined(separator: ", "))")
      return 0
    }
    time = mapping.time.columns.map(find)
    arrivalColumns = mapping.arrival?.columns.map(find) ?? []
    pivot = mapping.pivot.map { find($0.name) }
    keys = mapping.key.map(find)
    sourceColumn = mapping.source.map(find)
    filters = mapping.filters.map { filter in
      (find(filter.column), filter.texts.map { Array($0.utf8) })
    }
    let cells = mapping.fields.map { find($0.column) }
    plainTargets = .allocate(capacity: max(mapping.fields.count, 1))
    identity = Array(columns.numbers[0..<3])
    if !log.isEmpty { throw Problems(log.ordered()) }
    addTargets(cells, columns)
  }

  /// Pairs every field with its value streams, which are numbered in the order of the schema.
  private func addTargets(_ cells: [Int], _ columns: PayloadColumns) {
    var stream = ImportMapping.identityFields.count
    for (cell, field) in zip(cells, mapping.fields) {
      targets.append(Target(field, cell: cell, stream: stream, columns, pseudonyms))
      stream += field.isOptional ? 2 : 1
    }
    plainPlaces = targets.indices.filter { targets[$0].row == nil }
    for (index, place) in plainPlaces.enumerated() {
      (plainTargets + index).initialize(to: Unmanaged.passUnretained(targets[place]))
    }
  }

  deinit { plainTargets.deallocate() }

  /// Whether the row at hand is one of those that the mapping wants.
  func isWanted(_ row: CellRow) -> Bool {
    for (cell, texts) in filters {
      let matches = withText(cell, row) { bytes in texts.contains { equal(bytes, $0) } }
      if !matches { return false }
    }
    return true
  }

  /// Converts the row at hand; `sequence` is that of the event it becomes. A row that is refused
  /// leaves nothing in the columns.
  func convert(_ row: CellRow, sequence: UInt64) throws(BadRow) {
    if row.count != columnCount { throw columnRefusal(row) }
    try readTimesAndKey(row)
    try putValues(row, sequence: sequence)
  }

  /// Reads what tells events from each other.
  func readTimesAndKey(_ row: CellRow) throws(BadRow) {
    if epochUnit > 0, row[time[0]].form == .plain,
      let whole = wholeNumber(row.bytes(time[0]), times: epochUnit)
    {
      eventTime = whole
    } else {
      eventTime = try instant(mapping.time, time, row)
    }
    arrival = nil
    if let form = mapping.arrival, !arrivalColumns.allSatisfy({ isMissing($0, row) }) {
      arrival = try instant(form, arrivalColumns, row)
    }
    makeKey(row)
    if mapping.hasKeyPseudonym, hasKey { maskKey() }
  }

  /// Fills the columns of the value; after `readTimesAndKey`.
  func putValues(_ row: CellRow, sequence: UInt64) throws(BadRow) {
    let stamp = floorDivide(eventTime, unit)
    // Five bytes of framing before the fields.
    payloadBytes =
      5 + varintSize(Int64(source)) + varintSize(Int64(bitPattern: sequence)) + varintSize(stamp)
    for index in 0..<plainPlaces.count {
      if plainTargets[index]._withUnsafeGuaranteedRef({ add($0, row) }) { continue }
      for earlier in 0..<index { withdraw(targets[plainPlaces[earlier]]) }
      throw refusal(of: plainPlaces[index], row)
    }
    identity[0].append(Int64(source))
    identity[1].append(Int64(bitPattern: sequence))
    identity[2].append(stamp)
  }

  /// What tells the source of the row at hand; nil when all rows are of one.
  func sourceText(_ row: CellRow) throws(BadRow) -> [UInt8]? {
    guard let sourceColumn, row.count == columnCount else { return nil }
    if isMissing(sourceColumn, row) || row[sourceColumn].form == .nested {
      throw BadRow(
        field: sourceColumn, kind: "source", message: "\(header[sourceColumn]) tells no source")
    }
    return withText(sourceColumn, row) { Array($0) }
  }

  private func maskKey() {
    let shown = pseudonyms?.text(for: Array(key)) ?? []
    plainKey = nil
    joinedKey.removeAll()
    joinedKey.append(shown)
  }

  /// A text of the row as a message may show it: of a masked file not at all.
  func shown(_ text: String) -> String { mapping.isMasked ? "a text" : quoted(text) }

  /// Parts of a key are joined by `|`; a key with no part that has a text is no key.
  private func makeKey(_ row: CellRow) {
    hasKey = false
    plainKey = nil
    if keys.count == 1 && row[keys[0]].form == .plain {
      hasKey = !isMissing(keys[0], row)
      plainKey = row.bytes(keys[0])
      return
    }
    joinedKey.removeAll()
    for (index, cell) in keys.enumerated() {
      if index > 0 { joinedKey.byte(UInt8(ascii: "|")) }
      if isMissing(cell, row) { continue }
      hasKey = true
      withText(cell, row) { joinedKey.append($0) }
    }
  }

  /// The text of a cell as it is meant; the bytes are valid within the closure.
  @discardableResult @inline(__always)
  final func withText<T>(
    _ cell: Int, _ row: CellRow, _ body: (UnsafeRawBufferPointer) -> T
  ) -> T {
    let bytes = row.bytes(cell)
    switch row[cell].form {
    case .plain, .absent, .nested: return body(bytes)
    case .doubledQuotes, .escapes:
      makePlain(bytes, row[cell].form)
      return plain.withUnsafeBytes { body($0) }
    }
  }

  @inline(never)
  private func makePlain(_ bytes: UnsafeRawBufferPointer, _ form: Cell.Form) {
    plain.removeAll(keepingCapacity: true)
    if form == .escapes {
      unescape(bytes, into: &plain)
      return
    }
    var at = 0
    while at < bytes.count {
      plain.append(bytes[at])
      at += bytes[at] == UInt8(ascii: "\"") ? 2 : 1
    }
  }

  func text(_ cell: Int, _ row: CellRow) -> String {
    withText(cell, row) { String(decoding: $0, as: UTF8.self) }
  }

  @inline(__always)
  final func isMissing(_ cell: Int, _ row: CellRow) -> Bool {
    if row[cell].form == .absent { return true }
    if row[cell].form == .nested { return false }
    if isOnlyEmptyMissing { return row[cell].start == row[cell].end }
    for text in missing {
      if withText(cell, row, { equal($0, text) }) { return true }
    }
    return false
  }

  private func instant(
    _ time: ImportMapping.Time, _ cells: [Int], _ row: CellRow
  ) throws(BadRow) -> Int64 {
    if cells.count > 1 { return try joinedInstant(time, cells, row) }
    let cell = cells[0]
    if let value = withText(cell, row, { time.form.parse($0) }) { return value }
    throw timeRefusal(time, cell, row)
  }

  /// Puts a field into its columns; false, and nothing there, when the cell is no such value.
  func add(_ target: Target, _ row: CellRow) -> Bool {
    let cell = target.cell
    if target.isOptional && isMissing(cell, row) {
      target.branches.append(0)
      payloadBytes &+= 1
      return true
    }
    if row[cell].form == .nested || row[cell].form == .absent { return false }
    let size: Int
    switch target.kind {
    case .int: size = number(target, row, Int64(Int32.min)...Int64(Int32.max))
    case .long, .decimal: size = number(target, row, .min ... .max)
    case .double: size = double(target, row)
    case .string:
      size = withText(cell, row) { bytes in
        if !isText(bytes) { return 0 }
        if let pseudonym = target.pseudonym {
          let shown = pseudonym.text(for: Array(bytes))
          shown.withUnsafeBytes { target.spans.append($0) }
          return shown.count &+ varintSize(Int64(shown.count))
        }
        target.spans.append(bytes)
        return bytes.count &+ varintSize(Int64(bytes.count))
      }
    case .boolean:
      let isTrue = withText(cell, row) { bytes in
        target.truths.contains { equal(bytes, $0) }
          ? true : target.symbols.contains { equal(bytes, $0) } ? false : nil
      }
      if let isTrue { target.numbers.append(isTrue ? 1 : 0) }
      size = isTrue == nil ? 0 : 1
    case .enumeration:
      let index = withText(cell, row) { bytes in target.symbols.firstIndex { equal(bytes, $0) } }
      if let index { target.numbers.append(Int64(index)) }
      size = index.map { varintSize(Int64($0)) } ?? 0
    }
    if size == 0 { return false }
    if target.isOptional { target.branches.append(1) }
    payloadBytes &+= size &+ (target.isOptional ? 1 : 0)
    return true
  }

  /// Takes back what `add` put there.
  func withdraw(_ target: Target) {
    if target.isOptional {
      target.branches.count -= 1
      if target.branches[target.branches.count] == 0 { return }
    }
    if target.kind == .string {
      target.spans.truncate(target.spans.count - 1)
    } else {
      target.numbers.count -= 1
    }
  }

  private func number(
    _ target: Target, _ row: CellRow, _ range: ClosedRange<Int64>
  ) -> Int {
    guard let number = withText(target.cell, row, { decimalNumber($0, scale: target.scale) }),
      range.contains(number)
    else { return 0 }
    let kept = target.pseudonym?.number(for: Array(String(number).utf8)) ?? number
    target.numbers.append(kept)
    return varintSize(kept)
  }

  private func double(_ target: Target, _ row: CellRow) -> Int {
    guard let number = withText(target.cell, row, doubleNumber) else { return 0 }
    target.numbers.append(Int64(bitPattern: number.bitPattern))
    return 8
  }
}
