import Bytes
import Testing
import Traces

@Suite struct TraceFormatTests {
  @Test(arguments: [1, 2, 3] as [UInt64], [1, 7, 4096])
  func `what was written is read back, event by event`(seed: UInt64, blockEvents: Int) throws {
    let lanes = (0..<3).map {
      randomEvents(60 + Int($0), source: UInt32($0), seed: seed, captured: seed == 2)
    }
    var mixed: [TestEvent] = []
    for index in 0..<62 { mixed += lanes.compactMap { index < $0.count ? $0[index] : nil } }
    let path = try writeTrace(
      mixed, "round-\(seed)-\(blockEvents)", options: .init(blockEvents: blockEvents))
    defer { remove(path) }
    let reader = try TraceReader(path: path)
    #expect(try readEvents(reader) == Array(lanes.joined()))
    #expect(reader.eventCount == UInt64(mixed.count))
    #expect(reader.description.origin == "a test")
  }

  @Test func `equal events give equal bytes`() throws {
    let events = randomEvents(200, source: 4, seed: 5, captured: false)
    let a = try writeTrace(events, "same-a")
    let b = try writeTrace(events, "same-b")
    defer {
      remove(a)
      remove(b)
    }
    #expect(readFile(a) == readFile(b))
    #expect(!readFile(a).isEmpty)
  }

  @Test func `values that do not decode are kept as they are and counted`() throws {
    let events = randomEvents(300, source: 0, seed: 9, captured: false)
    let path = try writeTrace(events, "undecodable")
    defer { remove(path) }
    let reader = try TraceReader(path: path)
    let damaged = reader.blocks.reduce(0) { $0 + $1.summary.undecodable }
    #expect(damaged > 0 && damaged < 100)
    #expect(try readEvents(reader) == events)
  }

  @Test func `extreme numbers survive every encoding`() throws {
    var draws = TestDraws(3)
    let extremes: [Int64] = [.min, .max, 0, -1, 1, .min + 1, .max - 1]
    var events: [TestEvent] = []
    for index in 0..<100 {
      let time = index % 3 == 0 ? Int64(bitPattern: draws.word()) : extremes[draws.below(7)]
      events.append(
        TestEvent(
          sequence: UInt64(index) * 1_000_003, eventTime: time,
          arrival: extremes[draws.below(7)], key: index % 2 == 0 ? [] : [UInt8(index)],
          value: []))
    }
    let path = try writeTrace(events, "extreme", options: .init(blockEvents: 9))
    defer { remove(path) }
    #expect(try readEvents(try TraceReader(path: path)) == events)
  }

  @Test func `a sequence that does not rise is refused`() throws {
    let path = temporaryPath("refused")
    let writer = try TraceWriter(path: path)
    let stream = writer.addStream(TraceStream(name: "s", schemas: []))
    let event = TestEvent(sequence: 5, eventTime: 0)
    try append(event, to: writer, stream: stream)
    #expect(throws: TraceError.self) { try append(event, to: writer, stream: stream) }
    try append(TestEvent(sequence: 6, eventTime: 0), to: writer, stream: stream)
    writer.discard()
    #expect(!exists(path) && !exists(path + ".partial"))
  }

  @Test func `no file has the final name before it is whole`() throws {
    let path = temporaryPath("partial")
    do {
      let writer = try TraceWriter(path: path)
      let stream = writer.addStream(TraceStream(name: "s", schemas: []))
      try append(TestEvent(sequence: 0, eventTime: 0), to: writer, stream: stream)
      #expect(!exists(path) && exists(path + ".partial"))
    }
    #expect(!exists(path) && !exists(path + ".partial"))
    #expect(throws: TraceError.self) { try TraceWriter(path: "/nowhere/at/all/x.trace") }
  }

  @Test func `an empty trace is whole`() throws {
    let path = try writeTrace([], "empty")
    defer { remove(path) }
    let reader = try TraceReader(path: path)
    #expect(reader.eventCount == 0 && reader.description.streams.count == 1)
  }

  @Test func `a trace can be gone on with, whole or cut`() throws {
    let events = randomEvents(40, source: 0, seed: 51, captured: false)
    let other = randomEvents(10, source: 2, seed: 51, captured: false)
    let path = try writeTrace(Array(events[..<20]), "grow", options: .init(blockEvents: 8))
    defer { remove(path) }
    let before = readFile(path)
    for cut in [before.count, before.count - 30] {
      writeFile(path, Array(before[..<cut]))
      let writer = try TraceWriter(appendingTo: path, options: .init(blockEvents: 8))
      #expect(writer.streams.map(\.name) == ["samples"])
      #expect(throws: TraceError.self) { try append(events[3], to: writer, stream: 0) }
      for event in events[20...] { try append(event, to: writer, stream: 0) }
      let late = writer.addStream(
        TraceStream(name: "late", schemas: [TraceSchema(id: 7, json: testSchema)]))
      for event in other { try append(event, to: writer, stream: late) }
      _ = try writer.finish()
      #expect(try verifyTrace(path) == nil)
      let reader = try TraceReader(path: path)
      #expect(try readEvents(reader) == events + other)
      #expect(reader.description.streams.map(\.name) == ["samples", "late"])
    }
    writeFile(path, before)
    do {
      let writer = try TraceWriter(appendingTo: path, options: .init(blockEvents: 2))
      for event in events[20..<30] { try append(event, to: writer, stream: 0) }
    }
    #expect(readFile(path) == before)
  }
}
