import Bytes

/// The payloads of a block, fallen into streams. Filled payload by payload when a trace is
/// written, stream by stream when it is read. One owner.
final class PayloadColumns {
  let plan: ColumnPlan
  /// One of each per stream; a stream uses the one of its kind.
  let numbers: [IntegerBuffer]
  let spans: [SpanBuffer]
  private let marks: UnsafeMutablePointer<Int>
  /// Of a flat plan; none otherwise.
  private let steps: UnsafeMutablePointer<FlatPlan.Step>
  private let stepCount: Int
  /// The buffers again, without counting references.
  private let numberPlaces: UnsafeMutablePointer<Unmanaged<IntegerBuffer>>
  private let spanPlaces: UnsafeMutablePointer<Unmanaged<SpanBuffer>>

  init(_ plan: ColumnPlan) {
    self.plan = plan
    numbers = plan.streams.map { _ in IntegerBuffer() }
    spans = plan.streams.map { _ in SpanBuffer() }
    marks = .allocate(capacity: max(plan.streams.count, 1))
    marks.initialize(repeating: 0, count: max(plan.streams.count, 1))
    stepCount = plan.flat?.steps.count ?? 0
    steps = .allocate(capacity: max(stepCount, 1))
    if let flat = plan.flat { steps.initialize(from: flat.steps, count: stepCount) }
    numberPlaces = .allocate(capacity: max(numbers.count, 1))
    spanPlaces = .allocate(capacity: max(spans.count, 1))
    for stream in 0..<numbers.count {
      (numberPlaces + stream).initialize(to: Unmanaged.passUnretained(numbers[stream]))
      (spanPlaces + stream).initialize(to: Unmanaged.passUnretained(spans[stream]))
    }
  }

  deinit {
    marks.deallocate()
    steps.deallocate()
    numberPlaces.deallocate()
    spanPlaces.deallocate()
  }

  func removeAll() {
    for buffer in numbers { buffer.count = 0 }
    for buffer in spans { buffer.removeAll() }
  }

  func count(of stream: Int) -> Int {
    plan.streams[stream] == .spans ? spans[stream].count : numbers[stream].count
  }

  /// Takes one Avro body apart. False, and nothing kept, when it does not decode under the schema
  /// or is not written in the one canonical way, so that putting it together again would give
  /// other bytes.
  func shred(_ bytes: UnsafeRawBufferPointer) -> Bool {
    for stream in 0..<numbers.count {
      // A stream has only one of the two.
      marks[stream] =
        numberPlaces[stream]._withUnsafeGuaranteedRef { $0.count }
        &+ spanPlaces[stream]._withUnsafeGuaranteedRef { $0.count }
    }
    var reader = ByteReader(bytes)
    do throws(DecodingError) {
      if stepCount == 0 {
        try take(plan.root, from: &reader)
      } else {
        for step in 0..<stepCount { try take(steps[step], from: &reader) }
      }
      if reader.isAtEnd { return true }
    } catch {
      // Rolled back below, as with bytes left over.
    }
    for stream in 0..<plan.streams.count {
      if plan.streams[stream] == .spans {
        spans[stream].truncate(marks[stream])
      } else {
        numbers[stream].count = marks[stream]
      }
    }
    return false
  }

  @inline(__always) private func add(_ value: Int64, to stream: Int) {
    numberPlaces[stream]._withUnsafeGuaranteedRef { $0.append(value) }
  }

  private func take(
    _ step: FlatPlan.Step, from reader: inout ByteReader
  ) throws(DecodingError) {
    if step.branches >= 0 {
      let branch = try canonical(&reader)
      if branch & 1 != branch { throw .malformed("choice \(branch) of 2", at: reader.position) }
      add(branch, to: step.branches)
      if branch != step.branch { return }
    }
    switch step.kind {
    case .boolean:
      let value = try reader.byte()
      if value > 1 { throw .malformed("a boolean of \(value)", at: reader.position) }
      add(Int64(value), to: step.stream)
    case .int:
      let value = try canonical(&reader)
      if Int64(Int32(truncatingIfNeeded: value)) != value {
        throw .malformed("an int of \(value)", at: reader.position)
      }
      add(value, to: step.stream)
    case .long: add(try canonical(&reader), to: step.stream)
    case .float: add(Int64(try reader.word32()), to: step.stream)
    case .double: add(Int64(bitPattern: try reader.word()), to: step.stream)
    case .enumeration:
      let value = try canonical(&reader)
      if value < 0 || value >= Int64(step.size) {
        throw .malformed("choice \(value) of \(step.size)", at: reader.position)
      }
      add(value, to: step.stream)
    case .bytes, .string, .fixed:
      let text = try reader.take(step.kind == .fixed ? step.size : try length(&reader))
      if step.kind == .string && !isText(text) {
        throw .malformed("text that is not UTF-8", at: reader.position)
      }
      spanPlaces[step.stream]._withUnsafeGuaranteedRef { $0.append(text) }
    case .null, .record, .array, .map, .union:
      throw .malformed("a step that is none", at: reader.position)
    }
  }

  private func take(_ index: Int, from reader: inout ByteReader) throws(DecodingError) {
    let node = plan.nodes[index]
    switch node.kind {
    case .null: break
    case .boolean:
      let value = try reader.byte()
      if value > 1 { throw .malformed("a boolean of \(value)", at: reader.position) }
      numbers[node.stream].append(Int64(value))
    case .int:
      let value = try canonical(&reader)
      if Int64(Int32(truncatingIfNeeded: value)) != value {
        throw .malformed("an int of \(value)", at: reader.position)
      }
      numbers[node.stream].append(value)
    case .long: numbers[node.stream].append(try canonical(&reader))
    case .float: numbers[node.stream].append(Int64(try reader.word32()))
    case .double: numbers[node.stream].append(Int64(bitPattern: try reader.word()))
    case .bytes: spans[node.stream].append(try reader.take(try length(&reader)))
    case .string:
      let text = try reader.take(try length(&reader))
      if !isText(text) { throw .malformed("text that is not UTF-8", at: reader.position) }
      spans[node.stream].append(text)
    case .enumeration, .union:
      let value = try canonical(&reader)
      if value < 0 || value >= Int64(node.size) {
        throw .malformed("choice \(value) of \(node.size)", at: reader.position)
      }
      numbers[node.stream].append(value)
      if node.kind == .union {
        try take(plan.children[node.first + Int(value)], from: &reader)
      }
    case .fixed: spans[node.stream].append(try reader.take(node.size))
    case .record:
      for child in node.first..<node.first + node.count {
        try take(plan.children[child], from: &reader)
      }
    case .array, .map: try takeItems(node, from: &reader)
    }
  }

  private func takeItems(
    _ node: ColumnPlan.Node, from reader: inout ByteReader
  ) throws(DecodingError) {
    let count = try canonical(&reader)
    if count < 0 || count > Int64(reader.remaining) {
      throw .malformed("\(count) items", at: reader.position)
    }
    numbers[node.stream].append(count)
    for _ in 0..<count {
      for child in node.first..<node.first + node.count {
        try take(plan.children[child], from: &reader)
      }
    }
    if count > 0, try canonical(&reader) != 0 {
      throw .malformed("items in several runs", at: reader.position)
    }
  }

  private func length(_ reader: inout ByteReader) throws(DecodingError) -> Int {
    let value = try canonical(&reader)
    if value < 0 || value > Int64(reader.remaining) { throw .truncated(at: reader.position) }
    return Int(value)
  }

  /// A zigzag varint without needless bytes.
  private func canonical(_ reader: inout ByteReader) throws(DecodingError) -> Int64 {
    let at = reader.position
    let value = try reader.varint()
    if reader.position - at > 1 && value >> UInt64(7 * (reader.position - at - 1)) == 0 {
      throw .malformed("a number with needless bytes", at: at)
    }
    return unzigzag(value)
  }
}

/// Whether bytes are UTF-8; quick for ASCII.
func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
  var at = 0
  while at &+ 8 <= bytes.count,
    bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
  {
    at &+= 8
  }
  while at < bytes.count && bytes[at] < 0x80 { at &+= 1 }
  return at == bytes.count || String(validating: bytes, as: UTF8.self) != nil
}
