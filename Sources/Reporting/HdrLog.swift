import Bytes
import CZlib
import Model
import Statistics

/// The document `latency.hlog`: one histogram for each interval of the run, in the log format 1.3
/// of HdrHistogram, so that its tools read it. Values are nanoseconds with three significant
/// digits; time stamps are seconds from the start of the run; the greatest value is given in
/// milliseconds, as those tools do. Zero and negative latencies count as zero.
///
/// Layout of a histogram: HdrHistogram's `V2` encoding (a header of 40 bytes and counts as ZigZag
/// LEB128 with runs of zeros), inside zlib, inside base64.
public func renderHdrLog(_ result: RunResult) -> [UInt8] {
  let first = result.latency.overTime.first?.start ?? 0
  let times = result.latency.overTime.map(\.start)
  let step =
    times.count > 1 ? times[1] - times[0] : max(result.rates.interval, 1)
  var text = "#[Logged with weir \(Escaped(result.identity.version).terminal)]\n"
  text += "#[Histogram log format version 1.3]\n"
  text += "#[StartTime: 0.000 (seconds since epoch), the start of the run]\n"
  text += "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
  text += "\"Interval_Compressed_Histogram\"\n"
  for interval in result.latency.overTime {
    let histogram = interval.histogram
    text += thousandths(interval.start - first, of: 1_000_000_000) + ","
    text += thousandths(step, of: 1_000_000_000) + ","
    text += thousandths(histogram.maximum, of: 1_000_000) + ","
    text += base64(hdrHistogram(histogram)) + "\n"
  }
  return Array(text.utf8)
}

/// `value / unit` with three decimals, cut.
private func thousandths(_ value: Nanoseconds, of unit: Nanoseconds) -> String {
  let ticks = max(0, value) / (unit / 1_000)
  let fraction = String(ticks % 1_000)
  return "\(ticks / 1_000)." + String(repeating: "0", count: 3 - fraction.utf8.count) + fraction
}

/// One histogram in the compressed V2 encoding.
func hdrHistogram(_ histogram: LatencyHistogram) -> [UInt8] {
  let packed = deflated(hdrPayload(histogram))
  return bigEndian(0x1C84_9314, 4) + bigEndian(UInt64(packed.count), 4) + packed
}

private func hdrPayload(_ histogram: LatencyHistogram) -> [UInt8] {
  var counts: [UInt8] = []
  var next = 0
  func append(_ count: UInt64, at index: Int) {
    if index > next { zigZag(-Int64(index - next), into: &counts) }
    zigZag(Int64(clamping: count), into: &counts)
    next = index + 1
  }
  if histogram.notPositive > 0 { append(histogram.notPositive, at: 0) }
  histogram.forEachBucket { low, _, count in
    append(count, at: LatencyHistogram.bucket(of: low))
  }
  // Readers want a range that holds the greatest value; an hour is the least that is written.
  let highest = UInt64(max(histogram.maximum, 3_600_000_000_000))
  return bigEndian(0x1C84_9313, 4) + bigEndian(UInt64(counts.count), 4) + bigEndian(0, 4)
    + bigEndian(3, 4) + bigEndian(1, 8) + bigEndian(highest, 8)
    + bigEndian((1.0).bitPattern, 8) + counts
}

private func bigEndian(_ value: UInt64, _ width: Int) -> [UInt8] {
  (0..<width).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
}

/// ZigZag, then seven bits a byte from the lowest; a ninth byte carries eight bits.
private func zigZag(_ value: Int64, into bytes: inout [UInt8]) {
  var word = UInt64(bitPattern: (value << 1) ^ (value >> 63))
  for _ in 0..<8 {
    if word < 0x80 {
      bytes.append(UInt8(word))
      return
    }
    bytes.append(UInt8(truncatingIfNeeded: word) | 0x80)
    word >>= 7
  }
  bytes.append(UInt8(truncatingIfNeeded: word))
}

private func deflated(_ bytes: [UInt8]) -> [UInt8] {
  var length = compressBound(uLong(bytes.count))
  var packed = [UInt8](repeating: 0, count: Int(length))
  let status = compress2(&packed, &length, bytes, uLong(bytes.count), 9)
  precondition(status == Z_OK, "zlib has room for its own bound")
  return Array(packed.prefix(Int(length)))
}
