import Testing
import Traces

@Suite struct TraceDamageTests {
  /// A small file with several blocks, and its events.
  private func small() throws -> (bytes: [UInt8], events: [TestEvent]) {
    let events = randomEvents(12, source: 0, seed: 11, captured: true)
    let path = try writeTrace(events, "small", options: .init(blockEvents: 5))
    defer { remove(path) }
    return (readFile(path), events)
  }

  @Test func `every flipped bit is found and located`() throws {
    let events = (0..<6).map { (n: Int) -> TestEvent in
      let value: [UInt8] = [0, 0, 0, 0, 3, 0, UInt8(n * 2), UInt8(n * 3), 1]
      return TestEvent(
        sequence: UInt64(n), eventTime: Int64(n * n), key: [UInt8(n)], value: value)
    }
    let schema = """
      {"type":"record","name":"r","fields":[{"name":"source","type":"int"},
      {"name":"sequence","type":"long"},{"name":"a","type":"int"},{"name":"b","type":"boolean"}]}
      """
    let path = try writeTrace(
      events, "flip", options: .init(blockEvents: 3), schema: TraceSchema(id: 3, json: schema))
    let bytes = readFile(path)
    #expect(try TraceReader(path: path).blocks.allSatisfy { $0.summary.undecodable == 0 })
    defer { remove(path) }
    var damaged = bytes
    for bit in 0..<bytes.count * 8 {
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      writeFile(path, damaged)
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      let found = try verifyTrace(path)
      guard let found else {
        Issue.record("bit \(bit) was flipped and not found")
        continue
      }
      let place = UInt64(bit / 8)
      #expect(
        found.places.contains { $0.bytes.map { $0.contains(place) } ?? false },
        "bit \(bit): \(found.text)")
    }
  }

  @Test func `every truncation is found, and what lies before is read`() throws {
    let (bytes, events) = try small()
    let path = temporaryPath("cut")
    defer { remove(path) }
    var longest = 0
    for length in 0..<bytes.count {
      writeFile(path, Array(bytes[..<length]))
      #expect(try verifyTrace(path) != nil, "cut at \(length)")
      #expect(throws: TraceError.self) { try TraceReader(path: path) }
      if length < 8 { continue }
      let reader = try TraceReader(path: path, recovering: true)
      #expect(reader.loss != nil)
      let kept = try readEvents(reader)
      #expect(kept == Array(events.prefix(kept.count)))
      #expect(kept.count >= longest)
      longest = kept.count
    }
    #expect(longest == events.count)
    writeFile(path, bytes)
    #expect(try verifyTrace(path) == nil)
  }

  @Test func `a damaged block does not take the others with it`() throws {
    var (bytes, events) = try small()
    let path = temporaryPath("block")
    defer { remove(path) }
    writeFile(path, bytes)
    let entry = try TraceReader(path: path).blocks[1]
    bytes[Int(entry.offset) + 100] ^= 4
    writeFile(path, bytes)
    let damage = try #require(try verifyTrace(path))
    #expect(damage.damagedBlocks == 1 && damage.blocks == 3)
    #expect(damage.wholeEvents == 7 && damage.events == 12)
    #expect(damage.places[0].block == 1)
    #expect(damage.places[0].bytes == entry.offset..<entry.offset + entry.size)
    let reader = try TraceReader(path: path)
    #expect(try reader.block(0).count == 5)
    #expect(throws: TraceError.self) { try reader.block(1) }
    events.removeFirst(10)
    #expect(try reader.block(2).sequence(at: 0) == events[0].sequence)
  }

  @Test func `random bytes never crash the reader`() throws {
    let (bytes, _) = try small()
    let path = temporaryPath("random")
    defer { remove(path) }
    var draws = TestDraws(21)
    for round in 0..<300 {
      var garbage = bytes
      if round % 2 == 0 {
        garbage = Array(bytes[..<8]) + (0..<draws.below(400)).map { _ in UInt8(draws.below(256)) }
      } else {
        for _ in 0..<draws.below(20) + 1 {
          garbage[draws.below(garbage.count)] = UInt8(draws.below(256))
        }
      }
      writeFile(path, garbage)
      _ = try verifyTrace(path)
      do {
        _ = try readEvents(try TraceReader(path: path, recovering: true))
      } catch {
        #expect(error is TraceError)
      }
    }
  }

  @Test func `what is no trace says so`() throws {
    let path = temporaryPath("other")
    defer { remove(path) }
    writeFile(path, Array("event_time,amount\n".utf8))
    let error = #expect(throws: TraceError.self) { try TraceReader(path: path) }
    #expect(error?.reason == .notATrace)
    let missing = #expect(throws: TraceError.self) { try TraceReader(path: path + ".none") }
    #expect(missing?.reason == .file)
  }
}
