/// MurmurHash2 with the seed that Kafka's default partitioner uses; the partition of a key is this
/// without its sign bit, modulo the number of partitions.
/// Source: Austin Appleby's MurmurHash2 (public domain), as in Kafka's DefaultPartitioner.
public func murmur2(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
  let m: UInt32 = 0x5bd1_e995
  let length = bytes.count
  var h: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: length)
  var index = 0
  while index &+ 4 <= length {
    var k = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
    k = k &* m
    k ^= k >> 24
    k = k &* m
    h = (h &* m) ^ k
    index &+= 4
  }
  let rest = length &- index
  if rest == 3 { h ^= UInt32(bytes[index &+ 2]) << 16 }
  if rest >= 2 { h ^= UInt32(bytes[index &+ 1]) << 8 }
  if rest >= 1 {
    h ^= UInt32(bytes[index])
    h = h &* m
  }
  h ^= h >> 13
  h = h &* m
  return h ^ (h >> 15)
}
