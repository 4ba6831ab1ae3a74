import Bytes

/// Puts payloads together again from their streams, one after the other, without allocating. Every
/// access is checked against the count of its stream. One owner; the columns must not change.
final class PayloadAssembler {
  /// A stream and how far it is used up.
  private struct Cursor {
    var numbers: UnsafeMutablePointer<Int64>
    var starts: UnsafeMutablePointer<UInt32>
    var lengths: UnsafeMutablePointer<UInt32>
    var bytes: UnsafeMutablePointer<UInt8>
    var next = 0
    var count: Int
  }

  /// Keeps the memory behind the cursors.
  private let columns: PayloadColumns
  private let cursors: UnsafeMutablePointer<Cursor>
  private let streamCount: Int
  private let nodes: UnsafeMutablePointer<ColumnPlan.Node>
  private let nodeCount: Int
  private let children: UnsafeMutablePointer<Int>
  /// Of a flat plan; none otherwise.
  private let steps: UnsafeMutablePointer<FlatPlan.Step>
  private let stepCount: Int
  private let bound: Int

  init(_ columns: PayloadColumns) {
    self.columns = columns
    let plan = columns.plan
    streamCount = plan.streams.count
    cursors = .allocate(capacity: max(streamCount, 1))
    for stream in 0..<streamCount {
      let spans = columns.spans[stream]
      (cursors + stream).initialize(
        to: Cursor(
          numbers: columns.numbers[stream].base, starts: spans.starts, lengths: spans.lengths,
          bytes: spans.bytes, count: columns.count(of: stream)))
    }
    nodeCount = plan.nodes.count
    nodes = .allocate(capacity: nodeCount)
    nodes.initialize(from: plan.nodes, count: nodeCount)
    children = .allocate(capacity: max(plan.children.count, 1))
    children.initialize(from: plan.children, count: plan.children.count)
    let flat = plan.flat
    stepCount = flat?.steps.count ?? 0
    bound = flat?.bound ?? 0
    steps = .allocate(capacity: max(stepCount, 1))
    if let flat { steps.initialize(from: flat.steps, count: stepCount) }
  }

  deinit {
    cursors.deallocate()
    nodes.deallocate()
    children.deallocate()
    steps.deallocate()
  }

  /// Appends the Avro body of the next payload.
  func next(into writer: inout ByteWriter) throws(DecodingError) {
    if stepCount == 0 { return try put(columns.plan.root, into: &writer) }
    writer.reserve(bound + nextTexts)
    var failure: DecodingError?
    writer.extend { start in
      var cursor = RawCursor(at: start)
      do throws(DecodingError) {
        for step in 0..<stepCount { try put(steps[step], to: &cursor) }
      } catch {
        failure = error
      }
      return cursor.at
    }
    if let failure { throw failure }
  }

  /// Bytes of the next entries of all streams of strings: no event has more.
  private var nextTexts: Int {
    var sum = 0
    for step in 0..<stepCount {
      switch steps[step].kind {
      case .string, .bytes, .fixed:
        let cursor = cursors + steps[step].stream
        let next = cursor.pointee.next
        if next < cursor.pointee.count { sum &+= Int(cursor.pointee.lengths[next]) }
      default: break
      }
    }
    return sum
  }

  @inline(__always) private func put(
    _ step: FlatPlan.Step, to cursor: inout RawCursor
  ) throws(DecodingError) {
    if step.branches >= 0 {
      let branch = try number(step.branches)
      if branch & 1 != branch { throw .malformed("branch \(branch) of 2", at: 0) }
      cursor.signed(branch)
      if branch != step.branch { return }
    }
    switch step.kind {
    case .boolean: cursor.byte(try number(step.stream) == 0 ? 0 : 1)
    case .int, .long, .enumeration: cursor.signed(try number(step.stream))
    case .float: cursor.word32(UInt32(truncatingIfNeeded: try number(step.stream)))
    case .double: cursor.word(UInt64(bitPattern: try number(step.stream)))
    case .bytes, .string, .fixed:
      let text = try span(step.stream)
      if step.kind != .fixed {
        cursor.signed(Int64(text.count))
      } else if text.count != step.size {
        throw .malformed("a fixed of \(text.count) bytes", at: 0)
      }
      if let start = text.baseAddress {
        cursor.append(start.assumingMemoryBound(to: UInt8.self), text.count)
      }
    case .null, .record, .array, .map, .union:
      throw .malformed("a step that is none", at: 0)
    }
  }

  /// Throws unless all streams are used up.
  func finish() throws(DecodingError) {
    for stream in 0..<streamCount where cursors[stream].next != cursors[stream].count {
      throw .malformed("more values than events in stream \(stream)", at: 0)
    }
  }

  @inline(__always) private func number(_ stream: Int) throws(DecodingError) -> Int64 {
    let next = cursors[stream].next
    if next >= cursors[stream].count { throw .malformed("fewer values than events", at: 0) }
    cursors[stream].next = next &+ 1
    return cursors[stream].numbers[next]
  }

  @inline(__always) private func span(
    _ stream: Int
  ) throws(DecodingError) -> UnsafeRawBufferPointer {
    let next = cursors[stream].next
    if next >= cursors[stream].count { throw .malformed("fewer texts than events", at: 0) }
    cursors[stream].next = next &+ 1
    return UnsafeRawBufferPointer(
      start: cursors[stream].bytes + Int(cursors[stream].starts[next]),
      count: Int(cursors[stream].lengths[next]))
  }

  private func put(_ index: Int, into writer: inout ByteWriter) throws(DecodingError) {
    let node = nodes[index]
    switch node.kind {
    case .null: break
    case .boolean: writer.byte(try number(node.stream) == 0 ? 0 : 1)
    case .int, .long, .enumeration: writer.signed(try number(node.stream))
    case .float: writer.word32(UInt32(truncatingIfNeeded: try number(node.stream)))
    case .double: writer.word(UInt64(bitPattern: try number(node.stream)))
    case .bytes, .string:
      let text = try span(node.stream)
      writer.signed(Int64(text.count))
      writer.append(text)
    case .fixed:
      let bytes = try span(node.stream)
      if bytes.count != node.size { throw .malformed("a fixed of \(bytes.count) bytes", at: 0) }
      writer.append(bytes)
    case .union:
      let branch = try number(node.stream)
      if branch < 0 || branch >= Int64(node.count) {
        throw .malformed("branch \(branch) of \(node.count)", at: 0)
      }
      writer.signed(branch)
      try put(children[node.first &+ Int(branch)], into: &writer)
    case .record:
      for child in node.first..<node.first &+ node.count {
        try put(children[child], into: &writer)
      }
    case .array, .map: try putItems(node, into: &writer)
    }
  }

  private func putItems(
    _ node: ColumnPlan.Node, into writer: inout ByteWriter
  ) throws(DecodingError) {
    let count = try number(node.stream)
    if count < 0 || count > Int64(IntegerColumn.largest) {
      throw .malformed("\(count) items", at: 0)
    }
    writer.signed(count)
    for _ in 0..<count {
      for child in node.first..<node.first &+ node.count {
        try put(children[child], into: &writer)
      }
    }
    if count > 0 { writer.signed(0) }
  }
}
