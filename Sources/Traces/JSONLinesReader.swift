/// Reads JSON lines: an object per line, as RFC 8259 has it and nothing beside it. Lines without
/// anything are skipped. What a mapping does not want is checked and left out.
final class JSONLinesReader: RowReader {
  /// Objects and lists may lie in each other so deep.
  static let mostDepth = 64

  private let json: JSONRow
  private let lines: LineReader

  /// The cells are those of `columns`, in their order.
  init(_ stream: ByteStream, path: String, columns: [String]) {
    lines = LineReader(stream, path: path)
    json = JSONRow(columns: columns)
  }

  var cells: CellRow { json.cells }
  var defect: RowDefect? { json.defect }
  var row: UnsafeRawBufferPointer { lines.line }

  func advance() throws(TraceError) -> Bool {
    repeat {
      if !(try lines.advance()) { return false }
    } while lines.line.allSatisfy { $0 == 0x20 || $0 == 0x09 }
    json.read(lines.line)
    return true
  }

  func place(of offset: Int) -> (line: Int, column: Int) {
    var column = 1
    for byte in lines.line.prefix(offset) where byte & 0xC0 != 0x80 { column += 1 }
    return (lines.number, column)
  }
}

/// Takes the text of a JSON object apart into the cells of the columns that are wanted.
final class JSONRow {
  let cells = CellRow()
  /// Why the text is no JSON object.
  private(set) var defect: RowDefect?
  private let tree: MemberTree
  private let columnCount: Int
  private var plain: [UInt8] = []

  init(columns: [String]) {
    tree = MemberTree(columns)
    columnCount = columns.count
  }

  /// The cells point into the text.
  func read(_ line: UnsafeRawBufferPointer) {
    cells.reset(to: columnCount)
    defect = nil
    if let base = line.baseAddress { cells.base = base.assumingMemoryBound(to: UInt8.self) }
    var scanner = JSONScanner(line)
    do throws(RowDefect) {
      if !isText(line) { throw RowDefect(kind: "utf8", message: "no UTF-8 text", at: 0) }
      scanner.space()
      if scanner.next != UInt8(ascii: "{") { throw scanner.refusal("no JSON object") }
      try object(&scanner, tree, 1)
      scanner.space()
      if scanner.at < line.count { throw scanner.refusal("text after the object") }
    } catch {
      defect = error
    }
  }

  private func object(
    _ scanner: inout JSONScanner, _ tree: MemberTree?, _ depth: Int
  ) throws(RowDefect) {
    if depth > JSONLinesReader.mostDepth { throw scanner.refusal("objects too deep in each other") }
    scanner.at += 1
    scanner.space()
    if scanner.take(UInt8(ascii: "}")) { return }
    while true {
      scanner.space()
      let nameAt = scanner.at
      let name = try scanner.string("the name of a member")
      let place = tree.flatMap { find(name, in: $0, scanner) }
      scanner.space()
      if !scanner.take(UInt8(ascii: ":")) { throw scanner.refusal("a ':' is wanted here") }
      scanner.space()
      let column = place.map { tree?.members[$0].column ?? -1 } ?? -1
      let below = place.flatMap { tree?.members[$0].below }
      try value(&scanner, column, below, nameAt, depth)
      scanner.space()
      if scanner.take(UInt8(ascii: "}")) { return }
      if !scanner.take(UInt8(ascii: ",")) { throw scanner.refusal("a ',' or '}' is wanted here") }
    }
  }

  private func find(_ name: Cell, in tree: MemberTree, _ scanner: JSONScanner) -> Int? {
    let bytes = UnsafeRawBufferPointer(rebasing: scanner.bytes[name.start..<name.end])
    if name.form == .plain { return tree.find(bytes) }
    plain.removeAll(keepingCapacity: true)
    unescape(bytes, into: &plain)
    return plain.withUnsafeBytes { tree.find($0) }
  }

  private func value(
    _ scanner: inout JSONScanner, _ column: Int, _ below: MemberTree?, _ nameAt: Int, _ depth: Int
  ) throws(RowDefect) {
    let start = scanner.at
    var cell = Cell(start: start, end: start, form: .nested)
    switch scanner.next {
    case UInt8(ascii: "\""): cell = try scanner.string("a value")
    case UInt8(ascii: "{"):
      try object(&scanner, below, depth + 1)
      cell.end = scanner.at
    // Only the members of the object are wanted when the path goes on.
    case UInt8(ascii: "["):
      try list(&scanner, depth + 1)
      cell.end = scanner.at
    case UInt8(ascii: "n"):
      try scanner.word("null")
      cell.form = .absent
    case UInt8(ascii: "t"):
      try scanner.word("true")
      cell = Cell(start: start, end: scanner.at, form: .plain)
    case UInt8(ascii: "f"):
      try scanner.word("false")
      cell = Cell(start: start, end: scanner.at, form: .plain)
    default:
      try scanner.number()
      cell = Cell(start: start, end: scanner.at, form: .plain)
    }
    if column < 0 { return }
    // A null that stands where a value stood before is as wrong as a second value.
    if cells[column].start > 0 {
      throw RowDefect(kind: "twice", message: "a member that is there twice", at: nameAt)
    }
    cells[column] = cell
  }

  private func list(_ scanner: inout JSONScanner, _ depth: Int) throws(RowDefect) {
    if depth > JSONLinesReader.mostDepth { throw scanner.refusal("lists too deep in each other") }
    scanner.at += 1
    scanner.space()
    if scanner.take(UInt8(ascii: "]")) { return }
    while true {
      scanner.space()
      try value(&scanner, -1, nil, scanner.at, depth)
      scanner.space()
      if scanner.take(UInt8(ascii: "]")) { return }
      if !scanner.take(UInt8(ascii: ",")) { throw scanner.refusal("a ',' or ']' is wanted here") }
    }
  }
}

/// The parts of JSON in a line.
struct JSONScanner {
  let bytes: UnsafeRawBufferPointer
  var at = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The byte at hand; 0 at the end, where no part of JSON can be.
  var next: UInt8 { at < bytes.count ? bytes[at] : 0 }

  func refusal(_ message: String) -> RowDefect {
    RowDefect(kind: message, message: message, at: at)
  }

  mutating func space() {
    while at < bytes.count, isSpace(bytes[at]) { at &+= 1 }
  }

  private func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A
  }

  mutating func take(_ byte: UInt8) -> Bool {
    if next != byte { return false }
    at &+= 1
    return true
  }

  mutating func word(_ word: StaticString) throws(RowDefect) {
    let count = word.utf8CodeUnitCount
    let matches =
      at + count <= bytes.count
      && (0..<count).allSatisfy { bytes[at + $0] == word.utf8Start[$0] }
    if !matches { throw refusal("no JSON value") }
    at += count
  }

  /// A string; the cell is what lies between its quotes.
  mutating func string(_ what: StaticString) throws(RowDefect) -> Cell {
    if next != UInt8(ascii: "\"") { throw refusal("\(what) is wanted here") }
    at &+= 1
    var cell = Cell(start: at, end: at, form: .plain)
    while at < bytes.count {
      let byte = bytes[at]
      if byte == UInt8(ascii: "\"") {
        cell.end = at
        at &+= 1
        return cell
      }
      if byte < 0x20 { throw refusal("a control character in a string") }
      if byte == UInt8(ascii: "\\") {
        cell.form = .escapes
        try escape()
      } else {
        at &+= 1
      }
    }
    throw RowDefect(
      kind: "unclosed", message: "a string that is not closed", at: max(cell.start - 1, 0))
  }

  private mutating func escape() throws(RowDefect) {
    let letter: UInt8 = at + 1 < bytes.count ? bytes[at + 1] : 0
    if letter == UInt8(ascii: "u") {
      guard let unit = hexadecimal(bytes, at + 2) else { throw refusal("no such escape") }
      if unit & 0xF800 != 0xD800 {
        at += 6
        return
      }
      let isPair =
        unit & 0xFC00 == 0xD800 && at + 12 <= bytes.count
        && bytes[at + 6] == UInt8(ascii: "\\") && bytes[at + 7] == UInt8(ascii: "u")
      guard isPair, let low = hexadecimal(bytes, at + 8), low & 0xFC00 == 0xDC00 else {
        throw refusal("half of a surrogate pair")
      }
      at += 12
      return
    }
    if !"\"\\/bfnrt".utf8.contains(letter) { throw refusal("no such escape") }
    at += 2
  }

  /// A number, as strict as JSON is.
  mutating func number() throws(RowDefect) {
    let start = at
    _ = take(UInt8(ascii: "-"))
    let first = at
    digits()
    var isGood = at > first && (at == first + 1 || bytes[first] != UInt8(ascii: "0"))
    if isGood && take(UInt8(ascii: ".")) {
      let fraction = at
      digits()
      isGood = at > fraction
    }
    if isGood && next | 0x20 == UInt8(ascii: "e") {
      at += 1
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      let exponent = at
      digits()
      isGood = at > exponent
    }
    if !isGood { throw RowDefect(kind: "no JSON value", message: "no JSON value", at: start) }
  }

  private mutating func digits() {
    while at < bytes.count, bytes[at] &- 0x30 <= 9 { at &+= 1 }
  }
}
