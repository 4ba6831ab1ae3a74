import Bytes

/// Number columns of a payload that only repeat what stands beside it: the sequence, or the event
/// time in ns, us, ms or s, rounded down. Only when every event of the block has the field.
enum RepeatedColumn {
  static let sequence: UInt8 = 0x50
  private static let units: [Int64] = [1, 1_000, 1_000_000, 1_000_000_000]

  /// The tag of what the numbers repeat; nil when they say something of their own.
  static func tag(
    _ values: IntegerBuffer, sequences: IntegerBuffer, eventTimes: IntegerBuffer
  ) -> UInt8? {
    let n = values.count
    if n == 0 || n != sequences.count { return nil }
    if values[0] == sequences[0] && (1..<n).allSatisfy({ values[$0] == sequences[$0] }) {
      return sequence
    }
    for (place, unit) in units.enumerated() where values[0] == floorDivide(eventTimes[0], unit) {
      if (1..<n).allSatisfy({ values[$0] == floorDivide(eventTimes[$0], unit) }) {
        return sequence + 1 + UInt8(place)
      }
    }
    return nil
  }

  static func isTag(_ tag: UInt8) -> Bool {
    tag >= sequence && tag <= sequence + UInt8(units.count)
  }

  static func decode(
    _ tag: UInt8, _ n: Int, sequences: IntegerBuffer, eventTimes: IntegerBuffer,
    into buffer: IntegerBuffer
  ) throws(DecodingError) {
    if n != sequences.count { throw .malformed("a column that repeats \(n) events", at: 0) }
    buffer.count = 0
    buffer.reserve(n)
    if tag == sequence {
      buffer.base.update(from: sequences.base, count: n)
    } else {
      let unit = units[Int(tag - sequence) - 1]
      for index in 0..<n { buffer.base[index] = floorDivide(eventTimes[index], unit) }
    }
    buffer.count = n
  }
}
