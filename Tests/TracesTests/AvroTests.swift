import Model
import Testing
import Traces

@Suite struct AvroTests {
  /// Written by fastavro 1.13 with the codec deflate: five records with a union, a record, an enum
  /// and a list of maps.
  private let deflated: [UInt8] = {
    let digits = Array(
      """
      4f626a0104146176726f2e636f6465630e6465666c617465166176726f2e736368656d61a4077b2274797065\
      223a20227265636f7264222c20226e616d65223a202272222c20226e616d657370616365223a20226e222c20\
      226669656c6473223a205b7b226e616d65223a20226174222c202274797065223a207b2274797065223a2022\
      6c6f6e67222c20226c6f676963616c54797065223a202274696d657374616d702d6d696c6c6973227d7d2c20\
      7b226e616d65223a202277686f222c202274797065223a205b226e756c6c222c2022737472696e67225d7d2c\
      207b226e616d65223a2022696e222c202274797065223a207b2274797065223a20227265636f7264222c2022\
      6e616d65223a2022696e6e6572222c20226669656c6473223a205b7b226e616d65223a202278222c20227479\
      7065223a2022646f75626c65227d2c207b226e616d65223a20226b222c202274797065223a207b2274797065\
      223a2022656e756d222c20226e616d65223a202265222c202273796d626f6c73223a205b2241222c20224222\
      5d7d7d5d7d7d2c207b226e616d65223a20226d6f7265222c202274797065223a207b2274797065223a202261\
      72726179222c20226974656d73223a207b2274797065223a20226d6170222c202276616c756573223a205b22\
      6e756c6c222c2022696e6e6572225d7d7d7d5d7d00000102030405060708090a0b0c0d0e0f0a9001e3624080\
      5bfc4c5ce54a86875742b817ec99985898121998929820021fec81c42a7990222398a207f60c2c188a3075fd\
      d283daf1c29e89e1941dc808139811400558ec0100bb8617000102030405060708090a0b0c0d0e0f
      """.utf8)
    return stride(from: 0, to: digits.count, by: 2).map { place in
      UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16) ?? 0
    }
  }()

  private let mapping = """
    stream: things
    time: {column: at, format: epoch-ms}
    key: who
    fields:
      x: {column: in.x, type: double}
      kind: {column: in.k, type: enum, symbols: [A, B]}
    """

  private func load(
    _ bytes: [UInt8], _ mapping: String? = nil, maximumBad: Ratio? = nil
  ) throws -> (summary: ImportSummary, lines: [String], bad: String) {
    let path = temporaryPath("rows.avro")
    let out = temporaryPath("rows.trace")
    defer {
      remove(path)
      remove(out)
      remove(out + ".bad")
    }
    writeFile(path, bytes)
    let summary = try importFile(
      path: path, mapping: Array((mapping ?? self.mapping).utf8), mappingFile: "map.yaml",
      out: out, badPath: out + ".bad", maximumBad: maximumBad)
    #expect(try verifyTrace(out) == nil)
    var lines: [String] = []
    try traceLines(out) { line in
      lines.append(line)
      return true
    }
    return (summary, lines, String(decoding: readFile(out + ".bad"), as: UTF8.self))
  }

  @Test func `a deflated container of nested records becomes a trace`() throws {
    let (summary, lines, _) = try load(deflated)
    #expect(summary.rows == 5 && summary.events == 5 && summary.bad == 0)
    #expect(
      lines.suffix(2) == [
        #"{"source":0,"sequence":3,"stream":"things","key":null,"#
          + #""event_time":"1970-01-01T00:00:03.005Z","value":{"x":0.75,"kind":"B"}}"#,
        #"{"source":0,"sequence":4,"stream":"things","key":"w\"4é","#
          + #""event_time":"1970-01-01T00:00:04.005Z","value":{"x":1,"kind":"A"}}"#,
      ])
  }

  @Test func `a record that does not fit is told by its number and kept as JSON`() throws {
    let wanting = mapping + "\n  name: {column: who, type: string}"
    let (summary, _, bad) = try load(deflated, wanting, maximumBad: .one)
    #expect(summary.events == 3 && summary.bad == 2)
    #expect(summary.problems.map(\.line) == [1, 4])
    #expect(summary.problems[0].message == "who has no value")
    let kept = bad.split(separator: "\n")
    #expect(
      kept.first == #"{"at":5,"who":null,"in":{"x":0.0,"k":"A"},"more":[]}"# && kept.count == 2)
  }

  @Test func `every cut and many changed bytes are refused, never worse`() throws {
    // A header with no block behind it is a file of no records.
    let header = 521
    for count in stride(from: 0, to: deflated.count, by: 2) where count != header {
      #expect(throws: ImportError.self, "cut at \(count)") { try load(Array(deflated[..<count])) }
    }
    var draws = TestDraws(3)
    var refused = 0
    for _ in 0..<150 {
      var bytes = deflated
      bytes[draws.below(bytes.count)] ^= UInt8(1 + draws.below(255))
      do {
        _ = try load(bytes, maximumBad: .one)
      } catch {
        refused += 1
      }
    }
    #expect(refused > 50)
  }

  private let back = """
    stream: samples
    time: {column: event_time, format: epoch-ns}
    arrival: {column: arrival_time, format: epoch-ns}
    key: key
    fields:
      amount: {column: value.amount, type: long, optional: true}
      level: {column: value.level, type: double, optional: true}
      name: {column: value.name, type: string, optional: true}
      kind: {column: value.kind, type: enum, symbols: [a, b, c], optional: true}
      maybe: {column: value.maybe, type: long, optional: true}
    """

  @Test func `an exported container is imported to equal values`() throws {
    let events = randomEvents(9_000, source: 0, seed: 8, captured: false)
    let path = try writeTrace(events, "samples.trace")
    let out = temporaryPath("samples.avro")
    defer {
      remove(path)
      remove(out)
    }
    #expect(try exportTrace(path, to: .file(out), format: .avro) == 9_000)
    let (summary, lines, _) = try load(readFile(out), back)
    #expect(summary.events == 9_000 && summary.bad == 0)
    var number = 0
    for (line, event) in zip(lines, events) {
      #expect(line.contains("\"sequence\":\(number),"))
      let key = event.key.map { "\"key\":\"\(String(decoding: $0, as: UTF8.self))\"" }
      #expect(line.contains(key ?? "\"key\":null"))
      number += 1
    }
  }

  @Test(
    .enabled(
      if: python != nil,
      "no Python with fastavro, pyarrow and backports.zstd; name one in WEIR_PYTHON"))
  func `fastavro reads what is exported, and what it writes is imported`() throws {
    let python = try #require(python)
    let events = randomEvents(3_000, source: 2, seed: 4, captured: false)
    let path = try writeTrace(events, "peer.trace")
    let out = temporaryPath("peer.avro")
    defer {
      remove(path)
      remove(out)
    }
    _ = try exportTrace(path, to: .file(out), format: .avro)
    let read = """
      import sys, fastavro
      for r in fastavro.reader(open(sys.argv[1], "rb")):
          v = r["value"]
          if isinstance(v, bytes):
              v = v.hex()
          elif v is not None:
              v = "%d %s" % (v["amount"], v["name"])
          print(r["source"], r["sequence"], r["key"].decode() if r["key"] is not None else None, v)
      """
    let printed = try #require(runPython(python, read, [out])).split(separator: "\n")
    #expect(printed.count == 3_000)
    for (line, event) in zip(printed, events) {
      let key = event.key.map { String(decoding: $0, as: UTF8.self) } ?? "None"
      #expect(line.hasPrefix("2 \(event.sequence) \(key) "))
      if event.value == nil { #expect(line.hasSuffix(" None")) }
      if event.value == [9, 9, 9] { #expect(line.hasSuffix(" 090909")) }
    }
    let write = """
      import sys, fastavro
      rows = list(fastavro.reader(open(sys.argv[1], "rb")))
      schema = fastavro.reader(open(sys.argv[1], "rb")).writer_schema
      fastavro.writer(open(sys.argv[1], "wb"), schema, rows, codec=sys.argv[2], sync_interval=9000)
      """
    let (_, lines, _) = try load(readFile(out), back)
    for codec in ["null", "deflate", "zstandard"] {
      _ = try #require(runPython(python, write, [out, codec]))
      let (summary, again, _) = try load(readFile(out), back)
      #expect(summary.events == 3_000 && again == lines, "\(codec)")
    }
  }
}
