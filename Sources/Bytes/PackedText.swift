/// A string of at most seven bytes as a number: numbers are ordered as the strings are by their
/// bytes, unsigned, a prefix first. The bytes stand first, then their count; the sign bit is
/// turned, so that the order holds for signed numbers. Nil for a longer one.
@inlinable public func packedText(_ bytes: UnsafeRawBufferPointer) -> Int64? {
  if bytes.count > 7 { return nil }
  var word: UInt64 = 0
  for index in 0..<7 { word = word << 8 | (index < bytes.count ? UInt64(bytes[index]) : 0) }
  return Int64(bitPattern: (word << 8 | UInt64(bytes.count)) ^ 1 << 63)
}

/// The same of a string's UTF-8.
public func packedText(_ text: String) -> Int64? {
  Array(text.utf8).withUnsafeBytes { packedText($0) }
}

/// The string that was packed; bytes that are no UTF-8 are replaced. Nil for a number that no
/// string gives.
public func unpackedText(_ number: Int64) -> String? {
  let word = UInt64(bitPattern: number) ^ 1 << 63
  let count = Int(word & 0xff)
  if count > 7 { return nil }
  let bytes = (0..<7).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) }
  for index in count..<7 where bytes[index] != 0 { return nil }
  return String(decoding: bytes.prefix(count), as: UTF8.self)
}
