import Bytes
import Model
import Queries
import Scenarios
import Schemas
import Testing
import Traces
import Workloads

@Suite struct TraceSourceTests {
  private func source(
    _ events: [TestEvent], _ options: TraceSource.Options, blockEvents: Int = 4,
    columns: [ColumnSource] = []
  ) throws -> TraceSource {
    let path = try writeTrace(events, "source", options: .init(blockEvents: blockEvents))
    defer { remove(path) }
    return try TraceSource(
      try TraceReader(path: path), stream: nil, columns: columns, options: options)
  }

  private func instants(_ source: TraceSource, lane: Int = 0) -> [Int64] {
    var list: [Int64] = []
    var index = 0
    while let block = source.block(index, of: lane) {
      list += (0..<block.count).map { block.intendedAt[$0] }
      index += 1
    }
    return list
  }

  private func events(at times: [Int64], source: UInt32 = 0) -> [TestEvent] {
    times.enumerated().map { index, time in
      TestEvent(
        source: source, sequence: UInt64(index), eventTime: time / 2,
        arrival: time, value: [])
    }
  }

  @Test(
    arguments: [
      (Ratio(1, 1), [0, 10, 10, 40, 100]), (Ratio(10, 1), [0, 1, 1, 4, 10]),
      (Ratio(3, 1), [0, 3, 3, 13, 33]), (Ratio(1, 10), [0, 100, 100, 400, 1000]),
    ] as [(Ratio, [Int64])])
  func `times are divided by the speed, exactly`(speed: Ratio, expected: [Int64]) throws {
    let source = try source(
      events(at: [1000, 1010, 1005, 1040, 1100]), .init(speed: speed), blockEvents: 2)
    #expect(instants(source) == expected)
    let bounds = (0..<3).map { source.earliestSend(block: $0, of: 0).ns }
    #expect(bounds == [expected[0], expected[2], expected[4]])
    #expect(source.earliestSend(block: 3, of: 0) == .distantFuture)
  }

  @Test func `as fast as possible intends everything at zero`() throws {
    let source = try source(events(at: [5, 6, 700]), .init(speed: nil))
    #expect(instants(source) == [0, 0, 0])
    let block = try #require(source.block(0, of: 0))
    #expect((0..<3).map { block.eventTime[$0] } == [2, 3, 350])
  }

  @Test func `a gap is cut only when no source has anything in it`() throws {
    let lanes =
      events(at: [0, 100, 1000, 1010], source: 0) + events(at: [50, 400, 1005, 5000], source: 2)
    let source = try source(lanes, .init(speed: .one, idleCap: 100))
    // Gaps of both: 100 to 400, 400 to 1000, 1010 to 5000; each is cut to 100.
    #expect(instants(source) == [0, 100, 300, 310])
    #expect(instants(source, lane: 2) == [50, 200, 305, 410])
    #expect(instants(source, lane: 1).isEmpty)
    #expect(source.laneCount == 3)
  }

  @Test func `floors hold for every block and all later ones`() throws {
    let events = randomEvents(120, source: 0, seed: 31, captured: false)
    let source = try source(events, .init(speed: Ratio(7, 3)), blockEvents: 9)
    for index in 0..<14 {
      let floor = source.eventTimeFloor(block: index, of: 0)
      #expect(floor == events[(index * 9)...].map(\.eventTime).min())
      let block = try #require(source.block(index, of: 0))
      #expect(source.earliestSend(block: index, of: 0).ns <= block.intendedAt[0])
      #expect(source.blockIndex(of: UInt64(index * 9 + 2), in: 0) == index)
    }
    #expect(source.eventTimeFloor(block: 14, of: 0) == .max)
    #expect(source.blockIndex(of: 120, in: 0) == 14)
    #expect(source.failure == nil)
  }

  @Test func `columns are digests, identity and fields, null where there is none`() throws {
    let events = randomEvents(80, source: 3, seed: 41, captured: false)
    let columns: [ColumnSource] = [
      .keyDigest, .valueDigest, .source, .sequence, .field("amount"), .field("maybe"),
      .field("kind"),
    ]
    let source = try source(events, .init(), blockEvents: 16, columns: columns)
    for (place, event) in events.enumerated() {
      let block = try #require(source.block(place / 16, of: 3))
      let i = place % 16
      let start = Int(block.start[i])
      let end = Int(block.start[i + 1])
      let bytes = [UInt8](UnsafeBufferPointer(start: block.bytes + start, count: end - start))
      #expect(bytes == (event.key ?? []) + (event.value ?? []))
      #expect(block.digest[i] == digest64(event.value ?? []))
      #expect((block.nulls[i] & 1 == 1) == (event.key == nil))
      if let key = event.key {
        #expect(UInt64(bitPattern: block.columns[0][i]) == digest64(key))
      }
      #expect(block.columns[2][i] == 3 && block.columns[3][i] == Int64(place))
      let fields = event.value.flatMap(readFields)
      #expect((block.nulls[i] & 16 != 0) == (fields == nil))
      #expect(block.columns[4][i] == fields?.amount ?? 0)
      #expect((block.nulls[i] & 32 != 0) == (fields?.maybe == nil))
      #expect(block.columns[5][i] == fields?.maybe ?? 0)
      #expect(block.columns[6][i] == fields?.kind ?? 0)
    }
  }

  /// Some fields of a value of `testSchema`, read the plain way; nil when it does not decode.
  private func readFields(
    _ value: [UInt8]
  ) -> (amount: Int64, kind: Int64, maybe: Int64?)? {
    value.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes)
      do {
        _ = try reader.take(5)
        for _ in 0..<3 { _ = try reader.signed() }
        let amount = try reader.signed()
        _ = try reader.take(13)
        for _ in 0..<2 { _ = try reader.take(Int(try reader.signed())) }
        let kind = try reader.signed()
        _ = try reader.take(3)
        let maybe = try reader.signed() == 0 ? nil : try reader.signed()
        return reader.isAtEnd ? (amount, kind, maybe) : nil
      } catch {
        return nil
      }
    }
  }

  @Test func `a block is cut where sequences are missing`() throws {
    let events = [3, 4, 5, 9, 12, 13, 14, 15, 40].enumerated().map { index, sequence in
      TestEvent(
        sequence: UInt64(sequence), eventTime: Int64(100 - index), arrival: Int64(index * 10),
        value: [UInt8(sequence)])
    }
    let source = try source(events, .init(), blockEvents: 6, columns: [.sequence])
    let blocks = (0..<5).compactMap { source.block($0, of: 0) }
    #expect(blocks.map(\.baseSequence) == [3, 9, 12, 14, 40])
    #expect(blocks.map(\.count) == [3, 1, 2, 2, 1])
    #expect(source.block(5, of: 0) == nil)
    #expect(
      [3, 5, 9, 13, 14, 40, 41].map { source.blockIndex(of: $0, in: 0) } == [0, 0, 1, 2, 3, 4, 5])
    #expect((0..<5).map { source.earliestSend(block: $0, of: 0).ns } == [0, 30, 40, 60, 80])
    #expect((0..<5).allSatisfy { source.eventTimeFloor(block: $0, of: 0) == 92 })
    for block in blocks {
      for i in 0..<block.count {
        #expect(block.bytes[Int(block.start[i])] == UInt8(block.baseSequence) + UInt8(i))
        #expect(block.columns[0][i] == Int64(block.baseSequence) + Int64(i))
      }
    }
  }

  @Test func `what cannot be replayed is refused with a reason`() throws {
    let one = [TestEvent(sequence: 0, eventTime: 0)]
    for column in ["nothing", "name"] {
      #expect(throws: TraceError.self) {
        try source(one, .init(), columns: [.field(column)])
      }
    }
    let wide = self.events(at: [.min, .max])
    #expect(throws: TraceError.self) { try source(wide, .init()) }
  }

  @Test func `a generated workload is the same events again`() throws {
    let kind = try #require(workloadKinds.first { $0.name == "fraud-detection" })
    let workload = try kind.make(
      WorkloadChoice(
        kind: kind.name, parameters: [], query: "alerts", sources: 2,
        start: Timestamp(ns: 1_767_225_600_000_000_000)),
      .constant(Rate(count: 2000, per: .second)), 7)
    let path = temporaryPath("generated.trace")
    defer { remove(path) }
    let summary = try generateTrace(
      from: workload.source, stream: workload.stream,
      schema: TraceSchema(id: workload.schemaID, json: workload.schema), origin: "seed 7",
      until: .events(5000), to: path)
    #expect(summary.events == 5000)
    #expect(try verifyTrace(path) == nil)
    let reader = try TraceReader(path: path)
    #expect(reader.blocks.allSatisfy { $0.summary.undecodable == 0 })
    let again = try TraceSource(
      reader, stream: nil, columns: workload.plan.input.columns, options: .init())
    let shift = try #require(again.block(0, of: 0)).intendedAt[0]
    for lane in 0..<again.laneCount {
      let made = try #require(workload.source.block(0, of: lane))
      let read = try #require(again.block(0, of: lane))
      let base = made.intendedAt[0] - read.intendedAt[0]
      for i in 0..<min(made.count, read.count) {
        #expect(made.digest[i] == read.digest[i] && made.eventTime[i] == read.eventTime[i])
        #expect(made.intendedAt[i] - read.intendedAt[i] == base)
        #expect(made.nulls[i] == read.nulls[i])
        for column in made.columns.indices {
          #expect(made.columns[column][i] == read.columns[column][i])
        }
      }
    }
    #expect(shift >= 0)
  }

  @Test func `an imported file is a workload whose records the engine's reader reads`() throws {
    let path = temporaryPath("run.csv")
    let out = path + ".trace"
    defer {
      remove(path)
      remove(out)
    }
    writeFile(path, Array("t,n\n2026-01-01T00:00:00.250Z,7\n2026-01-01T00:00:02Z,-9\n".utf8))
    _ = try importFile(
      path: path,
      mapping: Array(
        "stream: s\ntime: {column: t, format: iso}\nkey: n\nfields: {n: {type: long}}".utf8),
      mappingFile: "m.yaml", out: out, badPath: out + ".bad")
    func plan(_ field: String) -> Plan {
      Plan(
        name: "p", input: PlanInput(stream: "x", columns: [.field(field), .valueDigest]),
        watermarkDelay: .second, operators: [.input(0)], keyColumns: [0], valueColumns: [1])
    }
    let workload = try traceWorkload(out, plan: plan("n"), options: .init(speed: Ratio(2, 1)))
    #expect(workload.stream == "s" && workload.plan.input.stream == "s")
    let reader = try ColumnReader(
      schema: try AvroSchema.parse(workload.schema), schemaID: workload.schemaID,
      columns: workload.plan.input.columns)
    let block = try #require(workload.source.block(0, of: 0))
    #expect(block.count == 2 && block.intendedAt[1] == 875_000_000)
    for i in 0..<2 {
      let start = Int(block.start[i]) + Int(block.keyLength[i])
      let value = UnsafeRawBufferPointer(
        start: block.bytes + start, count: Int(block.start[i + 1]) - start)
      let key = UnsafeRawBufferPointer(
        start: block.bytes + Int(block.start[i]), count: Int(block.keyLength[i]))
      var nulls: UInt32 = 0
      let slots = UnsafeMutablePointer<Int64>.allocate(capacity: 2)
      defer { slots.deallocate() }
      let header = try reader.read(value, key: key, into: slots, nulls: &nulls)
      #expect(header.eventTime == block.eventTime[i] && header.sequence == UInt64(i))
      #expect(slots[0] == block.columns[0][i] && slots[1] == block.columns[1][i] && nulls == 0)
    }
    #expect(throws: TraceError.self) { try traceWorkload(out, plan: plan("m")) }
    let raw = try writeTrace([TestEvent(sequence: 0, eventTime: 0, value: [1])], "raw")
    defer { remove(raw) }
    #expect(throws: TraceError.self) { try traceWorkload(raw, plan: plan("amount")) }
  }
}
