import Bytes

/// Unpacks the body of a block.
struct BlockDecoder {
  private let coder: ColumnCoder
  private var columns: [(role: UInt64, start: Int, size: Int)] = []

  init(_ coder: ColumnCoder) { self.coder = coder }

  /// `expected` is what the index says of the block.
  mutating func decode(
    _ body: UnsafeRawBufferPointer, expected: BlockSummary, ids: [UInt32], plans: [ColumnPlan?],
    wanted: TraceColumns
  ) throws(DecodingError) -> TraceBlock {
    var reader = ByteReader(body)
    let summary = try BlockSummary(reading: &reader)
    if summary != expected { throw .malformed("a block that its index tells otherwise", at: 0) }
    try readTable(&reader)
    let block = TraceBlock(summary: summary, ids: ids, plans: plans)
    let n = summary.count
    try integers(.sequence, n, body, into: block.sequences)
    try integers(.eventTime, n, body, into: block.eventTimes)
    try arrivals(of: block, body)
    // Values may be told by the keys.
    let context = ColumnContext(
      sequences: block.sequences, eventTimes: block.eventTimes, states: block.states)
    if wanted.contains(.keys) || wanted.contains(.values) {
      let present = n - summary.withoutKey
      let flags = try flags(.keyPresence, n, body)
      if present > 0 { try spans(.key, present, body, into: block.keys) }
      block.keyPresence = try Presence(flags, count: n, present: max(present, 0))
      if present > 0 && coder.spans.hasDictionary {
        context.keys.set(
          coder.spans.dictionary.indices, different: coder.spans.differentCount, presence: flags,
          count: n)
      }
    }
    if wanted.contains(.values) { try values(of: block, body, context) }
    if wanted.contains(.capture) { try capture(of: block, body) }
    return block
  }

  private mutating func readTable(_ reader: inout ByteReader) throws(DecodingError) {
    columns = []
    var last: UInt64 = 0
    for _ in 0..<(try reader.length(of: 2)) {
      let at = reader.position
      let role = try reader.varint()
      let size = try reader.length()
      if role <= last { throw .malformed("columns out of order", at: at) }
      if role < TraceFormat.firstStreamRole && TraceFormat.Role(rawValue: role) == nil {
        throw .malformed("a column of role \(role)", at: at)
      }
      last = role
      columns.append((role, reader.position, size))
      _ = try reader.take(size)
    }
    if !reader.isAtEnd { throw .malformed("bytes after the columns", at: reader.position) }
  }

  private func column(
    _ role: UInt64, _ body: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer? {
    guard let found = columns.first(where: { $0.role == role }) else { return nil }
    return UnsafeRawBufferPointer(rebasing: body[found.start..<found.start + found.size])
  }

  private func need(
    _ role: TraceFormat.Role, _ body: UnsafeRawBufferPointer
  ) throws(DecodingError) -> UnsafeRawBufferPointer {
    guard let found = column(role.rawValue, body) else {
      throw .malformed("a block without its column \(role)", at: 0)
    }
    return found
  }

  private func integers(
    _ role: TraceFormat.Role, _ n: Int, _ body: UnsafeRawBufferPointer,
    into buffer: IntegerBuffer
  ) throws(DecodingError) {
    var reader = ByteReader(try need(role, body))
    try coder.integers.decode(n, from: &reader, into: buffer)
    if !reader.isAtEnd { throw .malformed("bytes after the column \(role)", at: 0) }
  }

  private func spans(
    _ role: TraceFormat.Role, _ n: Int, _ body: UnsafeRawBufferPointer, into buffer: SpanBuffer
  ) throws(DecodingError) {
    var reader = ByteReader(try need(role, body))
    try coder.spans.decode(n, from: &reader, into: buffer, nil)
    if !reader.isAtEnd { throw .malformed("bytes after the column \(role)", at: 0) }
  }

  /// Empty when the column is not there.
  private func flags(
    _ role: TraceFormat.Role, _ n: Int, _ body: UnsafeRawBufferPointer
  ) throws(DecodingError) -> IntegerBuffer {
    let buffer = IntegerBuffer()
    if column(role.rawValue, body) != nil { try integers(role, n, body, into: buffer) }
    for index in 0..<buffer.count where buffer[index] & 1 != buffer[index] {
      throw .malformed("a flag of \(buffer[index])", at: 0)
    }
    return buffer
  }

  private func ones(_ flags: IntegerBuffer, else all: Int) -> Int {
    if flags.count == 0 { return all }
    var n = 0
    for index in 0..<flags.count { n += Int(flags[index]) }
    return n
  }

  private func arrivals(
    of block: TraceBlock, _ body: UnsafeRawBufferPointer
  ) throws(DecodingError) {
    let n = block.count
    let flags = try flags(.arrivalPresence, n, body)
    let present = ones(flags, else: n)
    if column(TraceFormat.Role.arrival.rawValue, body) != nil {
      try integers(.arrival, present, body, into: block.arrivals)
    } else if column(TraceFormat.Role.arrivalDelay.rawValue, body) != nil {
      try integers(.arrivalDelay, present, body, into: block.arrivals)
      var place = 0
      for index in 0..<n where flags.count == 0 || flags[index] != 0 {
        block.arrivals.base[place] &+= block.eventTimes[index]
        place += 1
      }
    } else if flags.count > 0 {
      throw .malformed("a block without its arrival times", at: 0)
    } else {
      return
    }
    block.arrivalPresence = try Presence(flags, count: n, present: present)
  }

  private func values(
    of block: TraceBlock, _ body: UnsafeRawBufferPointer, _ context: ColumnContext
  ) throws(DecodingError) {
    try integers(.payloadState, block.count, body, into: block.states)
    var raw = 0
    for index in 0..<block.count where block.states[index] == TraceFormat.rawPayload { raw += 1 }
    if raw > 0 { try spans(.rawPayload, raw, body, into: block.raw) }
    var role = TraceFormat.firstStreamRole
    for (schema, columns) in block.payloads.enumerated() {
      guard let columns else { continue }
      for (stream, kind) in columns.plan.streams.enumerated() {
        defer { role += 1 }
        guard let bytes = column(role, body) else { continue }
        var reader = ByteReader(bytes)
        let n = try reader.varint()
        let tag = reader.isAtEnd ? 0 : bytes[reader.position]
        if n == 0 || n > UInt64(IntegerColumn.largest) {
          throw .malformed("a column of \(n) values", at: 0)
        }
        context.enter(columns, schema: schema, stream: stream)
        let target = columns.numbers[stream]
        switch kind {
        case .integers: try numbers(tag, Int(n), from: &reader, into: target, of: block, context)
        case .doubles: try coder.floats.decode(Int(n), from: &reader, into: target, context)
        case .spans:
          try coder.spans.decode(
            Int(n), from: &reader, into: columns.spans[stream], context, keys: block.keys)
        }
        if !reader.isAtEnd { throw .malformed("bytes after the column \(role)", at: 0) }
      }
    }
    if let last = columns.last, last.role >= role && last.role >= TraceFormat.firstStreamRole {
      throw .malformed("a column of role \(last.role)", at: 0)
    }
  }

  private func numbers(
    _ tag: UInt8, _ n: Int, from reader: inout ByteReader, into buffer: IntegerBuffer,
    of block: TraceBlock, _ context: ColumnContext
  ) throws(DecodingError) {
    if !RepeatedColumn.isTag(tag) {
      return try coder.numbers.decode(n, from: &reader, into: buffer, context)
    }
    _ = try reader.byte()
    try RepeatedColumn.decode(
      tag, n, sequences: block.sequences, eventTimes: block.eventTimes, into: buffer)
  }

  private func capture(
    of block: TraceBlock, _ body: UnsafeRawBufferPointer
  ) throws(DecodingError) {
    if column(TraceFormat.Role.partition.rawValue, body) == nil { return }
    let n = block.count
    let capture = block.capture
    try integers(.partition, n, body, into: capture.partitions)
    try integers(.offset, n, body, into: capture.offsets)
    if column(TraceFormat.Role.brokerTime.rawValue, body) != nil {
      let flags = try flags(.brokerTimePresence, n, body)
      for index in 0..<flags.count { capture.brokerTimePresence.append(flags[index]) }
      try integers(.brokerTime, ones(flags, else: n), body, into: capture.brokerTimes)
    }
    if column(TraceFormat.Role.headerCount.rawValue, body) == nil { return }
    try integers(.headerCount, n, body, into: capture.headerCounts)
    var headers = 0
    for index in 0..<n {
      let count = capture.headerCounts[index]
      if count < 0 || count > Int64(IntegerColumn.largest - headers) {
        throw .malformed("\(count) headers", at: 0)
      }
      headers += Int(count)
    }
    if headers == 0 { throw .malformed("columns of headers without headers", at: 0) }
    try spans(.headerName, headers, body, into: capture.headerNames)
    if column(TraceFormat.Role.headerValue.rawValue, body) != nil {
      let flags = try flags(.headerValuePresence, headers, body)
      for index in 0..<flags.count { capture.headerValuePresence.append(flags[index]) }
      try spans(.headerValue, ones(flags, else: headers), body, into: capture.headerValues)
    }
  }
}
