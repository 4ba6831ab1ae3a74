import Bytes
import CShim
import Draws
import Model
import Testing
import Traces

/// A folder for the files of one test, named by the process and a number.
func temporaryPath(_ name: String) -> String {
  "/tmp/weir-traces-\(shim_monotonic_ns())-\(name)"
}

func readFile(_ path: String) -> [UInt8] {
  let file = shim_open_file(path)
  if file < 0 { return [] }
  defer { shim_close(file) }
  let size = Int(shim_file_size(file))
  return [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
    filled = max(0, shim_read_at(file, buffer.baseAddress, size, 0))
  }
}

func writeFile(_ path: String, _ bytes: [UInt8]) {
  let file = shim_create_file(path, 0)
  _ = shim_write_all(file, bytes, bytes.count)
  shim_close(file)
}

func exists(_ path: String) -> Bool {
  let file = shim_open_file(path)
  if file >= 0 { shim_close(file) }
  return file >= 0
}

func remove(_ path: String) { _ = shim_remove(path) }

/// An event as a test thinks of it.
struct TestEvent: Hashable {
  var source: UInt32 = 0
  var sequence: UInt64
  var eventTime: Int64
  var arrival: Int64?
  var key: [UInt8]?
  var value: [UInt8]?
  var capture: TraceCapture?
}

let testSchema = """
  {"type":"record","name":"sample","fields":[
    {"name":"source","type":"int"},{"name":"sequence","type":"long"},
    {"name":"event_time","type":{"type":"long","logicalType":"timestamp-millis"}},
    {"name":"amount","type":"long"},{"name":"level","type":"double"},
    {"name":"ratio","type":"float"},{"name":"flag","type":"boolean"},
    {"name":"name","type":"string"},{"name":"blob","type":"bytes"},
    {"name":"kind","type":{"type":"enum","name":"kinds","symbols":["a","b","c"]}},
    {"name":"tag","type":{"type":"fixed","name":"tags","size":3}},
    {"name":"maybe","type":["null","long"]}]}
  """

/// Random events of one source under `testSchema`; some without key, some that do not decode, some
/// without value.
func randomEvents(_ count: Int, source: UInt32, seed: UInt64, captured: Bool) -> [TestEvent] {
  var draws = TestDraws(seed ^ UInt64(source) &* 77)
  var time: Int64 = 1_767_225_600_000_000_000
  return (0..<count).map { index in
    time += Int64(draws.below(5)) * 250_000_000 - 100_000_000
    var event = TestEvent(source: source, sequence: UInt64(index), eventTime: time)
    if draws.below(4) > 0 { event.arrival = time + Int64(draws.below(3_000_000)) }
    if draws.below(5) > 0 { event.key = Array("card-\(draws.below(20))".utf8) }
    var writer = ByteWriter()
    writer.byte(0)
    writer.word32(UInt32(7).byteSwapped)
    writer.signed(Int64(source))
    writer.signed(Int64(index))
    writer.signed(time / 1_000_000)
    writer.signed(Int64(draws.below(100_000)) - 500)
    writer.word((Double(draws.below(10_000)) / (draws.below(9) == 0 ? 3 : 100)).bitPattern)
    writer.word32(Float(draws.below(100)).bitPattern)
    writer.byte(UInt8(draws.below(2)))
    let name = Array("näme \(draws.below(6))".utf8)
    writer.signed(Int64(name.count))
    writer.append(name)
    let blob = (0..<draws.below(4)).map { _ in UInt8(draws.below(256)) }
    writer.signed(Int64(blob.count))
    writer.append(blob)
    writer.signed(Int64(draws.below(3)))
    writer.append([1, 2, UInt8(draws.below(3))])
    if draws.below(2) == 0 {
      writer.signed(0)
    } else {
      writer.signed(1)
      writer.signed(Int64(bitPattern: draws.word()))
    }
    event.value = writer.array()
    switch draws.below(20) {
    case 0: event.value = nil
    case 1: event.value?.removeLast()
    case 2: event.value = [9, 9, 9]
    default: break
    }
    if captured {
      event.capture = TraceCapture(
        partition: Int32(source), offset: Int64(index) * 2,
        brokerTime: draws.below(2) == 0 ? nil : time + 5,
        headers: (0..<draws.below(3)).map {
          TraceHeader(name: "h\($0)", value: draws.below(3) == 0 ? nil : [UInt8($0)])
        })
    }
    return event
  }
}

/// Seeded numbers for tests (SplitMix64).
struct TestDraws {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func word() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var x = state
    x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
    return x ^ (x >> 31)
  }

  mutating func below(_ n: Int) -> Int { Int(word() % UInt64(n)) }
}

func append(_ event: TestEvent, to writer: TraceWriter, stream: Int) throws {
  try (event.key ?? []).withUnsafeBytes { key in
    try (event.value ?? []).withUnsafeBytes { value in
      try writer.append(
        stream: stream, source: event.source, sequence: event.sequence,
        eventTime: event.eventTime, arrival: event.arrival, key: event.key == nil ? nil : key,
        value: event.value == nil ? nil : value, capture: event.capture)
    }
  }
}

/// Writes events in the order given; returns the path.
func writeTrace(
  _ events: [TestEvent], _ name: String, options: TraceWriter.Options = .init(),
  schema: TraceSchema = TraceSchema(id: 7, json: testSchema)
) throws -> String {
  let path = temporaryPath(name)
  let writer = try TraceWriter(path: path, origin: "a test", options: options)
  let stream = writer.addStream(
    TraceStream(name: "samples", schemas: [schema]))
  for event in events { try append(event, to: writer, stream: stream) }
  _ = try writer.finish()
  return path
}

/// All events of a trace, lane by lane.
func readEvents(_ reader: TraceReader) throws -> [TestEvent] {
  var events: [TestEvent] = []
  for lane in reader.lanes {
    for index in lane.blocks {
      let block = try reader.block(index)
      let values = TraceValues(block)
      for place in 0..<block.count {
        var writer = ByteWriter()
        let isThere = try values.appendNext(to: &writer)
        events.append(
          TestEvent(
            source: lane.source, sequence: block.sequence(at: place),
            eventTime: block.eventTime(at: place), arrival: block.arrival(at: place),
            key: block.key(at: place).map { [UInt8]($0) }, value: isThere ? writer.array() : nil,
            capture: block.capture(at: place)))
      }
      try values.finish()
    }
  }
  return events
}
