import Draws
import Model
import Queries
import Scenarios
import Testing
import Workloads

private let minute = 60 * Nanoseconds.second
private let hour = 60 * minute

private func patients(
  _ query: String = "scores", pairs: Int64 = 20, rate: Int64 = 2_000,
  _ parameters: [(String, ParameterValue)] = []
) throws -> Workload {
  try workload(
    "patient-monitoring", query: query, rate: rate, [("pairs", .count(pairs))] + parameters)
}

/// Events of a stream, no markers, from the start on for so long.
private func read(_ workload: Workload, _ stream: String, _ length: Nanoseconds) throws -> [Event] {
  let number = try #require(workload.streams.firstIndex { $0.name == stream })
  var all: [Event] = []
  for (lane, of) in lanes(workload) where of == number {
    let first = workload.source.eventTimeFloor(block: 0, of: lane)
    var index = 0
    while workload.source.eventTimeFloor(block: index, of: lane) - first < length {
      let block = try #require(workload.source.block(index, of: lane))
      for (i, event) in events(block).enumerated()
      where block.keyLength[i] != RecordEntry.markerKey {
        all.append(event)
      }
      index += 1
    }
  }
  return all
}

/// Columns of an admission: stay, kind, bed, prior bed, scale.
private enum Kind {
  static let admit: Int64 = 0
  static let transfer: Int64 = 1
  static let discharge: Int64 = 2
  static let cancel: Int64 = 3
  static let update: Int64 = 4
}

private struct Occupied {
  var stay: Int64
  var from: Int64
  var to: Int64
}

/// Who lay in a bed, as the admissions say.
private func occupancy(_ admissions: [Event]) -> [Int64: [Occupied]] {
  var beds: [Int64: [Occupied]] = [:]
  for event in admissions.sorted(by: { $0.eventTime < $1.eventTime }) {
    let bed = event.columns[2]
    func close(_ bed: Int64) {
      guard var list = beds[bed], let last = list.indices.last else { return }
      list[last].to = min(list[last].to, event.eventTime)
      beds[bed] = list
    }
    switch event.columns[1] {
    case Kind.admit, Kind.cancel:
      beds[bed, default: []].append(
        Occupied(stay: event.columns[0], from: event.eventTime, to: .max))
    case Kind.transfer:
      close(event.columns[3])
      beds[bed, default: []].append(
        Occupied(stay: event.columns[0], from: event.eventTime, to: .max))
    case Kind.discharge: close(bed)
    default: break
    }
  }
  return beds
}

@Suite struct PatientTests {
  @Test func `a bed never holds two patients, and stays are as long as real ones`() throws {
    let workload = try patients(pairs: 30, rate: 200_000)
    let admissions = try read(workload, "adt", 60 * 24 * hour)
    for (_, list) in occupancy(admissions) {
      for (a, b) in zip(list, list.dropFirst()) { #expect(a.to <= b.from) }
    }
    var lengths: [Double] = []
    var transfers = 0
    for (_, events) in Dictionary(grouping: admissions, by: { $0.columns[0] }) {
      let sorted = events.sorted { $0.eventTime < $1.eventTime }
      // Who was there at the start has been there for a while.
      guard sorted[0].columns[1] == Kind.admit, sorted[0].eventTime > start.ns,
        let last = sorted.last, last.columns[1] == Kind.discharge
      else { continue }
      lengths.append(Double(last.eventTime - sorted[0].eventTime) / Double(24 * hour))
      transfers += sorted.count { $0.columns[1] == Kind.transfer }
      #expect(sorted.count { $0.columns[1] == Kind.discharge } <= 2)
    }
    // Pairs of long stays show fewer of them: weigh by pair would give 5.1 days.
    let mean = lengths.reduce(0, +) / Double(lengths.count)
    let square = lengths.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(lengths.count)
    #expect(mean > 2.8 && mean < 6.5, "\(mean) days")
    let variation = square.squareRoot() / mean
    #expect(variation > 0.7 && variation < 1.4, "\(variation)")
    #expect(abs(Double(transfers) / Double(lengths.count) - 0.6) < 0.12)
  }

  @Test func `admissions are sent within a minute, in order for each bed`() throws {
    let workload = try patients(pairs: 40, rate: 50_000)
    let admissions = try read(workload, "adt", 20 * 24 * hour)
    for (_, events) in Dictionary(grouping: admissions, by: { $0.columns[2] }) {
      let times = events.map(\.eventTime)
      #expect(times == times.sorted())
    }
    #expect(admissions.allSatisfy { (0..<80).contains($0.columns[2]) })
    #expect(admissions.allSatisfy { ($0.nulls != 0) == ($0.columns[1] != Kind.transfer) })
    #expect(admissions.contains { $0.columns[1] == Kind.update && $0.columns[4] == 2 })
  }

  @Test func `monitors speak every minute while their bed is occupied`() throws {
    let workload = try patients()
    let occupied = occupancy(try read(try patients(rate: 200_000), "adt", 20 * 24 * hour))
    let vitals = try read(workload, "vitals", 6 * hour)
    let pulses = vitals.filter { $0.columns[1] == 0 }
    var gaps: [Int64] = []
    for (bed, events) in Dictionary(grouping: pulses, by: { $0.columns[0] }) {
      let times = events.map(\.eventTime)
      #expect(times == times.sorted())
      gaps += zip(times, times.dropFirst()).map { $1 - $0 }
      // Who was admitted before the start is not in the stream.
      guard let first = occupied[bed]?.first else { continue }
      let orphans = events.filter { event in
        event.eventTime > first.from
          && !(occupied[bed] ?? []).contains {
            $0.from <= event.eventTime && event.eventTime < $0.to + hour
          }
      }
      #expect(orphans.isEmpty)
    }
    #expect(share(gaps) { abs($0 - minute) < 700 * .millisecond } > 0.9)
    // Breath and saturation come with the pulse, blood pressure with every fifteenth.
    #expect(vitals.count { $0.columns[1] == 1 } == pulses.count)
    let pressures = Double(vitals.count { $0.columns[1] == 3 }) / Double(pulses.count)
    #expect(abs(pressures - 0.97 / 15) < 0.02)
  }

  @Test func `a probe that is off says so, and everything else is in range`() throws {
    let vitals = try read(patients(pairs: 60, rate: 10_000), "vitals", 6 * hour)
    #expect(vitals.allSatisfy { ($0.columns[3] == 1) == ($0.nulls == 4) })
    for (code, part) in [(Int64(0), 0.007), (1, 0.009), (2, 0.029)] {
      let off = share(vitals.filter { $0.columns[1] == code }) { $0.columns[3] == 1 }
      #expect(off > part / 3 && off < part * 2, "\(code): \(off)")
    }
    let ranges: [ClosedRange<Int64>] = [
      0...300_000, 0...120_000, 0...100_000, 20_000...300_000,
    ]
    let inRange = vitals.allSatisfy {
      $0.nulls == 4 || ranges[Int($0.columns[1])].contains($0.columns[2])
    }
    #expect(inRange)
    #expect(vitals.allSatisfy { $0.columns[2] % 1_000 == 0 })
  }

  @Test func `an outage holds the values of a ward and then flushes them in order`() throws {
    let workload = try patients(
      pairs: 6, rate: 1_000,
      [
        ("outage", .ratio(.one)), ("clock_offset", .duration(0)), ("clock_drift", .count(0)),
      ])
    let vitals = try read(workload, "vitals", 24 * hour)
    let delays = vitals.map { $0.eventTime - $0.columns[4] * .millisecond }
    #expect(delays.allSatisfy { $0 >= 40 * .millisecond && $0 < 16 * minute })
    #expect(share(delays) { $0 > .second } > 0.000_1)
    #expect(share(delays) { $0 > .second } < 0.03)
    let calm = try read(
      patients(
        pairs: 6, rate: 1_000,
        [
          ("outage", .ratio(.zero)), ("clock_offset", .duration(0)), ("clock_drift", .count(0)),
        ]), "vitals", 12 * hour)
    #expect(calm.allSatisfy { $0.eventTime - $0.columns[4] * .millisecond <= 250 * .millisecond })
  }

  @Test func `what is charted can be traced to its first version`() throws {
    let workload = try patients(
      pairs: 30, rate: 20_000,
      [
        ("correct", .ratio(Ratio(1, 10))), ("withdraw", .ratio(Ratio(1, 10))),
        ("double_chart", .ratio(Ratio(1, 10))),
      ])
    let all = try read(workload, "observations", 48 * hour)
    var known: [Int64: Event] = [:]
    var changed = 0
    let ordered = all.sorted {
      ($0.eventTime, $0.lane, $0.sequence) < ($1.eventTime, $1.lane, $1.sequence)
    }
    for event in ordered {
      let delay = event.eventTime - event.columns[5] * .millisecond
      #expect(delay >= 0 && (delay < 7 * hour || event.eventTime == start.ns))
      if event.columns[4] == 0 {
        #expect(delay <= 31 * minute || event.eventTime == start.ns)
        #expect(known.updateValue(event, forKey: event.columns[0]) == nil)
        continue
      }
      changed += 1
      // What was first charted before the start is not in the stream.
      guard let first = known[event.columns[0]] else {
        #expect(event.columns[5] * .millisecond < start.ns)
        continue
      }
      #expect(first.columns[1] == event.columns[1] && first.columns[2] == event.columns[2])
      #expect(first.columns[5] == event.columns[5] && event.eventTime > first.eventTime)
      #expect((event.columns[4] == 1) == (event.columns[3] != first.columns[3]))
    }
    #expect(abs(Double(changed) / Double(known.count) - 0.18) < 0.05)
    for code in Int64(0)...3 { #expect(share(all) { $0.columns[2] == code } > 0.15) }
  }

  @Test func `laboratory results are as late and as many as real ones`() throws {
    let workload = try patients("screen", pairs: 30, rate: 100_000)
    let labs = try read(workload, "labs", 12 * 24 * hour)
    let first = labs.filter { $0.columns[1] == 1 }
    let draws = Dictionary(grouping: first) { [$0.columns[2], $0.columns[6]] }
    let sizes = draws.values.map(\.count).sorted()
    let mean = Double(first.count) / Double(draws.count)
    #expect(mean > 4.5 && mean < 10, "\(mean) tests a draw")
    #expect(sizes[sizes.count / 2] <= 2 && sizes[sizes.count * 9 / 10] >= 14)
    let delays = first.map { $0.columns[7] - $0.columns[6] }
    #expect(abs(share(delays) { $0 == 0 } - 0.18) < 0.06, "\(share(delays) { $0 == 0 })")
    #expect(share(delays) { $0 < 0 } > 0.002 && share(delays) { $0 < 0 } < 0.03)
    let late = delays.filter { $0 > 0 }.sorted()
    let median = Double(late[late.count / 2]) / 60_000
    #expect(median > 20 && median < 60, "\(median) min")
    let versions = labs.filter { $0.columns[1] == 2 }
    #expect(abs(Double(versions.count) / Double(first.count) - 0.01) < 0.006)
    #expect(share(first) { $0.nulls != 0 } < 0.012)
    let ids = Set(first.map { $0.columns[0] })
    #expect(ids.count == first.count)
    let known = versions.filter { ids.contains($0.columns[0]) }.count
    #expect(Double(known) > 0.9 * Double(versions.count))
  }

  @Test func `lanes of streams that a query does not read are left out`() throws {
    #expect(try patients("scores").laneStream == [0, 0, 1, 1, 2, 2, nil, nil])
    #expect(try patients("screen").laneStream == [0, 0, 1, 1, 2, 2, 3, 3])
    #expect(
      try patients("screen").streams.map(\.name) == ["adt", "observations", "vitals", "labs"])
  }

  @Test(arguments: [
    [("vital_every", ParameterValue.duration(1_000_000_500))], [("pairs", .count(0))],
    [("score_every", .duration(.second))],
  ])
  func `what fits no range is refused`(_ parameters: [(String, ParameterValue)]) {
    #expect(throws: Problems.self) { try patients("scores", parameters) }
  }
}
