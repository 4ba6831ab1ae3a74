import Bytes

/// Partition, offset, broker time and headers of captured records, in columns. Empty, and then not
/// written, as long as no event of the block has any of it.
final class CaptureColumns {
  let partitions = IntegerBuffer()
  let offsets = IntegerBuffer()
  let brokerTimePresence = IntegerBuffer()
  let brokerTimes = IntegerBuffer()
  let headerCounts = IntegerBuffer()
  let headerNames = SpanBuffer()
  let headerValuePresence = IntegerBuffer()
  let headerValues = SpanBuffer()

  /// `before` events of the block came earlier.
  func append(_ capture: TraceCapture?, before: Int) {
    if partitions.count == 0 {
      guard capture != nil else { return }
      for _ in 0..<before { add(TraceCapture(partition: -1, offset: -1, brokerTime: nil)) }
    }
    add(capture ?? TraceCapture(partition: -1, offset: -1, brokerTime: nil))
  }

  private func add(_ capture: TraceCapture) {
    partitions.append(Int64(capture.partition))
    offsets.append(capture.offset)
    brokerTimePresence.append(capture.brokerTime == nil ? 0 : 1)
    if let time = capture.brokerTime { brokerTimes.append(time) }
    headerCounts.append(Int64(capture.headers.count))
    for header in capture.headers {
      var name = header.name
      name.withUTF8 { headerNames.append(UnsafeRawBufferPointer($0)) }
      headerValuePresence.append(header.value == nil ? 0 : 1)
      header.value?.withUnsafeBytes { headerValues.append($0) }
    }
  }

  func removeAll() {
    for buffer in [
      partitions, offsets, brokerTimePresence, brokerTimes, headerCounts, headerValuePresence,
    ] { buffer.count = 0 }
    headerNames.removeAll()
    headerValues.removeAll()
  }

  func encode(
    into table: inout ColumnTable, _ forms: ColumnForms, _ coder: ColumnCoder
  ) {
    table.integers(.partition, partitions, coder)
    table.integers(.offset, offsets, coder)
    table.presence(.brokerTimePresence, brokerTimePresence, present: brokerTimes.count, coder)
    table.integers(.brokerTime, brokerTimes, coder)
    if headerNames.count == 0 { return }
    table.integers(.headerCount, headerCounts, coder)
    table.spans(.headerName, headerNames, forms, coder)
    table.presence(
      .headerValuePresence, headerValuePresence, present: headerValues.count, coder)
    table.spans(.headerValue, headerValues, forms, coder)
  }
}
