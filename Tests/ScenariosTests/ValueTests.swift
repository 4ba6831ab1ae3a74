import Draws
import Model
import Scenarios
import Testing

@Suite struct ValueTests {
  @Test func `durations are whole nanoseconds in one unit`() throws {
    #expect(try parseDuration("0.5us") == 500)
    #expect(try parseDuration("90min") == 90 * .minute)
    #expect(try parseDuration("3650d") == longestDuration)
    #expect(try parseDuration("1.5d") == 36 * .hour)
    #expect(
      refusal { try parseDuration("5m") } == "'m' is no unit of time; minutes are written 5min")
    #expect(
      refusal { try parseDuration("250") }
        == "'250' has no unit; a duration is wanted; write 250ms or 250s")
    #expect(refusal { try parseDuration("1h30min") } == "'1h30min' mixes units; write 90min")
    #expect(refusal { try parseDuration("1h30m") } == "'1h30m' mixes units; write 90min")
    #expect(refusal { try parseDuration("0.5ns") } == "'0.5ns' is no whole number of nanoseconds")
    #expect(refusal { try parseDuration("3651d") } == "'3651d' is above 3650d")
    #expect(refusal { try parseDuration("5 s") } == "'5 s' has a space inside; write 5s")
    #expect(refusal { try parseDuration("-1s") } == "'-1s' has a sign; no value is below 0")
    #expect(refusal { try parseDuration(".5s") } == "'.5s' begins with a point; write 0.5s")
    #expect(refusal { try parseDuration("05s") } == "'05s' has a leading zero; write 5s")
    #expect(refusal { try parseDuration("5.s") } == "'5.s' ends its number with a point; write 5s")
    #expect(refusal { try parseDuration("1e3ms") } == "'1e3ms' has an exponent; write 1000ms")
    #expect(refusal { try parseDuration("0.0000000001s") } != nil)
    #expect(refusal { try parseDuration("99999999999999999999s") } != nil)
  }

  @Test func `spreads rise from median to p99`() throws {
    #expect(try parseSpread("500us..2ms") == Spread(median: 500_000, p99: 2_000_000))
    #expect(try parseSpread("1ms") == Spread(1_000_000))
    #expect(refusal { try parseSpread("2ms..500us") }?.hasSuffix("write 500us..2ms") == true)
    #expect(refusal { try parseSpread("1ms..") } != nil)
    #expect(refusal { try parseSpread("0s..1ms") } != nil)
  }

  @Test func `sizes tell decimal from binary units`() throws {
    #expect(try parseSize("64KiB") == 65_536)
    #expect(try parseSize("64kB") == 64_000)
    #expect(try parseSize("1TiB") == largestSize)
    #expect(refusal { try parseSize("64K") } == "'K' is no unit of size; write 64KiB or 64kB")
    #expect(refusal { try parseSize("64KB") } == "'KB' is no unit of size; write 64KiB or 64kB")
    #expect(refusal { try parseSize("2TiB") } == "'2TiB' is above 1TiB")
    #expect(refusal { try parseSize("1.5B") } == "'1.5B' is no whole number of bytes")
    #expect(refusal { try parseSize("64") } == "'64' has no unit; a size is wanted; write 64B")
  }

  @Test func `counts and rates are whole once scaled, or kept over a longer span`() throws {
    #expect(try parseCount("1.5k") == 1500)
    #expect(try parseCount("9223372036854775807") == .max)
    #expect(refusal { try parseCount("1e6") } == "'1e6' has an exponent; write 1M")
    #expect(refusal { try parseCount("1_000_000") } == "'1_000_000' has '_' inside; write 1M")
    #expect(refusal { try parseCount("1.5") } == "'1.5' is not a whole number")
    #expect(refusal { try parseCount("9223372036854775808") } != nil)
    #expect(refusal { try parseCount("5K") } == "'K' is no suffix of a count; write 5k")
    #expect(try parseRate("20k/s") == Rate(count: 20_000, per: .second))
    #expect(try parseRate("1.5k/min") == Rate(count: 1500, per: .minute))
    #expect(try parseRate("0.25/s") == Rate(count: 25, per: 100 * .second))
    #expect(try parseRate("1G/s") == Rate(count: 1_000_000_000, per: .second))
    #expect(
      refusal { try parseRate("20000") }
        == "'20000' has no unit; a rate is wanted; write 20000/s")
    #expect(refusal { try parseRate("20krps") } == "'krps' is no unit of a rate; write 20k/s")
    #expect(refusal { try parseRate("0/s") } == "'0/s' is 0; a rate is above 0")
    #expect(refusal { try parseRate("1.000000001G/s") } == "'1.000000001G/s' is above 1G/s")
    #expect(refusal { try parseRate("5/m") } == "'/m' is no unit of a rate; write 5/min")
  }

  @Test func `ratios and speeds are fractions`() throws {
    #expect(try parseRatio("0.172%") == Ratio(43, 25_000))
    #expect(try parseRatio("1/1000") == Ratio(1, 1000))
    #expect(try parseRatio("1") == .one)
    #expect(try parseRatio("0") == .zero)
    #expect(refusal { try parseRatio("5") } == "5 is above 1; did you mean 5%?")
    #expect(refusal { try parseRatio("101%") } == "101% is above 100%")
    #expect(refusal { try parseRatio("1/0") } == "'1/0' divides by 0")
    #expect(refusal { try parseRatio("3/2") } == "3/2 is above 1")
    #expect(try parseSpeed("max") == nil)
    #expect(try parseSpeed("100x") == Ratio(100, 1))
    #expect(try parseSpeed("0.5") == Ratio(1, 2))
    #expect(refusal { try parseSpeed("0x") } != nil)
  }

  @Test func `truth, seeds, comparisons, secrets and targets take one form each`() throws {
    #expect(refusal { try parseTruth("yes") } == "'yes' is not a truth value; write true")
    #expect(try parseTruth("false") == false)
    #expect(try parseSeed("18446744073709551615") == .max)
    #expect(refusal { try parseSeed("18446744073709551616") } != nil)
    #expect(refusal { try parseSeed("012") } != nil)
    #expect(try parseComparison("<=5").comparison == .atMost)
    #expect(try parseComparison(">= 99%").value == "99%")
    #expect(refusal { try parseComparison("== 5").value } == "'== 5' compares with '=='; write '='")
    #expect(refusal { try parseComparison("5s").value } != nil)
    #expect(try parseSecret("env:KAFKA_USER") == .environment("KAFKA_USER"))
    #expect(try parseSecret("file:/run/k") == .file("/run/k"))
    #expect(refusal { try parseSecret("hunter2") }?.contains("hunter2") == false)
    #expect(try parseTarget("producer<->broker") == .link(.producer, .broker, bothWays: true))
    #expect(try parseTarget("engine->broker") == .link(.engine, .broker, bothWays: false))
    #expect(try parseTarget("broker-3") == .node(.broker, index: 3))
    #expect(refusal { try parseTarget("broker-0") } != nil)
    #expect(
      refusal { try parseTarget("brokr") } == "no such target: 'brokr'; did you mean 'broker'?")
    #expect(
      try parseTarget("leader(requests/12)") == .leader(stream: "requests", partition: 12))
    for text in ["leader", "leader()", "leader(a)", "leader(/1)", "leader(a/)", "leader(a/b)"] {
      #expect(refusal { try parseTarget(text) }?.contains("names no partition") == true, "\(text)")
    }
  }

  @Test func `all refused forms of a file are told at once`() {
    let forms = [
      ("engine.checkpoint_interval", "5m", "minutes are written 5min"),
      ("engine.restart_delay", "250", "write 250ms or 250s"),
      ("engine.watermark_delay", "1h30min", "write 90min"), ("load.rate", "20krps", "write 20k/s"),
      ("workload.parameters.cards", "1e6", "write 1M"),
      ("workload.parameters.merchants", "1_000_000", "write 1M"),
      ("workload.parameters.fraud", ".5", "write 0.5"),
      ("workload.parameters.honest", "5", "did you mean 5%?"),
      ("phases.drain", "-1", "no value is below 0"), ("backbone.idempotent", "yes", "write true"),
      ("expect.latency.p99", "250ms", "one of < <= > >= = is wanted"),
      ("expect.cost.cpu", "< 64KB", "units of time are"),
    ]
    let shown = complaints(file(), forms.map { .set("\($0.0)=\($0.1)") })
    #expect(shown.split(separator: "\n").count == forms.count)
    for (line, form) in zip(shown.split(separator: "\n"), forms) {
      #expect(line.contains(form.0) && line.contains(form.2), "\(line)")
    }
  }

  @Test func `instants have a zone and come back in UTC`() throws {
    #expect(try parseInstant("1970-01-01T00:00:00Z").ns == 0)
    #expect(
      try formatInstant(parseInstant("2024-02-29T23:59:59.5+01:30")) == "2024-02-29T22:29:59.5Z")
    #expect(try parseInstant("2026-01-01T00:00:00Z").ns == 1_767_225_600 * .second)
    for wrong in [
      "2026-01-01", "2026-01-01T00:00:00", "2023-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
      "2026-01-01T24:00:00Z", "1500-01-01T00:00:00Z", "2026-01-01T00:00:00.Z",
    ] {
      #expect(refusal { try parseInstant(wrong) } != nil, "\(wrong)")
    }
    let draws = DrawFamily(seed: 5, component: "tests", purpose: "instants").stream(0)
    for counter in 0..<500 {
      let instant = Timestamp(ns: Int64(bitPattern: draws.word(UInt64(counter))) / 2)
      #expect(try parseInstant(formatInstant(instant)) == instant)
    }
  }

  @Test func `what is printed reads back the same`() throws {
    let draws = DrawFamily(seed: 6, component: "tests", purpose: "values").stream(0)
    for counter in 0..<500 {
      let word = draws.word(UInt64(counter))
      let length = Int64(word % UInt64(longestDuration)) >> Int64(word >> 58)
      #expect(try parseDuration(formatDuration(length)) == length)
      let number = Int64((word >> 1) >> (word & 63))
      #expect(try parseCount(formatCount(number)) == number)
      let bytes = Int64(word % UInt64(largestSize)) >> Int64(word >> 58)
      #expect(try parseSize(formatSize(bytes)) == bytes)
    }
    for text in ["20k/s", "0.25/s", "1.5/min", "0.001/d", "7/h", "1G/s"] {
      let rate = try parseRate(text)
      #expect(formatRate(rate) == text)
    }
    for text in ["99.5%", "1/3", "0.172%", "100%", "0%", "1/7000"] {
      #expect(try formatRatio(parseRatio(text)) == text)
    }
    #expect(formatDuration(60 * .second) == "60s")
    #expect(formatDuration(120 * .second) == "2min")
  }
}

/// Message and hint of a refusal; nil when the value was accepted.
private func refusal<Value>(_ parse: () throws -> Value) -> String? {
  do {
    _ = try parse()
    return nil
  } catch let refusal as ValueRefusal {
    return refusal.message + (refusal.hint.map { "; \($0)" } ?? "")
  } catch {
    return "another error: \(error)"
  }
}
