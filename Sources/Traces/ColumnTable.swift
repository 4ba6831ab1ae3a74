import Bytes

/// Columns of a block as they are written, each behind its role and length.
struct ColumnTable: ~Copyable {
  var writer = ByteWriter(capacity: 1 << 16)
  private(set) var count = 0
  private var column = ByteWriter(capacity: 1 << 14)

  private mutating func close(_ role: UInt64) {
    writer.varint(role)
    writer.varint(UInt64(column.count))
    writer.append(column.bytes)
    column.removeAll()
    count += 1
  }

  /// Left out when there are no numbers.
  mutating func integers(
    _ role: TraceFormat.Role, _ buffer: IntegerBuffer, _ coder: ColumnCoder
  ) {
    if buffer.count == 0 { return }
    coder.integers.encode(buffer.base, buffer.count, into: &column)
    close(role.rawValue)
  }

  /// Left out when all or none are present: then the values themselves tell.
  mutating func presence(
    _ role: TraceFormat.Role, _ buffer: IntegerBuffer, present: Int, _ coder: ColumnCoder
  ) {
    if present == 0 || present == buffer.count { return }
    integers(role, buffer, coder)
  }

  mutating func spans(
    _ role: TraceFormat.Role, _ buffer: SpanBuffer, _ forms: ColumnForms,
    _ coder: ColumnCoder
  ) {
    if buffer.count == 0 { return }
    let form = coder.spans.encode(buffer, forms.spans[role.rawValue], nil, into: &column)
    forms.spans[role.rawValue] = form
    close(role.rawValue)
  }

  /// The value streams of one schema, each with the number of its values before it.
  mutating func payload(
    _ columns: PayloadColumns, _ place: ColumnPlace, _ context: ColumnContext,
    _ forms: ColumnForms, _ coder: ColumnCoder
  ) {
    for (index, kind) in columns.plan.streams.enumerated() {
      let n = columns.count(of: index)
      if n == 0 { continue }
      context.enter(columns, schema: place.schema, stream: index)
      column.varint(UInt64(n))
      let numbers = columns.numbers[index]
      let role = place.firstRole + UInt64(index)
      switch kind {
      case .integers:
        let tag = RepeatedColumn.tag(
          numbers, sequences: place.sequences, eventTimes: place.eventTimes)
        if let tag {
          column.byte(tag)
        } else {
          let form = forms.numbers[role] ?? coder.numbers.choose(numbers.base, n, context)
          coder.numbers.encode(numbers.base, n, form, context, into: &column)
          forms.numbers[role] = form
        }
      case .doubles:
        forms.numbers[role] = coder.floats.encode(
          numbers.base, n, forms.numbers[role], context, into: &column)
      case .spans:
        forms.spans[role] = coder.spans.encode(
          columns.spans[index], forms.spans[role], context, keys: place.keys, into: &column)
      }
      close(role)
    }
  }
}

/// The forms in which the columns of a stream are written, by role. They are found by trying, for
/// the first block and then now and again; all lanes of a stream share them. One owner.
final class ColumnForms {
  var numbers: [UInt64: NumberForm] = [:]
  var spans: [UInt64: SpanForm] = [:]
  private var blocks = 0

  /// A block is about to be written.
  func begin() {
    // The first block may be a small one, so a later one is tried too.
    if blocks == 0 || blocks == 8 || blocks % 64 == 0 {
      numbers.removeAll(keepingCapacity: true)
      spans.removeAll(keepingCapacity: true)
    }
    blocks += 1
  }
}

/// Where the value streams of a schema stand.
struct ColumnPlace {
  var schema: Int
  var firstRole: UInt64
  var sequences: IntegerBuffer
  var eventTimes: IntegerBuffer
  var keys: SpanBuffer
}
