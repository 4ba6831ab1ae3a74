import Bytes
import Testing

@testable import Traces

/// A zone table in version 2, as a compiler of the time zone database writes it.
private func table(
  _ changes: [(at: Int64, kind: UInt8)], _ kinds: [(offset: Int32, isSummer: Bool)], rule: String
) -> [UInt8] {
  var bytes: [UInt8] = []
  for width in [4, 8] {
    bytes += Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
    for count in [0, 0, 0, changes.count, kinds.count, 4] { bytes += big(Int64(count), 4) }
    for change in changes { bytes += big(change.at, width) }
    for change in changes { bytes.append(change.kind) }
    for kind in kinds { bytes += big(Int64(kind.offset), 4) + [kind.isSummer ? 1 : 0, 0] }
    bytes += Array("LMT\0".utf8)
  }
  return bytes + Array("\n\(rule)\n".utf8)
}

private func big(_ value: Int64, _ size: Int) -> [UInt8] {
  (0..<size).map { UInt8(truncatingIfNeeded: value >> Int64(8 * (size - 1 - $0))) }
}

/// Greenwich until 1970-01-01T00:00:10, then an hour more, then by the rule of Central Europe.
private let sample = table(
  [(10, 1)], [(0, false), (3_600, false)], rule: "CET-1CEST,M3.5.0,M10.5.0/3")

@Suite struct ZoneTests {
  @Test func `a table and its rule give offsets and instants`() throws {
    let zone = try parseZone(sample)
    #expect(zone.offset(at: 9) == 0 && zone.offset(at: 10) == 3_600)
    // 2024-03-31T01:00:00Z and 2024-10-27T01:00:00Z.
    let (spring, autumn): (Int64, Int64) = (1_711_846_800, 1_729_990_800)
    #expect(zone.offset(at: spring - 1) == 3_600 && zone.offset(at: spring) == 7_200)
    #expect(zone.offset(at: autumn - 1) == 7_200 && zone.offset(at: autumn) == 3_600)
    for instant in [spring - 1, spring, autumn - 7_200, autumn + 3_600, 9] {
      #expect(zone.instant(ofLocal: instant + zone.offset(at: instant)) == instant)
    }
    // Half past two was skipped in spring, and came twice in autumn: the first one counts.
    #expect(zone.instant(ofLocal: spring + 3_600 + 1_800) == nil)
    #expect(zone.instant(ofLocal: autumn + 3_600 + 1_800) == autumn - 1_800)
  }

  @Test(arguments: [
    ("UTC0", 0), ("<+0330>-3:30", 12_600), ("EST5", -18_000), ("X", nil), ("CET-1CEST,M3.5.0", nil),
    ("CET-1CEST,M13.5.0,M10.5.0", nil), ("CET-1CEST,M3.5.0,M10.5.0/3;", nil), ("", nil),
    ("AB-1", nil), ("<AB-1", nil), ("IST-1GMT0,M10.5.0,M3.5.0/1", 3_600), ("ABC-1x", nil),
  ])
  func `a rule is read or refused`(text: String, offset: Int64?) {
    #expect(ZoneRule(Array(text.utf8))?.standard == offset)
  }

  @Test func `days of a rule fall where they should`() throws {
    let rule = try #require(ZoneRule(Array("AAA3BBB,J60/0,59".utf8)))
    let summer = try #require(rule.summer)
    // Day 60 without 29 February is 1 March; day 59 from zero is 1 March, or 29 February.
    #expect(summer.from.seconds(in: 2023) == 1_677_628_800)
    #expect(summer.from.seconds(in: 2024) == 1_709_251_200)
    #expect(summer.to.seconds(in: 2023) == 1_677_628_800 + 7_200)
    #expect(summer.to.seconds(in: 2024) == 1_709_251_200 - 86_400 + 7_200)
  }

  @Test func `every cut and every changed byte of a table is refused or read, never worse`() {
    var refused = 0
    for count in 0..<sample.count {
      #expect(throws: ZoneError.self, "cut at \(count)") { try parseZone(Array(sample[..<count])) }
    }
    for place in sample.indices {
      for change in [1, 0x80, 0xFF] as [UInt8] {
        var damaged = sample
        damaged[place] ^= change
        do {
          let zone = try parseZone(damaged)
          _ = zone.instant(ofLocal: 1_700_000_000)
        } catch {
          refused += 1
        }
      }
    }
    #expect(refused > 100)
    let steps = table([(10, 0), (10, 0)], [(0, false)], rule: "UTC0")
    #expect(throws: ZoneError.self) { try parseZone(steps) }
    #expect(throws: ZoneError.self) {
      try parseZone(table([(10, 1)], [(0, false)], rule: "UTC0"))
    }
    #expect(throws: ZoneError.self) {
      try parseZone(table([], [(100_000, false)], rule: "UTC0"))
    }
  }

  @Test(arguments: ["", "/etc/passwd", "../passwd", "Europe//London", "a b", "Europe/Atlantis"])
  func `names that are none are refused`(name: String) {
    #expect(throws: ZoneError.self) { try ZoneTables.find(name) }
  }

  @Test(.enabled(if: exists(ZoneTables.folder + "/Europe/London"), "no zone tables here"))
  func `the tables of the system know London and Shanghai`() throws {
    let london = try ZoneTables.find("Europe/London")
    #expect(london.offset(at: 1_291_191_960) == 0)
    #expect(london.offset(at: 1_312_000_000) == 3_600)
    let shanghai = try ZoneTables.find("Asia/Shanghai")
    let midnight: Int64 = 1_362_096_000
    let instant = try #require(shanghai.instant(ofLocal: midnight))
    #expect(instant == midnight - 28_800)
  }
}
