import Model
import Scenarios
import Schemas

/// The records of the output are the rows of something else, by the fields that name them: a row
/// that is not there is missing (E2), one that is there again is doubled (S2), another value under
/// the same name is wrong (E1), a name that nothing expects is a phantom (E3).
final class EqualCheck: OutputFold {
  private let number: Int
  private let by: [FieldPath]
  private let ignore: [FieldPath]
  private let source: OutputCheck.RowSource
  private let check: OutputCheck
  private var rows = OrderedTable<RowName, Rows>()
  private var isClosed = false
  private var problem = ""

  private struct Rows {
    /// Values that are expected, and values that were seen, in their order.
    var due: [(text: String, event: EventID?)] = []
    var seen: [(text: String, event: EventID?, place: Sighting)] = []
  }

  init(
    _ number: Int, _ by: [FieldPath], ignore: [FieldPath], to source: OutputCheck.RowSource,
    _ check: OutputCheck
  ) {
    self.number = number
    self.by = by
    self.ignore = ignore
    self.source = source
    self.check = check
  }

  func take(_ record: OutputRecord, _ event: EventID?, _ seen: Sighting) {
    let text = text(of: record)
    rows.update(record.cells(by), fresh: Rows()) { $0.seen.append((text, event, seen)) }
  }

  /// A row that is expected.
  func expect(_ key: [UInt8]?, _ value: [UInt8]) {
    guard let text = String(validating: value, as: UTF8.self), let json = JSONValue(parsing: text)
    else {
      problem = "a row of \(source.text) is not JSON"
      return
    }
    let record = OutputRecord(key: key, value: value, json: json)
    if !record.meets(check.conditions) { return }
    let event = identity(
      of: record, StreamChoice(name: check.stream, encoding: .json, locator: .fields))
    let value = self.text(of: record)
    rows.update(record.cells(by), fresh: Rows()) { $0.due.append((value, event)) }
  }

  /// All rows are there; or why not.
  func close(_ problem: String) {
    isClosed = true
    if !problem.isEmpty { self.problem = problem }
  }

  /// Rows of files and commands have no key.
  private var comparesKeys: Bool {
    switch source {
    case .twin, .run: true
    case .file, .command: false
    }
  }

  /// What is compared of a record.
  private func text(of record: OutputRecord) -> String {
    var json = record.json ?? .null
    for field in ignore {
      if case .value(let names) = field { json = json.without(names[...]) }
    }
    let isCompared = comparesKeys && !by.contains(.key) && !ignore.contains(.key)
    return (isCompared ? record.cell(.key) + " " : "") + compared(json)
  }

  func finish(_ evidence: OutputEvidence, _ findings: inout OutputFindings) {
    if !isClosed || !problem.isEmpty {
      let reason = problem.isEmpty ? "the rows of \(source.text) were never told" : problem
      findings.gaps.append("check \(number + 1) of the output: \(reason)")
      return
    }
    for (name, row) in zip(rows.names, rows.values) {
      findings.results.due &+= UInt64(row.due.count)
      compare(name, row, evidence, &findings)
    }
  }

  private func compare(
    _ name: RowName, _ row: Rows, _ evidence: OutputEvidence, _ findings: inout OutputFindings
  ) {
    var extra = row.seen
    var missing: [(text: String, event: EventID?)] = []
    for due in row.due {
      if let place = extra.firstIndex(where: { $0.text == due.text }) {
        extra.remove(at: place)
      } else if !isExcused(due.event, evidence) {
        missing.append(due)
      }
    }
    // Closing events come with rows that another way to make rows need not know.
    extra.removeAll { found in found.event.map { evidence.flushed.contains($0) } ?? false }
    for found in extra {
      if row.due.contains(where: { $0.text == found.text }) {
        report("S2", name, found, nil, &findings)
      } else if let due = missing.first {
        missing.removeFirst()
        report("E1", name, found, due.text, &findings)
      } else {
        report(row.due.isEmpty ? "E3" : "S2", name, found, nil, &findings)
      }
    }
    for due in missing { report(missing: due, name, &findings) }
  }

  /// The event of an expected row did not reach the log, or only closed windows.
  private func isExcused(_ event: EventID?, _ evidence: OutputEvidence) -> Bool {
    guard let event, evidence.contract.writes.locator == .fields else { return false }
    return evidence.flushed.contains(event) || evidence.inputs.place(event) == nil
  }

  private func report(
    _ id: String, _ name: RowName, _ found: (text: String, event: EventID?, place: Sighting),
    _ expected: String?, _ findings: inout OutputFindings
  ) {
    if id == "E1" { findings.results.different &+= 1 } else { findings.results.extra &+= 1 }
    findings.results.blame(.job, 1)
    let what =
      switch id {
      case "E1": "is \(shortened(found.text)) where \(source.text) has \(shortened(expected ?? ""))"
      case "S2": "is there once more: \(shortened(found.text))"
      default: "is there, and \(source.text) has none: \(shortened(found.text))"
      }
    findings.facts.add(id, event: found.event) {
      Case(
        subject: found.event.map { .event($0) } ?? .entry(found.place.entry), event: found.event,
        entries: [found.place.entry],
        conclusion: "So row \(name.text) of \(check.stream), at \(found.place.text), \(what).")
    }
  }

  private func report(
    missing due: (text: String, event: EventID?), _ name: RowName,
    _ findings: inout OutputFindings
  ) {
    findings.results.missing &+= 1
    findings.results.blame(.job, 1)
    findings.facts.add("E2", event: due.event) {
      Case(
        subject: due.event.map { .event($0) } ?? .result(0), event: due.event,
        conclusion: "So \(check.stream) has no row \(name.text), which \(source.text) has: "
          + "\(shortened(due.text)).")
    }
  }

  private func shortened(_ text: String) -> String {
    text.count > 120 ? "\(text.prefix(117))..." : text
  }
}

/// A document as it is compared: members by name, numbers by value.
private func compared(_ json: JSONValue) -> String { json.withPlainNumbers.canonicalText }

extension JSONValue {
  fileprivate var withPlainNumbers: JSONValue {
    switch self {
    case .number: .number(cellText(self))
    case .array(let elements): .array(elements.map(\.withPlainNumbers))
    case .object(let members):
      .object(members.map { Member(name: $0.name, value: $0.value.withPlainNumbers) })
    default: self
    }
  }

  /// The document without what stands below a path of names.
  fileprivate func without(_ names: ArraySlice<String>) -> JSONValue {
    guard let name = names.first, case .object(let members) = self else { return self }
    return .object(
      members.compactMap { member in
        if member.name != name { return member }
        if names.count == 1 { return nil }
        return Member(name: name, value: member.value.without(names.dropFirst()))
      })
  }
}
