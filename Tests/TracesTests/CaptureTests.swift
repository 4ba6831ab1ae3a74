import Bytes
import Foundation
import Model
import Schemas
import Testing
import Traces

/// Records of a topic on their way into a trace: what is kept, what is masked, and that no file has
/// a byte of what is not to be there.
@Suite struct CaptureTests {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "weir-capture-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private var path: String { folder.appendingPathComponent("t.trace").path }

  static let schema = """
    {"type":"record","name":"P","fields":[{"name":"card","type":"string"},
    {"name":"token","type":"bytes"},{"name":"amount","type":"long"},
    {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}]}
    """

  /// Bytes that no packing makes shorter, so that a file that has them shows them as they are.
  private func secret(_ number: Int) -> [UInt8] {
    var state = UInt64(number) &* 0x9e37_79b9_7f4a_7c15 &+ 12345
    return (0..<24).map { place in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      // Never a zero in front, as framing has it.
      return UInt8(truncatingIfNeeded: state >> 33) | (place == 0 ? 0x80 : 0)
    }
  }

  private func value(_ number: Int, id: UInt32 = 7) -> [UInt8] {
    var out = ByteWriter()
    out.byte(0)
    out.word32(id.byteSwapped)
    out.signed(4)
    out.append(Array("c\(100 + number % 7)".utf8))
    out.signed(24)
    out.append(secret(number))
    out.signed(Int64(number))
    out.signed(1_000 + Int64(number))
    return out.array()
  }

  private func settings(
    allowed: [String] = [], pseudonyms: [String] = [], time: String? = nil,
    decoding: CaptureDecoding? = nil, key: String = "a key of many bytes"
  ) throws -> CaptureSettings {
    var settings = CaptureSettings(
      stream: "payments",
      decoding: decoding ?? .avro([CaptureSchema(id: nil, json: Self.schema)]))
    settings.rules = try MaskRules(allowed: allowed, pseudonyms: pseudonyms)
    settings.key = PseudonymKey(Array(key.utf8))
    settings.timeField = time
    return settings
  }

  private func append(
    _ writer: CaptureWriter, _ numbers: Range<Int>, value: ((Int) -> [UInt8])? = nil
  ) throws {
    for number in numbers {
      let bytes = (value ?? { self.value($0) })(number)
      let key = secret(number + 1_000_000)
      let headers = [
        TraceHeader(name: "trace", value: secret(number + 2_000_000)),
        TraceHeader(name: "kind", value: nil),
      ]
      try bytes.withUnsafeBytes { bytes in
        try key.withUnsafeBytes { key in
          try writer.append(
            CapturedRecord(
              partition: Int32(number % 3), offset: Int64(number / 3) * 2,
              time: 5_000_000_000 + Int64(number), key: key, value: bytes, headers: headers))
        }
      }
    }
  }

  private func lines(_ path: String? = nil) throws -> [String] {
    var lines: [String] = []
    try traceLines(path ?? self.path) {
      lines.append($0)
      return true
    }
    return lines
  }

  /// Every byte of every file below the folder, under whatever name.
  private func bytesOnDisk() throws -> [UInt8] {
    var all: [UInt8] = []
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() {
      all += try Data(contentsOf: folder.appendingPathComponent(name))
    }
    return all
  }

  private func shows(_ secrets: some Sequence<[UInt8]>) throws -> Int {
    let disk = Data(try bytesOnDisk())
    return secrets.filter { disk.range(of: Data($0)) != nil }.count
  }

  private func remove() throws { try FileManager.default.removeItem(at: folder) }

  @Test func `a capture keeps place, headers, times and values`() throws {
    defer { do { try remove() } catch { Issue.record("\(error)") } }
    let writer = try CaptureWriter(path: path, settings: try settings(time: "at"))
    try append(writer, 0..<30)
    try append(writer, 30..<33) { _ in [9, 9] }
    let written = try writer.finish()
    #expect(written.events == 33 && writer.counts.undecodable == 3)
    let all = try lines()
    #expect(all[0].hasPrefix(#"{"source":0,"sequence":0,"stream":"payments","key":{"bytes":""#))
    let first = all[0]
    for part in [
      #""event_time":"1970-01-01T00:00:01Z""#, #""arrival_time":"1970-01-01T00:00:05Z""#,
      #""partition":0,"offset":0"#, #""broker_time":"1970-01-01T00:00:05Z""#, #"["kind",null]"#,
      #""card":"c100""#,
    ] { #expect(first.contains(part), "\(part) in \(first)") }
    #expect(all.filter { $0.contains(#""value":{"bytes":"0909"}"#) }.count == 3)
    #expect(try verifyTrace(path) == nil)
    let info = try traceInfo(path)
    #expect(info.streams[0].sources == 3 && info.streams[0].undecodable == 3)
    #expect(info.origin == "recorded from topic payments; whole")
  }

  @Test(arguments: [1, 50])
  func `no file has a byte of what is masked, at any time`(blockEvents: Int) throws {
    defer { do { try remove() } catch { Issue.record("\(error)") } }
    let numbers = 0..<120
    let secrets = numbers.flatMap { number in
      [secret(number), secret(number + 1_000_000), secret(number + 2_000_000)]
    }
    let options = TraceWriter.Options(blockEvents: blockEvents)
    let whole = try CaptureWriter(path: path, settings: try settings(), options: options)
    try append(whole, numbers)
    _ = try whole.finish()
    #expect(try shows(secrets) > secrets.count * 9 / 10, "else the search proves nothing")
    try FileManager.default.removeItem(atPath: path)
    let masked = try CaptureWriter(
      path: path, settings: try settings(allowed: ["amount"], pseudonyms: ["card", ":key"]),
      options: options)
    for part in 0..<4 {
      try append(masked, part * 30..<part * 30 + 30) { $0 % 10 == 9 ? secret($0) : value($0) }
      #expect(try shows(secrets) == 0)
    }
    _ = try masked.finish()
    #expect(try shows(secrets) == 0)
    #expect(try bytesOnDisk().count > 100 && masked.counts.undecodable == 12)
    let all = try lines()
    #expect(all.count == 120 && all.filter { $0.hasSuffix(#""value":null}"#) }.count == 12)
    #expect(!all.contains { $0.contains("headers") || $0.contains("token") })
    #expect(!all.contains { $0.contains("c100") })
    let cards = Set(all.map(card)).subtracting([""])
    #expect(cards.count == 7, "seven cards have seven pseudonyms")
    #expect(masked.counts.keptFields == 1 && masked.counts.pseudonymFields == 1)
    #expect(masked.counts.droppedFields == 2)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)).range(of: Data("many".utf8)) == nil)
  }

  private func card(_ line: String) -> Substring {
    guard let range = line.firstRange(of: #""card":"#) else { return "" }
    return line[range.upperBound...].prefix(34)
  }

  @Test func `a recording goes on where it ended, also where it was killed`() throws {
    defer { do { try remove() } catch { Issue.record("\(error)") } }
    let options = TraceWriter.Options(blockEvents: 10)
    let mask = try settings(allowed: ["amount"], pseudonyms: ["card"])
    let first = try CaptureWriter(path: path, settings: mask, options: options)
    try append(first, 0..<95)
    _ = try first.finish()
    let second = try CaptureWriter(
      path: path, settings: mask, resuming: true, options: options)
    #expect(second.nextOffsets == [0: 63, 1: 63, 2: 61])
    try append(second, 60..<150)
    _ = try second.finish()
    let all = try lines()
    #expect(all.count == 150 && Set(all).count == 150)
    #expect(all.allSatisfy { $0.contains(#""card":"#) })
    // What a killed recorder leaves behind: whole blocks, then part of one, no index.
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    try bytes.prefix(bytes.count * 2 / 3).write(to: URL(fileURLWithPath: path))
    let third = try CaptureWriter(
      path: path, settings: mask, resuming: true, options: options)
    try append(third, 0..<150)
    _ = try third.finish()
    #expect(try lines() == all)
    #expect(try verifyTrace(path) == nil)
  }

  @Test func `settings of another recording are refused`() throws {
    defer { do { try remove() } catch { Issue.record("\(error)") } }
    let first = try CaptureWriter(
      path: path, settings: try settings(allowed: ["amount"], pseudonyms: ["card"]))
    try append(first, 0..<9)
    _ = try first.finish()
    let before = try bytesOnDisk()
    for other in [
      try settings(allowed: ["amount", "token"], pseudonyms: ["card"]), try settings(),
      try settings(allowed: ["amount"], pseudonyms: ["card"], key: "another key, long too"),
    ] {
      let error = #expect(throws: TraceError.self) {
        try CaptureWriter(path: path, settings: other, resuming: true)
      }
      #expect(error?.message.contains("other settings") == true)
    }
    #expect(try bytesOnDisk() == before)
    #expect(throws: TraceError.self) {
      try CaptureWriter(path: path + "2", settings: try settings(allowed: ["amuont"]))
    }
    #expect(throws: TraceError.self) {
      try CaptureWriter(
        path: path + "2", settings: try settings(allowed: ["card"], decoding: .raw))
    }
    for names in [["", "a"], ["a", "a"], [":keys"], [":header."]] {
      #expect(throws: (any Error).self) { try MaskRules(allowed: names, pseudonyms: []) }
    }
  }

  @Test func `values of two schemas fall into columns of their own`() throws {
    defer { do { try remove() } catch { Issue.record("\(error)") } }
    let schemas = [
      CaptureSchema(id: 7, json: Self.schema),
      CaptureSchema(
        id: 8, json: #"{"type":"record","name":"Q","fields":[{"name":"n","type":"long"}]}"#),
    ]
    let writer = try CaptureWriter(path: path, settings: try settings(decoding: .avro(schemas)))
    try append(writer, 0..<10)
    try append(writer, 10..<20) { [0, 0, 0, 0, 8, UInt8($0)] }
    try append(writer, 20..<22) { [0, 0, 0, 0, 9, UInt8($0)] }
    _ = try writer.finish()
    let info = try traceInfo(path)
    #expect(info.streams[0].schemas.map(\.id) == [7, 8] && info.streams[0].undecodable == 2)
    #expect(try lines().filter { $0.contains(#""value":{"n":"#) }.count == 10)
  }

  @Test func `JSON keeps its text, or what is named of it`() throws {
    defer { do { try remove() } catch { Issue.record("\(error)") } }
    let text = { (number: Int) in Array(#"{"card": "c\#(number)", "amount": 5}"#.utf8) }
    let whole = try CaptureWriter(path: path, settings: try settings(decoding: .json))
    try append(whole, 0..<6, value: text)
    _ = try whole.finish()
    let info = try traceInfo(path)
    #expect(whole.counts.undecodable == 0 && info.wireBytes > 6 * 27)
    let masked = try CaptureWriter(
      path: path + "2", settings: try settings(allowed: ["amount"], decoding: .json))
    try append(masked, 0..<6, value: text)
    _ = try masked.finish()
    let hexadecimal = Array(#"{"amount":5}"#.utf8).map { String($0, radix: 16) }.joined()
    #expect(try lines(path + "2").allSatisfy { $0.contains(hexadecimal) })
  }
}
