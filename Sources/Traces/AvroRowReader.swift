import Bytes
import Model

/// The records of an Avro container file as rows. Each becomes the text of a JSON object, which is
/// read as a JSON line: that is what mistakes are shown in and what the side file keeps.
final class AvroRowReader: RowReader {
  /// The text of a record may be so long.
  static let longestRow = 16 << 20

  private let container: AvroContainer
  private let json: JSONRow
  private var block: [UInt8] = []
  private var left = 0
  private var at = 0
  private var number = 0
  private var text: [UInt8] = []
  private var memory: UnsafeMutableRawBufferPointer?

  init(_ stream: ByteStream, path: String, columns: [String]) throws(TraceError) {
    container = try AvroContainer(stream, path: path)
    json = JSONRow(columns: columns)
  }

  deinit { memory?.deallocate() }

  var cells: CellRow { json.cells }
  var defect: RowDefect? { json.defect }
  private(set) var row = UnsafeRawBufferPointer(start: nil, count: 0)

  func advance() throws(TraceError) -> Bool {
    while left == 0 {
      if at < block.count { throw container.refused("bytes after its last record") }
      guard let next = try container.next() else { return false }
      block = next.bytes
      left = next.count
      at = 0
    }
    left -= 1
    number += 1
    text.removeAll(keepingCapacity: true)
    do throws(DecodingError) {
      let start = at
      at += try decoding(block) { all throws(DecodingError) in
        var reader = ByteReader(UnsafeRawBufferPointer(rebasing: all[start...]))
        try write(container.types.root, &reader, 0)
        return reader.position
      }
    } catch {
      throw container.refused("record \(grouped(number)) of the file: \(error.text)")
    }
    keep()
    json.read(row)
    return true
  }

  /// The cells point into the row, so it must stay where it is.
  private func keep() {
    if memory?.count ?? 0 < text.count {
      memory?.deallocate()
      memory = .allocate(byteCount: text.count * 2, alignment: 16)
    }
    memory?.copyBytes(from: text)
    row = UnsafeRawBufferPointer(start: memory?.baseAddress, count: text.count)
  }

  /// Record in the file, from 1, and character in its JSON text, from 1.
  func place(of offset: Int) -> (line: Int, column: Int) {
    (number, 1 + row.prefix(offset).reduce(0) { $0 + ($1 & 0xC0 != 0x80 ? 1 : 0) })
  }

  private func put(_ part: String) { text.append(contentsOf: part.utf8) }

  private func write(
    _ index: Int, _ reader: inout ByteReader, _ depth: Int
  ) throws(DecodingError) {
    if depth > JSONLinesReader.mostDepth || text.count > Self.longestRow {
      throw .malformed("a record too deep or too long", at: reader.position)
    }
    switch container.types.nodes[index] {
    case .null: put("null")
    case .boolean: put(try reader.byte() == 0 ? "false" : "true")
    case .number: put(String(try reader.signed()))
    case .float: put(decimal(Double(Float(bitPattern: try reader.word32()))))
    case .double: put(decimal(Double(bitPattern: try reader.word())))
    case .text: put(bytesText(try reader.take(try length(&reader))))
    case .fixed(let size): put(bytesText(try reader.take(size)))
    case .symbols(let symbols):
      let symbol = try reader.signed()
      if symbol < 0 || symbol >= Int64(symbols.count) {
        throw .malformed("symbol \(symbol) of \(symbols.count)", at: reader.position)
      }
      put(symbols[Int(symbol)])
    case .union(let branches):
      let branch = try reader.signed()
      if branch < 0 || branch >= Int64(branches.count) {
        throw .malformed("branch \(branch) of \(branches.count)", at: reader.position)
      }
      try write(branches[Int(branch)], &reader, depth + 1)
    case .record(let fields):
      put("{")
      for (place, field) in fields.enumerated() {
        put(place == 0 ? field.name : "," + field.name)
        put(":")
        try write(field.type, &reader, depth + 1)
      }
      put("}")
    case .list(let item): try items(item, isMap: false, &reader, depth)
    case .map(let item): try items(item, isMap: true, &reader, depth)
    }
  }

  /// Runs of items; a negative count stands before the bytes that the run takes.
  private func items(
    _ item: Int, isMap: Bool, _ reader: inout ByteReader, _ depth: Int
  ) throws(DecodingError) {
    put(isMap ? "{" : "[")
    var isFirst = true
    while true {
      var count = try reader.signed()
      if count == 0 { break }
      if count < 0 {
        if count == .min { throw .malformed("a run of too many items", at: reader.position) }
        count = -count
        _ = try reader.signed()
      }
      for _ in 0..<count {
        if !isFirst { put(",") }
        isFirst = false
        if isMap {
          let name = try reader.take(try length(&reader))
          put(jsonText(String(decoding: name, as: UTF8.self)))
          put(":")
        }
        try write(item, &reader, depth + 1)
      }
    }
    put(isMap ? "}" : "]")
  }

  private func length(_ reader: inout ByteReader) throws(DecodingError) -> Int {
    let value = try reader.signed()
    if value < 0 || value > Int64(reader.remaining) { throw .truncated(at: reader.position) }
    return Int(value)
  }

  private func decimal(_ value: Double) -> String { value.isFinite ? "\(value)" : "null" }
}
