import Bytes
import Draws
import Model

/// Writes requests into a block: bytes, digest, columns.
struct RequestEncoder: Sendable {
  let world: CardWorld
  let lanes: UInt64

  /// Bytes of key and value at most: key 8, frame 5, source 5, sequence, time and auth_id 10 each,
  /// card 8, amount 4, currency 2, category 2, merchant 4, terminal 9, entry and processing 1 each,
  /// country 2, place 10.
  static let longest = 96

  private static let euro: UInt64 = 978

  /// Dense over lanes, hence unique.
  @inline(__always) func authID(lane: Int, sequence: UInt64) -> UInt64 {
    sequence &* lanes &+ UInt64(truncatingIfNeeded: lane)
  }

  /// Writes event `i` of a block whose send instant is already there.
  @inline(__always) func write(
    _ request: CardRequest, millis: Int64, authID: UInt64, _ i: Int, of block: EventBlock,
    _ out: inout RecordWriter
  ) {
    out.bigEndian(UInt64(bitPattern: request.card))
    let value = out.at
    out.frame(RequestSource.schemaID)
    out.unsigned(UInt64(block.lane))
    out.unsigned(block.baseSequence &+ UInt64(truncatingIfNeeded: i))
    out.signed(millis)
    out.unsigned(authID)
    out.unsigned(UInt64(bitPattern: request.card))
    out.unsigned(UInt64(bitPattern: request.amount))
    out.unsigned(Self.euro)
    let category = MerchantCategory.codes[request.category]
    out.unsigned(category)
    out.unsigned(UInt64(bitPattern: request.merchant))
    let hash = mix(UInt64(bitPattern: request.merchant) &+ golden)
    out.eightCharacters(Self.terminal(hash))
    out.unsigned(UInt64(bitPattern: request.entry.rawValue))
    // PURCHASE, CASH, VERIFICATION.
    out.unsigned(request.amount == 0 ? 2 : category == MerchantCategory.cash ? 1 : 0)
    let city = world.cities[request.city]
    out.unsigned(UInt64(city.country))
    if request.isPresent {
      // The merchant stands within ten kilometres of the city's centre.
      out.byte(2)
      out.unsigned(UInt64(city.x &- 10_000 &+ Int((hash >> 32) & 0x3fff)))
      out.byte(2)
      out.unsigned(UInt64(city.y &- 10_000 &+ Int((hash >> 48) & 0x3fff)))
    } else {
      out.byte(0)
      out.byte(0)
    }
    block.eventTime[i] = millis &* .millisecond
    block.digest[i] = digest64(value, out.at - value)
    block.start[i &+ 1] = UInt32(truncatingIfNeeded: out.at - block.bytes)
    block.keyLength[i] = 8
    block.nulls[i] = 0
    block.columns[RequestColumn.authID][i] = Int64(bitPattern: authID)
    block.columns[RequestColumn.card][i] = request.card
    block.columns[RequestColumn.amount][i] = request.amount
    block.columns[RequestColumn.entry][i] = request.entry.rawValue
  }

  /// Eight letters A to P from 32 bits, in little-endian order.
  @inline(__always) static func terminal(_ hash: UInt64) -> UInt64 {
    var x = hash & 0xffff_ffff
    x = (x | (x << 16)) & 0x0000_ffff_0000_ffff
    x = (x | (x << 8)) & 0x00ff_00ff_00ff_00ff
    x = (x | (x << 4)) & 0x0f0f_0f0f_0f0f_0f0f
    return x + 0x4141_4141_4141_4141
  }
}
