import Bytes

/// How a column of strings is told.
struct SpanForm: Hashable {
  /// By shapes and numbers.
  var hasTokens = false
  /// Of the indices into the dictionary.
  var indices = NumberForm()
}

/// Columns of byte strings: one after the other or by shapes and numbers, all of them or a
/// dictionary in order of first appearance and an index for each; or the same as the keys. One
/// owner.
final class SpanColumn {
  static let plain: UInt8 = 0x40
  static let dictionary: UInt8 = 0x41
  static let tokens: UInt8 = 0x42
  static let keys: UInt8 = 0x43
  static let tokenDictionary: UInt8 = 0x44
  static let largest = 1 << 28

  private let numbers: NumberColumn
  private let run: SpanRun
  private let shapes: PlainSpanColumn
  private let tokens: TokenColumn
  /// That of the strings that were written or read last, when `hasDictionary`.
  let dictionary = SpanDictionary()
  private(set) var hasDictionary = false
  /// Its different strings.
  private(set) var differentCount = 0
  private var attempt = ByteWriter(capacity: 1 << 14)
  private var other = ByteWriter(capacity: 1 << 14)

  init(_ integers: IntegerColumn, _ numbers: NumberColumn) {
    self.numbers = numbers
    run = SpanRun(integers)
    shapes = PlainSpanColumn(integers)
    tokens = TokenColumn(numbers)
  }

  /// Writes strings; returns the form, to write the next ones alike.
  func encode(
    _ spans: SpanBuffer, _ known: SpanForm?, _ context: ColumnContext?, keys: SpanBuffer? = nil,
    into writer: inout ByteWriter
  ) -> SpanForm {
    var form = known ?? SpanForm()
    hasDictionary = false
    if spans.count == 0 { return form }
    if let keys, areSame(spans, keys) {
      writer.byte(Self.keys)
      return form
    }
    hasDictionary = dictionary.build(spans)
    differentCount = dictionary.entries.count
    let strings = hasDictionary ? dictionary.entries : spans
    let isTried = known == nil || form.hasTokens
    form.hasTokens = isTried && tokensAreShorter(strings)
    if hasDictionary {
      writer.byte(form.hasTokens ? Self.tokenDictionary : Self.dictionary)
      writer.varint(UInt64(strings.count))
    } else {
      writer.byte(form.hasTokens ? Self.tokens : Self.plain)
    }
    if form.hasTokens {
      writer.append(attempt.bytes)
    } else {
      run.encode(strings, into: &writer)
    }
    if !hasDictionary { return form }
    let indices = dictionary.indices
    if known == nil {
      form.indices = numbers.choose(indices.base, indices.count, context, references: false)
    }
    numbers.encode(indices.base, indices.count, form.indices, context, into: &writer)
    return form
  }

  private func areSame(_ a: SpanBuffer, _ b: SpanBuffer) -> Bool {
    if a.count != b.count || a.byteCount != b.byteCount { return false }
    for index in 0..<a.count where !same(a[index], b[index]) { return false }
    return true
  }

  /// Leaves the strings as shapes and numbers in `attempt`.
  private func tokensAreShorter(_ spans: SpanBuffer) -> Bool {
    if !TokenColumn.isWorthTrying(spans) { return false }
    attempt.removeAll()
    if !tokens.encode(spans, into: &attempt, shapes) { return false }
    other.removeAll()
    run.encode(spans, into: &other)
    return attempt.count < other.count
  }

  /// Reads `n` strings into the buffer, replacing what it had.
  func decode(
    _ n: Int, from reader: inout ByteReader, into spans: SpanBuffer, _ context: ColumnContext?,
    keys: SpanBuffer? = nil
  ) throws(DecodingError) {
    spans.removeAll()
    hasDictionary = false
    if n == 0 { return }
    let at = reader.position
    if n < 0 || n > IntegerColumn.largest { throw .malformed("a column of \(n) texts", at: at) }
    let tag = try reader.byte()
    switch tag {
    case Self.plain: try run.decode(n, from: &reader, into: spans)
    case Self.tokens: try tokens.decode(n, from: &reader, into: spans, shapes)
    case Self.keys:
      guard let keys, keys.count == n else {
        throw .malformed("\(n) texts that are the same as the keys", at: at)
      }
      spans.copy(keys)
    case Self.dictionary, Self.tokenDictionary:
      let size = try dictionarySize(n, &reader)
      if tag == Self.dictionary {
        try run.decode(size, from: &reader, into: spans)
      } else {
        try tokens.decode(size, from: &reader, into: spans, shapes)
      }
      try numbers.decode(n, from: &reader, into: dictionary.indices, context)
      try dictionary.expand(spans, size: size, at: at)
      hasDictionary = true
      differentCount = size
    case let tag:
      throw .malformed("a column of texts of type \(tag)", at: at)
    }
  }
}
