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
  }

  deinit {
    cursors.deallocate()
    nodes.deallocate()
    children.deallocate()
  }

  /// Appends the Avro body of the next payload.
  func next(into writer: inout ByteWriter) throws(DecodingError) {
    try put(columns.plan.root, into: &writer)
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
