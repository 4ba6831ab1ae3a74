/// Reads CSV as RFC 4180 has it, row by row, in memory that does not grow with the file. Line ends
/// are LF or CRLF; a quoted field may contain separators, line ends and doubled quotes.
final class CSVReader: RowReader {
  /// A row whose quote is not closed within this many bytes is given up.
  static let longestRow = 1 << 20

  /// Line of the row's first character, from 1.
  private(set) var line = 1
  let cells = CellRow()
  private(set) var defect: RowDefect?
  private let stream: ByteStream
  private let separator: UInt8
  private var buffer: UnsafeMutablePointer<UInt8>
  private var capacity = 1 << 18
  private var filled = 0
  private var rowStart = 0
  private var rowEnd = 0
  private var next = 0
  private var nextLine = 1
  private var ended = false

  init(_ stream: ByteStream, separator: UInt8) {
    self.stream = stream
    self.separator = separator
    buffer = .allocate(capacity: capacity)
  }

  deinit { buffer.deallocate() }

  /// The row as it stands in the file, without its line end.
  var row: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: buffer + rowStart, count: rowEnd - rowStart)
  }

  /// Skips the mark that some programs put before UTF-8. Call before the first row.
  func skipByteOrderMark() throws(TraceError) {
    while filled < 3 && !ended { try fill() }
    if filled >= 3 && buffer[0] == 0xEF && buffer[1] == 0xBB && buffer[2] == 0xBF { next = 3 }
  }

  /// Goes to the next row; false at the end.
  func advance() throws(TraceError) -> Bool {
    compact()
    line = nextLine
    defect = nil
    cells.removeAll()
    rowStart = next
    var at = next
    while true {
      guard try has(at) else {
        rowEnd = at
        next = at
        return false
      }
      let isLast = try field(&at)
      if defect != nil {
        try giveUpRow()
        cells.base = UnsafePointer(buffer + rowStart)
        return true
      }
      if isLast {
        cells.base = UnsafePointer(buffer + rowStart)
        return true
      }
    }
  }

  /// Whether there is a byte at a place of the buffer; moves the row to its beginning, and `at`
  /// with it, when it must be filled.
  private func has(_ at: Int) throws(TraceError) -> Bool {
    while at >= filled && !ended { try fill() }
    return at < filled
  }

  private func fill() throws(TraceError) {
    if filled == capacity {
      let wider = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2)
      wider.update(from: buffer, count: filled)
      buffer.deallocate()
      buffer = wider
      capacity *= 2
    }
    let n = try stream.read(into: buffer + filled, count: capacity - filled)
    filled += n
    if n == 0 { ended = true }
  }

  /// Drops what lies before the next row.
  private func compact() {
    if next < capacity / 2 { return }
    let rest = filled - next
    buffer.update(from: buffer + next, count: rest)
    filled = rest
    rowStart = 0
    rowEnd = 0
    next = 0
  }

  /// Reads one field; true when it ends the row.
  private func field(_ at: inout Int) throws(TraceError) -> Bool {
    let start = at
    if buffer[at] == UInt8(ascii: "\"") { return try quotedField(&at) }
    while true {
      at = skipPlain(from: at)
      if at >= filled, !(try has(at)) { break }
      let byte = buffer[at]
      if byte == separator {
        close(start, at, escaped: false)
        at &+= 1
        if at < filled { return false }
        if try has(at) { return false }
        close(at, at, escaped: false)
        endRow(at, lineEnd: 0)
        return true
      }
      if byte == UInt8(ascii: "\n") {
        let isCRLF = at > start && buffer[at - 1] == UInt8(ascii: "\r")
        close(start, isCRLF ? at - 1 : at, escaped: false)
        endRow(isCRLF ? at - 1 : at, lineEnd: isCRLF ? 2 : 1)
        return true
      }
      if byte == UInt8(ascii: "\"") {
        defect = RowDefect(
          kind: "quoteInside", message: "a quote inside a field that does not begin with one",
          at: at - rowStart)
        return true
      }
      at += 1
    }
    close(start, at, escaped: false)
    endRow(at, lineEnd: 0)
    return true
  }

  /// The first place from `at` on that holds a byte with a meaning, or the end of what is there.
  @inline(__always) private func skipPlain(from at: Int) -> Int {
    var at = at
    let (bytes, end, separator) = (buffer, filled, separator)
    while at < end {
      let byte = bytes[at]
      if byte == separator || byte == 0x0A || byte == 0x22 { break }
      at &+= 1
    }
    return at
  }

  private func quotedField(_ at: inout Int) throws(TraceError) -> Bool {
    let quote = at
    var escaped = false
    at += 1
    while true {
      guard try has(at), at - rowStart <= Self.longestRow else {
        defect = RowDefect(
          kind: "quoteNotClosed", message: "a quote that is not closed", at: quote - rowStart)
        return true
      }
      if buffer[at] == UInt8(ascii: "\n") { nextLine += 1 }
      if buffer[at] != UInt8(ascii: "\"") {
        at += 1
        continue
      }
      if try has(at + 1), buffer[at + 1] == UInt8(ascii: "\"") {
        escaped = true
        at += 2
        continue
      }
      break
    }
    close(quote + 1, at, escaped: escaped)
    at += 1
    guard try has(at) else {
      endRow(at, lineEnd: 0)
      return true
    }
    if buffer[at] == separator {
      at += 1
      if try has(at) { return false }
      close(at, at, escaped: false)
      endRow(at, lineEnd: 0)
      return true
    }
    if buffer[at] == UInt8(ascii: "\n") {
      endRow(at, lineEnd: 1)
      return true
    }
    if buffer[at] == UInt8(ascii: "\r"), try has(at + 1), buffer[at + 1] == UInt8(ascii: "\n") {
      endRow(at, lineEnd: 2)
      return true
    }
    defect = RowDefect(
      kind: "textAfterQuote", message: "text after the closing quote of a field",
      at: at - rowStart)
    return true
  }

  private func close(_ start: Int, _ end: Int, escaped: Bool) {
    cells.append(
      Cell(start: start &- rowStart, end: end &- rowStart, form: escaped ? .doubledQuotes : .plain))
  }

  private func endRow(_ at: Int, lineEnd: Int) {
    rowEnd = at
    next = at + lineEnd
    if lineEnd > 0 { nextLine += 1 }
  }

  /// A bad row ends with the line on which it began, so that what follows is not lost with it.
  private func giveUpRow() throws(TraceError) {
    cells.removeAll()
    nextLine = line
    var at = rowStart
    while try has(at) {
      if buffer[at] == UInt8(ascii: "\n") {
        let isCRLF = at > rowStart && buffer[at - 1] == UInt8(ascii: "\r")
        endRow(isCRLF ? at - 1 : at, lineEnd: isCRLF ? 2 : 1)
        return
      }
      at += 1
    }
    endRow(at, lineEnd: 0)
  }

  func place(of offset: Int) -> (line: Int, column: Int) {
    var line = line
    var column = 1
    for index in 0..<min(offset, rowEnd - rowStart) {
      let byte = buffer[rowStart + index]
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    return (line, column)
  }
}
