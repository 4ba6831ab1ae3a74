/// A value of a row: where its text lies, and how that is to be read.
struct Cell {
  enum Form: UInt8 {
    /// The text as it stands.
    case plain
    /// CSV: two quotes stand for one.
    case doubledQuotes
    /// JSON: with escapes, which have been found to be good.
    case escapes
    /// There is no value.
    case absent
    /// An object or a list where a value is wanted.
    case nested
  }

  /// From the first byte of the row, quotes not included.
  var start: Int
  var end: Int
  var form: Form
}

/// The cells of the row at hand. One owner; its memory is used again for every row.
final class CellRow {
  /// The first byte of the row.
  final var base: UnsafePointer<UInt8>
  private(set) final var count = 0
  private final var cells: UnsafeMutablePointer<Cell>
  private final var capacity = 64

  init() {
    cells = .allocate(capacity: capacity)
    base = UnsafePointer(UnsafeRawPointer(cells).assumingMemoryBound(to: UInt8.self))
  }

  deinit { cells.deallocate() }

  @inline(__always) final subscript(index: Int) -> Cell {
    get { cells[index] }
    set { cells[index] = newValue }
  }

  @inline(__always) final func bytes(_ index: Int) -> UnsafeRawBufferPointer {
    let cell = cells[index]
    return UnsafeRawBufferPointer(start: base + cell.start, count: cell.end &- cell.start)
  }

  @inline(__always) final func append(_ cell: Cell) {
    if count == capacity { grow() }
    cells[count] = cell
    count &+= 1
  }

  final func removeAll() { count = 0 }

  /// So many cells without a value.
  final func reset(to count: Int) {
    self.count = 0
    for _ in 0..<count { append(Cell(start: 0, end: 0, form: .absent)) }
  }

  private func grow() {
    let wider = UnsafeMutablePointer<Cell>.allocate(capacity: capacity * 2)
    wider.update(from: cells, count: count)
    cells.deallocate()
    cells = wider
    capacity *= 2
  }
}

/// Why a row is no row: the same kind for all with the like, a message, and the byte of the row.
struct RowDefect: Error, Hashable {
  var kind: String
  var message: String
  var at: Int
}

/// Gives the rows of a file one by one, each as cells.
protocol RowReader: AnyObject {
  var cells: CellRow { get }
  /// The row at hand as it goes into the side file, without a line end.
  var row: UnsafeRawBufferPointer { get }
  /// The row at hand is bad, and this is where and why.
  var defect: RowDefect? { get }
  /// Goes to the next row; false at the end.
  func advance() throws(TraceError) -> Bool
  /// Line, from 1, and column in characters, from 1, of a byte of the row.
  func place(of offset: Int) -> (line: Int, column: Int)
}

/// Adds the text of a JSON string, between its quotes and found to be good, without its escapes.
func unescape(_ bytes: UnsafeRawBufferPointer, into plain: inout [UInt8]) {
  var at = 0
  while at < bytes.count {
    let byte = bytes[at]
    at += 1
    if byte != UInt8(ascii: "\\") || at >= bytes.count {
      plain.append(byte)
      continue
    }
    let escape = bytes[at]
    at += 1
    switch escape {
    case UInt8(ascii: "b"): plain.append(8)
    case UInt8(ascii: "f"): plain.append(12)
    case UInt8(ascii: "n"): plain.append(10)
    case UInt8(ascii: "r"): plain.append(13)
    case UInt8(ascii: "t"): plain.append(9)
    case UInt8(ascii: "u"):
      var scalar = hexadecimal(bytes, at) ?? 0xFFFD
      at += 4
      if scalar & 0xFC00 == 0xD800 {
        let low = hexadecimal(bytes, at + 2) ?? 0xDC00
        at += 6
        scalar = 0x10000 + (scalar & 0x3FF) << 10 + (low & 0x3FF)
      }
      let text = Unicode.Scalar(scalar) ?? "\u{FFFD}"
      plain.append(contentsOf: String(text).utf8)
    default: plain.append(escape)
    }
  }
}

/// Four hexadecimal digits; nil when there are none.
func hexadecimal(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt32? {
  if at < 0 || at + 4 > bytes.count { return nil }
  var number: UInt32 = 0
  for place in at..<at + 4 {
    let byte = bytes[place]
    switch byte {
    case 0x30...0x39: number = number << 4 | UInt32(byte - 0x30)
    case 0x41...0x46, 0x61...0x66: number = number << 4 | UInt32((byte & 0xDF) - 0x37)
    default: return nil
    }
  }
  return number
}
