import Bytes
import Model
import Scenarios
import Workloads

/// No two records of the output agree in all of some fields (S2).
final class UniqueCheck: OutputFold {
  private let by: [FieldPath]
  private let stream: String
  private var rows = OrderedTable<RowName, Row>()

  private struct Row {
    var seen: [Sighting] = []
    var count = 0
    var event: EventID?
  }

  init(_ by: [FieldPath], stream: String) {
    self.by = by
    self.stream = stream
  }

  func take(_ record: OutputRecord, _ event: EventID?, _ seen: Sighting) {
    rows.update(record.cells(by), fresh: Row()) { row in
      row.count += 1
      row.event = row.event ?? event
      if row.seen.count < 3 { row.seen.append(seen) }
    }
  }

  func finish(_ evidence: OutputEvidence, _ findings: inout OutputFindings) {
    findings.results.due &+= UInt64(rows.values.count)
    let names = by.map(\.text).joined(separator: ", ")
    for (name, row) in zip(rows.names, rows.values) where row.count > 1 {
      let surplus = row.count - 1
      findings.results.extra &+= UInt64(surplus)
      findings.results.blame(.job, UInt64(surplus))
      findings.facts.add("S2", count: surplus, event: row.event) {
        Case(
          subject: row.event.map { .event($0) } ?? .entry(row.seen[0].entry), event: row.event,
          entries: row.seen.map(\.entry),
          conclusion: "So \(row.count) records of \(stream) have \(names) = \(name.text): at "
            + row.seen.map(\.text).joined(separator: ", at ") + ".")
      }
    }
  }
}

/// Each event of the input is found in the output, by the locators of both streams: one that is
/// not is lost (E2), one found twice is doubled (S2), and a record that names no event of the input
/// is a phantom (E3).
final class EachOnceCheck: OutputFold {
  private let times: OutputCheck.Times
  private let contract: OutputContract
  private var named = OrderedTable<UInt64, Named>()
  private var strangers: [Sighting] = []
  private var strangerCount = 0

  private struct Named {
    var event: EventID?
    var count = 0
    var isInput = false
    var seen: [Sighting] = []
  }

  init(_ times: OutputCheck.Times, _ contract: OutputContract) {
    self.times = times
    self.contract = contract
  }

  func take(_ record: OutputRecord, _ event: EventID?, _ seen: Sighting) {
    guard let name = name(of: record, event) else {
      strangerCount += 1
      if strangers.count < Fact.toldCases { strangers.append(seen) }
      return
    }
    named.update(name, fresh: Named(event: event)) { found in
      found.count += 1
      if found.seen.count < 3 { found.seen.append(seen) }
    }
  }

  private static func name(of event: EventID) -> UInt64 {
    UInt64(event.source) << 44 ^ event.sequence
  }

  private func name(of record: OutputRecord, _ event: EventID?) -> UInt64? {
    switch contract.writes.locator {
    case .fields: return event.map { Self.name(of: $0) }
    case .digest: return digest64(record.value)
    case .field(let field):
      let cell = record.cell(field)
      return cell == "null" ? nil : digest64(Array(cell.utf8))
    }
  }

  private func name(of block: EventBlock, _ index: Int, _ fields: InputFields) -> UInt64 {
    switch contract.reads.locator {
    case .fields: return Self.name(of: block.event(index))
    case .digest: return digest64(block.value(index))
    case .field(let field):
      let json = fields.json(block, index)
      return digest64(Array(fields.cell(field, block, index, json).utf8))
    }
  }

  func finish(_ evidence: OutputEvidence, _ findings: inout OutputFindings) {
    var lost: [EventID] = []
    evidence.forEachInput { block, index in
      findings.results.due &+= 1
      let name = name(of: block, index, evidence.fields)
      guard let place = named.place(of: name) else { return lost.append(block.event(index)) }
      named.values[place].isInput = true
      named.values[place].event = block.event(index)
      if let first = named.values[place].seen.first {
        findings.recorder?.result(
          ResultSample(
            intendedAt: Instant(ns: block.intendedAt[index]), sentAt: nil, acknowledgedAt: nil,
            emittedAt: nil, observedAt: first.at, lineage: block.event(index)))
      }
    }
    if times != .atMost { for event in lost { report(lost: event, evidence, &findings) } }
    var closing: Set<UInt64> = []
    for event in evidence.flushed.sorted() {
      guard
        let found = evidence.provider(
          Int(event.source), evidence.source.blockIndex(of: event.sequence, in: Int(event.source))),
        let index = found.index(of: event.sequence)
      else { continue }
      closing.insert(name(of: found, index, evidence.fields))
    }
    for (name, found) in zip(named.names, named.values) where !closing.contains(name) {
      if !found.isInput {
        report(phantom: found, &findings)
      } else if found.count > 1 && times != .atLeast {
        report(doubled: found, &findings)
      }
    }
    if strangerCount > 0 { reportStrangers(&findings) }
  }

  private func report(
    lost event: EventID, _ evidence: OutputEvidence, _ findings: inout OutputFindings
  ) {
    findings.results.missing &+= 1
    findings.results.blame(.job, 1)
    let story = evidence.commitStory(event)
    let how = story.isEmpty ? "" : ", the job committed past it,"
    findings.facts.add("E2", event: event) {
      Case(
        subject: .event(event), event: event, entries: story,
        conclusion: "So event \(event.text) is in \(contract.reads.name) at "
          + "\(evidence.placeText(event))\(how) and no record of \(contract.writes.name) names "
          + "it: it is lost.")
    }
    if !story.isEmpty { findings.facts.addCause("E2", "C3") }
  }

  private func report(doubled found: Named, _ findings: inout OutputFindings) {
    let surplus = found.count - 1
    findings.results.extra &+= UInt64(surplus)
    findings.results.blame(.job, UInt64(surplus))
    guard let event = found.event else { return }
    findings.facts.add("S2", count: surplus, event: event) {
      Case(
        subject: .event(event), event: event, entries: found.seen.map(\.entry),
        conclusion: "So \(found.count) records of \(contract.writes.name) name event "
          + "\(event.text): at " + found.seen.map(\.text).joined(separator: ", at ") + ".")
    }
  }

  private func report(phantom found: Named, _ findings: inout OutputFindings) {
    findings.results.extra &+= UInt64(found.count)
    findings.results.blame(.job, UInt64(found.count))
    let what = found.event.map { "event \($0.text)" } ?? "something"
    findings.facts.add("E3", count: found.count, event: found.event) {
      Case(
        subject: .entry(found.seen[0].entry), event: found.event, entries: [found.seen[0].entry],
        conclusion: "So the record of \(contract.writes.name) at \(found.seen[0].text) names "
          + "\(what) that is not in \(contract.reads.name).")
    }
  }

  private func reportStrangers(_ findings: inout OutputFindings) {
    for seen in strangers {
      findings.facts.add("D2", count: 1) {
        Case(
          subject: .entry(seen.entry), entries: [seen.entry],
          conclusion: "So the record of \(contract.writes.name) at \(seen.text) names no event: "
            + "its locator is \(contract.writes.locator.text).")
      }
    }
    if strangerCount > strangers.count {
      findings.facts.add("D2", count: strangerCount - strangers.count) {
        Case(subject: .entry(strangers[0].entry), conclusion: "")
      }
    }
  }
}
