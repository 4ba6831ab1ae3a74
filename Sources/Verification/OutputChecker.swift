import Bytes
import History
import Model
import Scenarios
import Schemas
import Workloads

/// Where a record of the output was seen.
struct Sighting {
  var entry: UInt64
  var at: Instant
  var partition: UInt64
  var offset: UInt64

  var text: String { "offset \(offset) of partition \(partition)" }
}

/// What checks of an output are given at the end.
struct OutputEvidence {
  let contract: OutputContract
  let inputs: InputStates
  let fields: InputFields
  let flushed: Set<EventID>
  let commits: CommitLog
  let source: any EventSource
  let provider: (Int, Int) -> EventBlock?

  /// Calls `visit` with every event that the job was given.
  func forEachInput(_ visit: (EventBlock, Int) -> Void) {
    inputs.forEach(source, provider, visit)
  }

  /// The entries that tell that the job had committed past an event, and that it was gone after
  /// that; none when it never committed so far.
  func commitStory(_ event: EventID) -> [UInt64] {
    guard let place = inputs.place(event) else { return [] }
    return commits.story(partition: place.partition, offset: place.offset)
  }

  func placeText(_ event: EventID) -> String {
    inputs.place(event).map { "offset \($0.offset) of partition \($0.partition)" } ?? "no offset"
  }
}

/// When the job committed which positions, and when it was gone.
struct CommitLog {
  /// By partition, in order.
  private var positions: [[(offset: Int64, entry: UInt64)]]
  private var stops: [UInt64] = []

  init(partitions: Int) { positions = Array(repeating: [], count: partitions) }

  mutating func committed(_ partition: UInt64, _ offset: UInt64, _ entry: UInt64) {
    guard partition < UInt64(positions.count) else { return }
    positions[Int(partition)].append((Int64(clamping: offset), entry))
  }

  mutating func stopped(_ entry: UInt64) { stops.append(entry) }

  func story(partition: Int, offset: Int64) -> [UInt64] {
    guard partition < positions.count,
      let past = positions[partition].first(where: { $0.offset > offset })
    else { return [] }
    return [past.entry] + stops.filter { $0 > past.entry }.prefix(1)
  }
}

/// One check of an output: folds its records, and says at the end what is wrong.
protocol OutputFold: AnyObject {
  func take(_ record: OutputRecord, _ event: EventID?, _ seen: Sighting)
  func finish(_ evidence: OutputEvidence, _ findings: inout OutputFindings)
}

/// What the checks of an output found.
struct OutputFindings {
  let facts: FactBook
  var results = ResultCounts()
  var gaps: [String] = []
  let recorder: (any SampleRecorder)?
}

/// Holds the output of a job against the input that it was given. Memory follows the output.
public final class OutputChecker {
  let contract: OutputContract
  private let facts: FactBook
  private var inputs = InputStates()
  private var flushed: Set<EventID> = []
  private var commits: CommitLog
  private let folds: [any OutputFold]
  private let needsJSON: Bool
  private(set) var records: UInt64 = 0

  init(_ contract: OutputContract, partitions: Int, facts: FactBook) {
    self.contract = contract
    self.facts = facts
    commits = CommitLog(partitions: partitions)
    needsJSON = contract.writes.encoding == .json
    folds = contract.checks.enumerated().map { makeFold($0.offset, $0.element, contract) }
  }

  func read(_ kind: EntryKind, _ cursor: inout EntryCursor) throws(DecodingError) {
    switch kind {
    case .readBack: try inputs.readRun(&cursor)
    case .output: try readRecord(&cursor)
    case .flushed:
      _ = try cursor.number()
      let source = UInt32(clamping: try cursor.number())
      flushed.insert(EventID(source: source, sequence: try cursor.number()))
    case .positionCommitted:
      commits.committed(try cursor.number(), try cursor.number(), cursor.entry)
    case .engineStopped: commits.stopped(cursor.entry)
    case .expectedRow:
      let check = try cursor.number()
      let hasKey = try cursor.number() == 1
      let key = [UInt8](try cursor.bytes())
      let value = [UInt8](try cursor.bytes())
      fold(check)?.expect(hasKey ? key : nil, value)
    case .expectedRows:
      let check = try cursor.number()
      _ = try cursor.number()
      fold(check)?.close(try cursor.text())
    case .jobEnded:
      let entry = cursor.entry
      let how = try cursor.text()
      facts.add("V10") {
        Case(
          subject: .entry(entry), entries: [entry],
          conclusion: "So the job ended \(how), although nothing had been asked of it.")
      }
    default: try cursor.skip(kind)
    }
  }

  private func fold(_ check: UInt64) -> EqualCheck? {
    check < UInt64(folds.count) ? folds[Int(check)] as? EqualCheck : nil
  }

  private func readRecord(_ cursor: inout EntryCursor) throws(DecodingError) {
    let (entry, at) = (cursor.entry, cursor.at)
    let (partition, offset) = (try cursor.number(), try cursor.number())
    let hasKey = try cursor.number() == 1
    let key = [UInt8](try cursor.bytes())
    let value = [UInt8](try cursor.bytes())
    let seen = Sighting(entry: entry, at: at, partition: partition, offset: offset)
    var record = OutputRecord(key: hasKey ? key : nil, value: value)
    records &+= 1
    if needsJSON {
      guard let text = String(validating: value, as: UTF8.self),
        let json = JSONValue(parsing: text)
      else { return undecodable(seen, "is not JSON") }
      record.json = json
    }
    let event = identity(of: record, contract.writes)
    for (fold, check) in zip(folds, contract.checks) where record.meets(check.conditions) {
      fold.take(record, event, seen)
    }
  }

  private func undecodable(_ seen: Sighting, _ reason: String) {
    let stream = contract.writes.name
    facts.add("D2") {
      Case(
        subject: .entry(seen.entry), entries: [seen.entry],
        conclusion: "So the record of \(stream) at \(seen.text) \(reason).")
    }
  }

  /// Calls `visit` with every event that the job was given, and with its value as JSON.
  public func forEachInput(
    _ source: any EventSource, _ provider: (Int, Int) -> EventBlock?,
    _ visit: (EventBlock, Int, [UInt8]) -> Void
  ) {
    let fields = InputFields(contract)
    inputs.forEach(source, provider) { block, index in
      let text = fields.json(block, index)?.plainText ?? "null"
      visit(block, index, Array(text.utf8))
    }
  }

  func finish(_ judgement: inout Judgement, _ judge: Judge) {
    let evidence = OutputEvidence(
      contract: contract, inputs: inputs, fields: InputFields(contract), flushed: flushed,
      commits: commits, source: judge.context.workload.source, provider: judge.provider)
    var findings = OutputFindings(facts: facts, recorder: judge.context.recorder)
    for fold in folds { fold.finish(evidence, &findings) }
    if inputs.count == 0 { findings.gaps.append("the input was not read back") }
    judgement.gaps += findings.gaps
    judgement.results = findings.results
    judgement.results.found =
      findings.results.due &- findings.results.missing &- findings.results.different
  }
}

private func makeFold(
  _ number: Int, _ check: OutputCheck, _ contract: OutputContract
) -> any OutputFold {
  switch check.kind {
  case .unique(let by): UniqueCheck(by, stream: check.stream)
  case .eachOnce(let times): EachOnceCheck(times, contract)
  case .count(let tally): TallyCheck(tally, of: nil, stream: check.stream)
  case .sum(let of, let tally): TallyCheck(tally, of: of, stream: check.stream)
  case .equal(let by, let source, let ignore):
    EqualCheck(number, by, ignore: ignore, to: source, check)
  }
}

/// The event that a record names, where its stream is located by source and sequence.
func identity(of record: OutputRecord, _ stream: StreamChoice) -> EventID? {
  guard stream.locator == .fields else { return nil }
  if stream.encoding == .avro {
    return record.value.withUnsafeBytes { bytes in
      guard Framing.schemaID(of: bytes) != nil else { return nil }
      var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[Framing.length...]))
      do throws(DecodingError) {
        guard let source = UInt32(exactly: try reader.signed()),
          let sequence = UInt64(exactly: try reader.signed())
        else { return nil }
        return EventID(source: source, sequence: sequence)
      } catch {
        return nil
      }
    }
  }
  guard let source = UInt32(cellText(record.json?["source"])),
    let sequence = UInt64(cellText(record.json?["sequence"]))
  else { return nil }
  return EventID(source: source, sequence: sequence)
}
