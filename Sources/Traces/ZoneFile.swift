import Bytes

/// Reads a zone table in the format of the time zone database (TZif, RFC 8536). Of a file of
/// version 2 or later the part with 64-bit times is taken, and the rule in its last line is written
/// out up to the year 2261, the last that a trace can hold.
func parseZone(_ bytes: [UInt8]) throws(ZoneError) -> Zone {
  do throws(DecodingError) {
    return try decoding(bytes) { view throws(DecodingError) in
      var reader = ByteReader(view)
      let header = try ZoneHeader(&reader)
      if header.version < UInt8(ascii: "2") { return try readChanges(header, 4, &reader) }
      try skip(header, &reader)
      let wide = try ZoneHeader(&reader)
      var zone = try readChanges(wide, 8, &reader)
      try extend(&zone, by: &reader)
      return zone
    }
  } catch {
    throw ZoneError(text: "is damaged: \(error.text)")
  }
}

private struct ZoneHeader {
  var version: UInt8
  var universal = 0
  var standard = 0
  var leaps = 0
  var times = 0
  var types = 0
  var letters = 0

  init(_ reader: inout ByteReader) throws(DecodingError) {
    let at = reader.position
    if try bigEndian(&reader, 4) != 0x545A_6966 { throw .malformed("no TZif", at: at) }
    version = try reader.byte()
    _ = try reader.take(15)
    universal = try count(&reader)
    standard = try count(&reader)
    leaps = try count(&reader)
    times = try count(&reader)
    types = try count(&reader)
    letters = try count(&reader)
    if types == 0 || types > 256 { throw .malformed("\(types) kinds of time", at: at) }
  }

  private func count(_ reader: inout ByteReader) throws(DecodingError) -> Int {
    let at = reader.position
    let count = try bigEndian(&reader, 4)
    if count < 0 || count > 100_000 { throw .malformed("a count of \(count)", at: at) }
    return Int(count)
  }
}

/// A signed number of 1 to 8 bytes, most significant first.
private func bigEndian(_ reader: inout ByteReader, _ size: Int) throws(DecodingError) -> Int64 {
  let bytes = try reader.take(size)
  var number = Int64(Int8(bitPattern: bytes[0]))
  for byte in bytes.dropFirst() { number = number << 8 | Int64(byte) }
  return number
}

/// The part with 32-bit times of a file that has the other too.
private func skip(_ header: ZoneHeader, _ reader: inout ByteReader) throws(DecodingError) {
  let size =
    header.times * 5 + header.types * 6 + header.letters + header.leaps * 8 + header.standard
    + header.universal
  _ = try reader.take(size)
}

private func readChanges(
  _ header: ZoneHeader, _ width: Int, _ reader: inout ByteReader
) throws(DecodingError) -> Zone {
  let start = reader.position
  if header.leaps > 0 { throw .malformed("it counts leap seconds", at: start) }
  var times: [Int64] = []
  for _ in 0..<header.times {
    let time = try bigEndian(&reader, width)
    if time.magnitude > 1 << 60 || times.last.map({ $0 >= time }) ?? false {
      throw .malformed("changes that do not rise", at: reader.position)
    }
    times.append(time)
  }
  let kinds = try reader.take(header.times)
  var offsets: [Int64] = []
  var isSummer: [Bool] = []
  for _ in 0..<header.types {
    let offset = try bigEndian(&reader, 4)
    if offset.magnitude > 26 * 3_600 {
      throw .malformed("an offset of \(offset) s", at: reader.position)
    }
    offsets.append(offset)
    isSummer.append(try reader.byte() != 0)
    _ = try reader.byte()
  }
  _ = try reader.take(header.letters + header.standard + header.universal)
  var zone = Zone(first: offsets[isSummer.firstIndex(of: false) ?? 0])
  for (time, kind) in zip(times, kinds) {
    if Int(kind) >= offsets.count { throw .malformed("time of kind \(kind)", at: start) }
    zone.changes.append(Zone.Change(at: time, offset: offsets[Int(kind)]))
  }
  return zone
}

/// Adds the changes that the last line of the file tells: a rule as the variable TZ has it.
private func extend(_ zone: inout Zone, by reader: inout ByteReader) throws(DecodingError) {
  let at = reader.position
  let rest = try reader.take(reader.remaining)
  guard rest.count >= 2, rest[0] == 0x0A, let end = rest.dropFirst().firstIndex(of: 0x0A) else {
    throw .malformed("no rule in the last line", at: at)
  }
  if end == 1 { return }
  let text = Array(rest[1..<end])
  guard let rule = ZoneRule(text) else { throw .malformed("a rule that is none", at: at) }
  let last = zone.changes.last?.at ?? .min
  guard let summer = rule.summer else { return }
  for year in Int64(1970)...2261 {
    var pair = [
      Zone.Change(at: summer.from.seconds(in: year) - rule.standard, offset: summer.offset),
      Zone.Change(at: summer.to.seconds(in: year) - summer.offset, offset: rule.standard),
    ]
    if pair[1].at < pair[0].at { pair.swapAt(0, 1) }
    for change in pair where change.at > last {
      if let before = zone.changes.last?.at, before >= change.at { continue }
      zone.changes.append(change)
    }
  }
}
