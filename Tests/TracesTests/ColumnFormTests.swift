import Bytes
import Testing

@testable import Traces

/// Every form in which a column can be written, each with data that it is made for.
@Suite struct ColumnFormTests {
  private func strings(_ texts: [String]) -> SpanBuffer {
    let buffer = SpanBuffer()
    for text in texts { Array(text.utf8).withUnsafeBytes { buffer.append($0) } }
    return buffer
  }

  private func texts(_ buffer: SpanBuffer) -> [String] {
    (0..<buffer.count).map { String(decoding: buffer[$0], as: UTF8.self) }
  }

  /// The first byte of the column, and what is read back.
  private func roundTrip(_ values: [String]) throws -> (tag: UInt8, back: [String], size: Int) {
    let coder = ColumnCoder(level: 3)
    var writer = ByteWriter()
    _ = coder.spans.encode(strings(values), nil, nil, into: &writer)
    let bytes = writer.array()
    let back = SpanBuffer()
    try decoding(bytes) { view throws(DecodingError) in
      var reader = ByteReader(view)
      try ColumnCoder(level: 3).spans.decode(values.count, from: &reader, into: back, nil)
      if !reader.isAtEnd { throw .malformed("bytes left", at: reader.position) }
    }
    return (bytes[0], texts(back), bytes.count)
  }

  @Test func `strings with numbers are kept as shapes and numbers`() throws {
    var draws = TestDraws(1)
    let lists = (0..<200).map { _ in
      var price = 61_000 + draws.below(500)
      return (0..<draws.below(12)).map { _ in
        price += draws.below(30)
        return "\(price).\(10 + draws.below(90)):0.\(100 + draws.below(900))"
      }.joined(separator: ";")
    }
    let (tag, back, size) = try roundTrip(lists)
    #expect(tag == SpanColumn.tokens && back == lists)
    #expect(size * 2 < lists.reduce(0) { $0 + $1.utf8.count })
    let names = (0..<400).map { _ in "card-\(1000 + draws.below(90))" }
    #expect(try roundTrip(names).tag == SpanColumn.tokenDictionary)
    #expect(try roundTrip(names).back == names)
  }

  @Test func `odd strings survive`() throws {
    let odd = [
      "", "0", "00", "007", "1.", ".5", "0.050", "12345678901234567890123456789", "9999999999",
      "2017-03-16T05:00:07-05:00", "000000000000", "1x2y3", "\u{0}1\u{0}", "ä1ö2",
      "0.0000000000001",
      "10:5", "-", "9223372036854775807", "18446744073709551616", "3|04|5",
    ]
    let many = (0..<30).flatMap { round in odd.map { "\($0)\(round * 7919)" } } + odd
    #expect(try roundTrip(many).back == many)
    #expect(try roundTrip(odd).back == odd)
  }

  private static let kinds: [[Double]] = [
    [1.25, 3.5, -0.01, 100, 7.77], [0.30000000000000004, 2.4159310000000005, 3.945881000000014],
    [.nan, .infinity, -.infinity, -0.0, 1e300, .leastNonzeroMagnitude],
    [0.3333333333333333, 1e15, -1e17],
  ]

  @Test(arguments: kinds)
  func `doubles keep every bit`(some: [Double]) throws {
    let coder = ColumnCoder(level: 3)
    let values = (0..<40).flatMap { round in some.map { $0 + Double(round) } } + some
    let buffer = IntegerBuffer()
    for value in values { buffer.append(Int64(bitPattern: value.bitPattern)) }
    var writer = ByteWriter()
    _ = coder.floats.encode(buffer.base, buffer.count, nil, nil, into: &writer)
    let back = IntegerBuffer()
    try decoding(writer.array()) { view throws(DecodingError) in
      var reader = ByteReader(view)
      try coder.floats.decode(values.count, from: &reader, into: back, nil)
    }
    #expect((0..<values.count).allSatisfy { back[$0] == buffer[$0] })
  }

  @Test func `decimals with rounding errors take less than their bits`() throws {
    let coder = ColumnCoder(level: 3)
    let buffer = IntegerBuffer()
    var draws = TestDraws(5)
    for _ in 0..<500 {
      let value = Double(draws.below(4_000_000)) / 1e6 + 0.1
      buffer.append(Int64(bitPattern: value.bitPattern))
    }
    var writer = ByteWriter()
    _ = coder.floats.encode(buffer.base, buffer.count, nil, nil, into: &writer)
    #expect(writer.array()[0] == FloatColumn.nearDecimal && writer.count < 500 * 4)
  }

  private let schema = """
    {"type":"record","name":"r","fields":[{"name":"source","type":"int"},
    {"name":"sequence","type":"long"},{"name":"who","type":"string"},{"name":"bid","type":"long"},
    {"name":"ask","type":"long"},{"name":"class","type":"long"},
    {"name":"maybe","type":["null","long"]},{"name":"rate","type":["null","double"]}]}
    """

  /// Quotes of many keys, each with a walk of its own.
  private func quotes(_ count: Int, withoutKey: Bool) -> [TestEvent] {
    var draws = TestDraws(9)
    var bids = (0..<20).map { 1_000_000 * Int64($0 + 1) }
    return (0..<count).map { index in
      let who = draws.below(20)
      bids[who] += Int64(draws.below(7)) - 3
      var writer = ByteWriter()
      writer.byte(0)
      writer.word32(UInt32(3).byteSwapped)
      writer.signed(0)
      writer.signed(Int64(index))
      let name = Array("key \(who)".utf8)
      writer.signed(Int64(name.count))
      name.withUnsafeBytes { writer.append($0) }
      writer.signed(bids[who])
      writer.signed(bids[who] + 1 + Int64(draws.below(2)))
      writer.signed([77_777_777, -5, 1 << 40][draws.below(3)])
      writer.signed(Int64(index % 2))
      if index % 2 == 1 { writer.signed(bids[who] * 3) }
      writer.signed(Int64(index % 3 == 0 ? 1 : 0))
      if index % 3 == 0 { writer.word((Double(bids[who]) / 100).bitPattern) }
      let key: [UInt8]? = withoutKey && index % 11 == 0 ? nil : name
      return TestEvent(
        sequence: UInt64(index), eventTime: Int64(index), key: key, value: writer.array())
    }
  }

  @Test(arguments: [false, true])
  func `columns are told by keys and by each other`(withoutKey: Bool) throws {
    let events = quotes(1_200, withoutKey: withoutKey)
    let path = try writeTrace(
      events, "forms", options: .init(blockEvents: 500),
      schema: TraceSchema(id: 3, json: schema))
    defer { remove(path) }
    let reader = try TraceReader(path: path)
    #expect(reader.blocks.allSatisfy { $0.summary.undecodable == 0 })
    #expect(try readEvents(reader) == events)
    #expect(try verifyTrace(path) == nil)
    // Each walk is small by itself: a byte an event for bid, two for the third of it, and little
    // beside. In the order of the events it would be three and more.
    #expect(readFile(path).count < 1_200 * 8)
  }

  @Test func `a reader refuses forms that lead nowhere`() {
    for bytes in [
      [0x61, 9, 0, 0], [0x60, 0, 0], [0x20, 0, 0, 0], [0x20, 9, 0, 0, 0, 0], [0x20, 1, 0, 2, 0, 4],
      [0x61], [0x60], [0x20], [0x61, 0, 0x61, 0, 0, 0], [0x13, 0],
    ] as [[UInt8]] {
      #expect(throws: DecodingError.self, "\(bytes)") {
        try decoding(bytes) { view throws(DecodingError) in
          var reader = ByteReader(view)
          try ColumnCoder(level: 1).numbers.decode(2, from: &reader, into: IntegerBuffer(), nil)
        }
      }
    }
    for bytes in [
      [0x43], [0x42], [0x42, 0x40, 0, 2, 1, 0x30, 0x30, 0, 1], [0x44, 0], [0x44, 3, 0x40],
      [0x42, 0x42, 0], [0x42, 0x40, 0, 2, 1, 0x31, 0x31, 0, 20],
    ] as [[UInt8]] {
      #expect(throws: DecodingError.self, "\(bytes)") {
        try decoding(bytes) { view throws(DecodingError) in
          var reader = ByteReader(view)
          try ColumnCoder(level: 1).spans.decode(2, from: &reader, into: SpanBuffer(), nil)
        }
      }
    }
  }

  /// The checkout, from the place of this file.
  private let golden: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    return parts.joined(separator: "/") + "/Golden/traces"
  }()

  @Test func `a trace of format 1 is still read`() throws {
    let path = golden + "/format-1.trace"
    #expect(try verifyTrace(path) == nil)
    #expect(try TraceReader(path: path).format == 1)
    var lines = ""
    try traceLines(path) { line in
      lines += line + "\n"
      return true
    }
    #expect(Array(lines.utf8) == readFile(golden + "/format-1.jsonl") && !lines.isEmpty)
    #expect(throws: TraceError.self) { try TraceWriter(appendingTo: path) }
    // A later version is refused by its name.
    let later = temporaryPath("later.trace")
    defer { remove(later) }
    var bytes = readFile(path)
    bytes[7] = UInt8(ascii: "3")
    writeFile(later, bytes)
    let error = #expect(throws: TraceError.self) { try TraceReader(path: later) }
    #expect(error?.message.contains("WEIRTRC3") ?? false)
  }
}
