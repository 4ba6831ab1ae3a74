import CZlib
import Foundation
import Reporting
import Statistics
import Testing

/// Reads a log of HdrHistogram back by its published layout, without the code that wrote it.
@Suite struct HdrLogTests {
  struct Decoded: Equatable {
    var counts: [Int: UInt64] = [:]
    var digits = 0
  }

  private func big(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func decoded(_ text: String) throws -> Decoded {
    let bytes = [UInt8](try #require(Data(base64Encoded: text)))
    #expect(big(bytes[0..<4]) == 0x1C84_9314)
    let length = Int(big(bytes[4..<8]))
    #expect(length == bytes.count - 8)
    var payload = [UInt8](repeating: 0, count: 1 << 20)
    var size = uLongf(payload.count)
    #expect(uncompress(&payload, &size, Array(bytes[8...]), uLong(length)) == Z_OK)
    #expect(big(payload[0..<4]) == 0x1C84_9313)
    let body = Int(big(payload[4..<8]))
    #expect(body + 40 == Int(size))
    var result = Decoded()
    result.digits = Int(big(payload[12..<16]))
    #expect(big(payload[16..<24]) == 1)
    #expect(Double(bitPattern: big(payload[32..<40])) == 1)
    var at = 40
    var index = 0
    while at < 40 + body {
      var word: UInt64 = 0
      var shift: UInt64 = 0
      while true {
        let byte = UInt64(payload[at])
        at += 1
        if shift == 56 {
          word |= byte << shift
          break
        }
        word |= (byte & 0x7F) << shift
        if byte < 0x80 { break }
        shift += 7
      }
      let value = Int64(bitPattern: word >> 1) ^ -Int64(bitPattern: word & 1)
      if value < 0 {
        index += Int(-value)
      } else {
        if value > 0 { result.counts[index] = UInt64(value) }
        index += 1
      }
    }
    return result
  }

  @Test func `a log gives back every count of every interval`() throws {
    let run = Sample.live.result
    let lines = Sample.live.text("latency.hlog").split(separator: "\n")
    #expect(lines.contains("#[Histogram log format version 1.3]"))
    let rows = lines.filter { !$0.hasPrefix("#") && !$0.hasPrefix("\"") }
    #expect(rows.count == run.latency.overTime.count)
    for (row, interval) in zip(rows, run.latency.overTime) {
      let fields = row.split(separator: ",")
      try #require(fields.count == 4)
      let seen = try decoded(String(fields[3]))
      var wanted = Decoded()
      wanted.digits = 3
      interval.histogram.forEachBucket { low, _, count in
        // Index of the layout with 2048 sub-buckets, worked out from its definition.
        var bucket = 0
        while low >> Int64(bucket) >= 2048 { bucket += 1 }
        wanted.counts[(bucket + 1) * 1024 + Int(low >> Int64(bucket)) - 1024] = count
      }
      if interval.histogram.notPositive > 0 { wanted.counts[0] = interval.histogram.notPositive }
      #expect(seen == wanted)
    }
  }

  @Test func `great counts and values survive the encoding`() throws {
    var run = Sample.one.result
    var histogram = LatencyHistogram()
    histogram.record(1, times: 1 << 62)
    histogram.record(2_047, times: 128)
    histogram.record(2_048, times: 1)
    histogram.record(86_400_000_000_000, times: 3)
    run.latency.overTime = [.init(start: 0, histogram: histogram)]
    let text = String(decoding: renderHdrLog(run), as: UTF8.self)
    let row = try #require(text.split(separator: "\n").last)
    let seen = try decoded(String(row.split(separator: ",")[3]))
    #expect(seen.counts[1] == 1 << 62)
    #expect(seen.counts[2_047] == 128)
    #expect(seen.counts[2_048] == 1)
    #expect(seen.counts.count == 4)
  }
}
