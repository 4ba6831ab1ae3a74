import Bytes

/// Columns of numbers with all that can make them small: the distance from an earlier column, the
/// order of the keys, a list of the different numbers. One owner.
final class NumberColumn {
  static let reference: UInt8 = 0x61
  static let grouped: UInt8 = 0x60
  static let dictionary: UInt8 = 0x20
  /// A list of different numbers is no longer.
  private static let mostDifferent = 4_096

  private let integers: IntegerColumn
  private let distances = IntegerBuffer()
  private let ordered = IntegerBuffer()
  private let indices = IntegerBuffer()
  private let different = IntegerBuffer()
  private var table: [Int64] = []
  private var attempt = ByteWriter(capacity: 1 << 14)

  init(_ integers: IntegerColumn) { self.integers = integers }

  /// Writes `n` numbers in a form; what the form wants and is not there is left out.
  func encode(
    _ values: UnsafePointer<Int64>, _ n: Int, _ form: NumberForm, _ context: ColumnContext?,
    into writer: inout ByteWriter
  ) {
    if n == 0 { return }
    var values = values
    if let number = form.reference, let base = context?.reference(number, count: n) {
      writer.byte(Self.reference)
      writer.varint(UInt64(number))
      distances.count = 0
      distances.reserve(n)
      for index in 0..<n { distances.base[index] = values[index] &- base[index] }
      values = UnsafePointer(distances.base)
    }
    if form.isGrouped, let order = context?.order(count: n) {
      writer.byte(Self.grouped)
      ordered.count = 0
      ordered.reserve(n)
      for index in 0..<n { ordered.base[index] = values[Int(order[index])] }
      values = UnsafePointer(ordered.base)
    }
    if form.isDictionary && buildDictionary(values, n) {
      writer.byte(Self.dictionary)
      writer.varint(UInt64(different.count))
      integers.encode(different.base, different.count, into: &writer)
      integers.encode(indices.base, n, into: &writer)
    } else {
      integers.encode(values, n, into: &writer)
    }
  }

  /// The form in which the numbers are shortest, found by trying those that are likely.
  func choose(
    _ values: UnsafePointer<Int64>, _ n: Int, _ context: ColumnContext?, references: Bool = true
  ) -> NumberForm {
    var best = NumberForm()
    if n < 32 { return best }
    var candidates = [NumberForm()]
    if references, let near = nearest(values, n, context) {
      candidates.append(NumberForm(reference: near))
    }
    if context?.order(count: n) != nil {
      candidates += candidates.map { NumberForm(reference: $0.reference, isGrouped: true) }
    }
    var least = Int.max
    for form in candidates { attempt(form, values, n, context, &best, &least) }
    // A list of numbers helps the shortest form, or the plainest.
    if isLikelyList(values, n) {
      for form in best == NumberForm() ? [best] : [best, NumberForm()] {
        var form = form
        form.isDictionary = true
        attempt(form, values, n, context, &best, &least)
      }
    }
    return best
  }

  private func attempt(
    _ form: NumberForm, _ values: UnsafePointer<Int64>, _ n: Int, _ context: ColumnContext?,
    _ best: inout NumberForm, _ least: inout Int
  ) {
    attempt.removeAll()
    encode(values, n, form, context, into: &attempt)
    if attempt.count < least {
      least = attempt.count
      best = form
    }
  }

  /// Whether some numbers, spread over the column, are often the same.
  private func isLikelyList(_ values: UnsafePointer<Int64>, _ n: Int) -> Bool {
    let step = max(1, n / 512)
    var some = Set<Int64>()
    var seen = 0
    var index = 0
    while index < n {
      some.insert(values[index])
      seen += 1
      index += step
    }
    return some.count * 4 <= seen * 3
  }

  /// The reference from which some numbers of the column are least far; nil when none is nearer
  /// than the numbers are to each other.
  private func nearest(
    _ values: UnsafePointer<Int64>, _ n: Int, _ context: ColumnContext?
  ) -> Int? {
    guard let context else { return nil }
    var best: Int?
    var least = spread(n) { values[$0] }
    for number in 0..<context.referenceCount {
      guard let base = context.reference(number, count: n) else { continue }
      let cost = spread(n) { values[$0] &- base[$0] }
      if cost < least {
        least = cost
        best = number
      }
    }
    return best
  }

  /// Bits of the differences between neighbours, in a few stretches of a column.
  @inline(__always) private func spread(_ n: Int, _ value: (Int) -> Int64) -> Int {
    var bits = 0
    let length = min(n, 64)
    for stretch in 0..<min(4, n / length) {
      let start = stretch * (n / 4)
      if start + length > n { break }
      for index in start + 1..<start + length {
        bits &+= 64 &- zigzag(value(index) &- value(index &- 1)).leadingZeroBitCount
      }
    }
    return bits
  }

  /// Lists the different numbers, rising, and which of them each number is. False when there are
  /// too many for that to be of use.
  private func buildDictionary(_ values: UnsafePointer<Int64>, _ n: Int) -> Bool {
    let most = min(Self.mostDifferent, n / 4)
    let size = Self.mostDifferent * 4
    // Two words a slot: one more than the index, or 0 when it is free; and the number.
    if table.isEmpty { table = [Int64](repeating: 0, count: size * 2) }
    for slot in 0..<size { table[2 * slot] = 0 }
    different.count = 0
    indices.count = 0
    indices.reserve(n)
    for place in 0..<n {
      var slot = Int(truncatingIfNeeded: mixed(values[place])) & (size - 1)
      while table[2 * slot] != 0 && table[2 * slot + 1] != values[place] {
        slot = (slot + 1) & (size - 1)
      }
      if table[2 * slot] == 0 {
        if different.count >= most { return false }
        table[2 * slot + 1] = values[place]
        different.append(values[place])
        table[2 * slot] = Int64(different.count)
      }
      indices.append(table[2 * slot] - 1)
    }
    var byValue = Array(0..<different.count)
    byValue.sort { different[$0] < different[$1] }
    var rank = [Int64](repeating: 0, count: byValue.count)
    let sorted = byValue.map { different[$0] }
    for (place, old) in byValue.enumerated() { rank[old] = Int64(place) }
    different.count = 0
    for value in sorted { different.append(value) }
    for place in 0..<n { indices.base[place] = rank[Int(indices[place])] }
    return true
  }

  private func mixed(_ value: Int64) -> UInt64 {
    let product = UInt64(bitPattern: value) &* 0x9E37_79B9_7F4A_7C15
    return product ^ (product >> 32)
  }

  /// Reads `n` numbers into the buffer, replacing what it had.
  func decode(
    _ n: Int, from reader: inout ByteReader, into buffer: IntegerBuffer,
    _ context: ColumnContext?
  ) throws(DecodingError) {
    buffer.count = 0
    if n == 0 { return }
    let at = reader.position
    var tag = try reader.byte()
    var base: UnsafePointer<Int64>?
    if tag == Self.reference {
      let number = try reader.varint()
      base = context?.reference(Int(clamping: number), count: n)
      if base == nil { throw .malformed("a column that is told by another, \(number)", at: at) }
      tag = try reader.byte()
    }
    var order: IntegerBuffer?
    if tag == Self.grouped {
      order = context?.order(count: n)
      if order == nil { throw .malformed("a column in an order that there is not", at: at) }
      tag = try reader.byte()
    }
    let target = order == nil ? buffer : ordered
    if tag == Self.dictionary {
      try decodeDictionary(n, from: &reader, into: target, at: at)
    } else {
      try integers.decode(n, tag: tag, from: &reader, into: target)
    }
    if let order {
      buffer.reserve(n)
      let (from, to, places) = (ordered.base, buffer.base, order.base)
      for index in 0..<n { to[Int(places[index])] = from[index] }
      buffer.count = n
    }
    if let base {
      let numbers = buffer.base
      for index in 0..<n { numbers[index] &+= base[index] }
    }
  }

  private func decodeDictionary(
    _ n: Int, from reader: inout ByteReader, into buffer: IntegerBuffer, at: Int
  ) throws(DecodingError) {
    let size = try reader.varint()
    if size == 0 || size > UInt64(n) {
      throw .malformed("a list of \(size) for \(n) numbers", at: at)
    }
    try integers.decode(Int(size), from: &reader, into: different)
    try integers.decode(n, from: &reader, into: buffer)
    let numbers = buffer.base
    for index in 0..<n {
      let entry = numbers[index]
      if entry < 0 || entry >= Int64(size) {
        throw .malformed("number \(entry) of a list of \(size)", at: at)
      }
      numbers[index] = different[Int(entry)]
    }
  }
}
