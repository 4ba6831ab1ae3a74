import Model
import Scenarios
import Workloads

/// A field of the output is the number of inputs of a group, or the sum of a field of them. A row
/// that is not there is missing (E2), one without input is a phantom (E3), any other difference is
/// a wrong count (E4): a shortfall follows from a loss, a surplus from a repeat.
final class TallyCheck: OutputFold {
  private let tally: OutputCheck.Tally
  /// Nil counts.
  private let of: FieldPath?
  private let stream: String
  private var rows = OrderedTable<RowName, Row>()
  private var unreadable: [Sighting] = []

  private struct Row {
    var value: Int64 = 0
    var overflows = false
    var seen: [Sighting] = []
  }

  private struct Due {
    var value: Int64 = 0
    var overflows = false
    /// What events that close windows may add.
    var closing: Int64 = 0
    var count: UInt64 = 0
  }

  init(_ tally: OutputCheck.Tally, of: FieldPath?, stream: String) {
    self.tally = tally
    self.of = of
    self.stream = stream
  }

  func take(_ record: OutputRecord, _ event: EventID?, _ seen: Sighting) {
    var name = record.cells(tally.by)
    if tally.window != nil, let last = name.cells.popLast() {
      name.cells.append(windowStart(last).map { String($0) } ?? last)
    }
    guard let value = Int64(record.cell(tally.equals)) else {
      unreadable.append(seen)
      return
    }
    rows.update(name, fresh: Row()) { row in
      if tally.combine == .last {
        row.value = value
      } else {
        let (sum, overflow) = row.value.addingReportingOverflow(value)
        row.value = sum
        row.overflows = row.overflows || overflow
      }
      row.seen = row.seen.suffix(2) + [seen]
    }
  }

  func finish(_ evidence: OutputEvidence, _ findings: inout OutputFindings) {
    var due = OrderedTable<RowName, Due>()
    var badInputs = 0
    evidence.forEachInput { block, index in
      guard let (name, value) = group(block, index, evidence.fields) else {
        badInputs += 1
        return
      }
      due.update(name, fresh: Due()) { row in
        let (sum, overflow) = row.value.addingReportingOverflow(value)
        row.value = sum
        row.overflows = row.overflows || overflow
        row.count += 1
      }
    }
    for event in evidence.flushed.sorted() {
      let number = evidence.source.blockIndex(of: event.sequence, in: Int(event.source))
      guard let block = evidence.provider(Int(event.source), number),
        let index = block.index(of: event.sequence),
        let (name, value) = group(block, index, evidence.fields)
      else { continue }
      due.update(name, fresh: Due()) { $0.closing &+= value }
    }
    if badInputs > 0 {
      let field = of?.text ?? "a field"
      findings.gaps.append("\(badInputs) inputs have no whole number in \(field)")
      return
    }
    if rows.values.contains(where: \.overflows) || due.values.contains(where: \.overflows) {
      findings.gaps.append("a sum of \(stream) does not fit 64 bits")
    }
    compare(due, evidence, &findings)
    reportUnreadable(&findings)
  }

  private func group(
    _ block: EventBlock, _ index: Int, _ fields: InputFields
  ) -> (RowName, Int64)? {
    let json = fields.json(block, index)
    var cells = tally.per.map { fields.cell($0, block, index, json) }
    if let window = tally.window {
      var into = block.eventTime[index] % window
      if into < 0 { into += window }
      cells.append(String(block.eventTime[index] - into))
    }
    guard let of else { return (RowName(cells), 1) }
    return Int64(fields.cell(of, block, index, json)).map { (RowName(cells), $0) }
  }

  private func compare(
    _ due: OrderedTable<RowName, Due>, _ evidence: OutputEvidence,
    _ findings: inout OutputFindings
  ) {
    for (name, wanted) in zip(due.names, due.values) where wanted.count > 0 {
      findings.results.due &+= 1
      guard let row = rows[name] else {
        findings.results.missing &+= 1
        findings.results.blame(.job, 1)
        let inputs = inputs(of: name, evidence)
        findings.facts.add("E2", event: inputs.first) {
          Case(
            subject: inputs.first.map { .event($0) } ?? .result(0), event: inputs.first,
            conclusion: "So \(stream) has no row \(name.text), which \(wanted.count) inputs make: "
              + "\(list(inputs, of: wanted.count)).")
        }
        continue
      }
      if row.value == wanted.value || row.value == wanted.value &+ wanted.closing { continue }
      report(name, row, wanted, evidence, &findings)
    }
    for (name, row) in zip(rows.names, rows.values) where due[name] == nil {
      findings.results.extra &+= 1
      findings.results.blame(.job, 1)
      findings.facts.add("E3") {
        Case(
          subject: .entry(row.seen[0].entry), entries: row.seen.map(\.entry),
          conclusion: "So \(stream) has the row \(name.text) with \(row.value), and no input "
            + "belongs to it.")
      }
    }
  }

  private func report(
    _ name: RowName, _ row: Row, _ wanted: Due, _ evidence: OutputEvidence,
    _ findings: inout OutputFindings
  ) {
    findings.results.different &+= 1
    findings.results.blame(.job, 1)
    let inputs = inputs(of: name, evidence)
    let (difference, overflow) = row.value.subtractingReportingOverflow(wanted.value)
    let amount = overflow ? "far" : String(difference.magnitude)
    let kind = row.value < wanted.value ? "too few: inputs are lost" : "too many: doubled"
    findings.facts.add("E4", event: inputs.first) {
      Case(
        subject: inputs.first.map { .event($0) } ?? .entry(row.seen[0].entry),
        event: inputs.first, entries: row.seen.map(\.entry),
        conclusion: "So row \(name.text) of \(stream) says \(row.value) where its inputs make "
          + "\(wanted.value), \(amount) \(kind). Its inputs: \(list(inputs, of: wanted.count)).")
    }
    findings.facts.addCause("E4", row.value < wanted.value ? "C3" : "C4")
  }

  /// The first inputs of a group, for a few groups.
  private func inputs(of name: RowName, _ evidence: OutputEvidence) -> [EventID] {
    if told >= Fact.toldCases * 2 { return [] }
    told += 1
    var found: [EventID] = []
    evidence.forEachInput { block, index in
      if found.count < 8, group(block, index, evidence.fields)?.0 == name {
        found.append(block.event(index))
      }
    }
    return found
  }

  private var told = 0

  private func list(_ events: [EventID], of count: UInt64) -> String {
    if events.isEmpty { return "\(count) events" }
    let more = count > UInt64(events.count) ? " and \(count - UInt64(events.count)) more" : ""
    return events.map(\.text).joined(separator: ", ") + more
  }

  private func reportUnreadable(_ findings: inout OutputFindings) {
    for seen in unreadable {
      findings.facts.add("D2") {
        Case(
          subject: .entry(seen.entry), entries: [seen.entry],
          conclusion: "So the record of \(stream) at \(seen.text) has no whole number in "
            + "\(tally.equals.text).")
      }
    }
  }
}

/// The start of a window in nanoseconds since 1970: a whole number is seconds, milliseconds,
/// microseconds or nanoseconds by its size, a text an instant of RFC 3339.
func windowStart(_ text: String) -> Int64? {
  if let number = Int64(text) {
    switch number.magnitude {
    case 0..<100_000_000_000: return number * 1_000_000_000
    case 0..<100_000_000_000_000: return number * 1_000_000
    case 0..<100_000_000_000_000_000: return number * 1_000
    default: return number
    }
  }
  do throws(ValueRefusal) {
    return try parseInstant(text).ns
  } catch {
    return nil
  }
}
