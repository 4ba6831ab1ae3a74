import Model
import Testing
import Traces

@Suite struct TraceToolTests {
  private func trace(_ count: Int = 90) throws -> (path: String, events: [TestEvent]) {
    let events = randomEvents(count, source: 0, seed: 61, captured: true)
    return (try writeTrace(events, "tool", options: .init(blockEvents: 10)), events)
  }

  @Test func `a slice has the events of its range and no others`() throws {
    let (path, events) = try trace()
    let out = path + ".slice"
    defer {
      remove(path)
      remove(out)
    }
    _ = try sliceTrace(path, to: out, from: .sequence(13), until: .sequence(57))
    #expect(try readEvents(try TraceReader(path: out)) == Array(events[13..<57]))
    let key = try #require(events[20].key)
    let middle = Timestamp(ns: events[40].eventTime)
    _ = try sliceTrace(path, to: out, from: .eventTime(middle), key: key)
    let kept = try readEvents(try TraceReader(path: out))
    #expect(kept == events.filter { $0.eventTime >= middle.ns && $0.key == key })
    #expect(try verifyTrace(out) == nil)
    #expect(throws: TraceError.self) { try sliceTrace(path, to: out, stream: "other") }
  }

  @Test func `a slice keeps what is whole of a damaged trace`() throws {
    let (path, events) = try trace()
    let out = path + ".slice"
    defer {
      remove(path)
      remove(out)
    }
    var bytes = readFile(path)
    let entry = try TraceReader(path: path).blocks[4]
    bytes[Int(entry.offset) + 150] ^= 1
    writeFile(path, bytes)
    #expect(throws: TraceError.self) { try sliceTrace(path, to: out) }
    #expect(!exists(out) && !exists(out + ".partial"))
    _ = try sliceTrace(path, to: out, skippingDamage: true)
    #expect(try readEvents(try TraceReader(path: out)) == Array(events[..<40] + events[50...]))
  }

  @Test func `lines begin at an instant or a sequence, end at a limit, and choose a key`() throws {
    let (path, events) = try trace()
    defer { remove(path) }
    func lines(
      from start: TraceStart = .beginning, limit: UInt64? = nil, key: [UInt8]? = nil
    ) throws -> [String] {
      var lines: [String] = []
      try traceLines(path, from: start, limit: limit, key: key) { line in
        lines.append(line)
        return true
      }
      return lines
    }
    #expect(try lines().count == 90)
    let some = try lines(from: .sequence(33), limit: 2)
    #expect(some.count == 2)
    #expect(some[0].hasPrefix(#"{"source":0,"sequence":33,"stream":"samples","#))
    let time = Timestamp(ns: events[50].eventTime)
    #expect(
      try lines(from: .eventTime(time)).count == events.count { $0.eventTime >= time.ns })
    let key = try #require(events[20].key)
    #expect(try lines(key: key).count == events.count { $0.key == key })
    #expect(throws: TraceError.self) {
      try traceLines(path, stream: "none") { _ in true }
    }
  }

  @Test func `an exported CSV is imported again as the same events`() throws {
    let path = temporaryPath("plain.csv")
    let a = path + ".a"
    let b = path + ".b"
    let out = path + ".out"
    defer { for file in [path, a, b, out] { remove(file) } }
    let rows = """
      when;n;text;x;maybe
      2026-01-01T00:00:00.25Z;-5;"semi; ""quote"" x";1.5;
      2026-01-01T00:00:01Z;7;plain;-0.001;9

      """
    writeFile(path, Array(rows.utf8))
    let fields = """
      fields:
        n: {type: long}
        text: {type: string}
        x: {type: double}
        maybe: {type: int, optional: true}
      """
    _ = try importFile(
      path: path,
      mapping: Array(
        "stream: s\nseparator: \";\"\ntime: {column: when, format: iso}\nkey: n\n\(fields)".utf8),
      mappingFile: "a.yaml", out: a, badPath: a + ".bad")
    #expect(try exportTrace(a, to: .file(out), format: .csv) == 2)
    #expect(
      String(decoding: readFile(out), as: UTF8.self) == """
        stream,source,sequence,event_time,arrival_time,key,n,text,x,maybe
        s,0,0,2026-01-01T00:00:00.25Z,,-5,-5,"semi; ""quote"" x",1.5,
        s,0,1,2026-01-01T00:00:01Z,,7,7,plain,-0.001,9

        """)
    _ = try importFile(
      path: out,
      mapping: Array(
        "stream: s\ntime: {column: event_time, format: iso}\nkey: key\n\(fields)".utf8),
      mappingFile: "b.yaml", out: b, badPath: b + ".bad")
    #expect(try readEvents(try TraceReader(path: b)) == readEvents(try TraceReader(path: a)))
    #expect(try exportTrace(a, to: .file(out), format: .jsonl) == 2)
    #expect(readFile(out).count { $0 == 10 } == 2)
  }

  @Test func `statistics count stamps, order and intervals`() throws {
    let times: [Int64] = [0, 0, 500, 1500, 1200, 61_000]
    let events = times.enumerated().map { index, time in
      TestEvent(
        sequence: UInt64(index), eventTime: time * 1_000_000, arrival: Int64(index), value: [])
    }
    let path = try writeTrace(events, "statistics", options: .init(blockEvents: 2))
    defer { remove(path) }
    let found = try traceStatistics(path)
    #expect(found.events == 6 && found.sameStamp == 1 && found.outOfOrder == 1)
    #expect(found.peakSecond == 3 && found.peakMinute == 5)
    // Counts per minute are 5 and 1: mean 3, variance 4.
    #expect(found.dispersionMinute == 4.0 / 3)
    #expect(found.span == 61_000_000_000)
  }
}
