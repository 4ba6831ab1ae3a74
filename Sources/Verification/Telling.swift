import Bytes
import History
import Model
import Queries

extension Judge {
  /// Makes anomalies of the facts: reads the history again for the entries that prove the first
  /// cases of each class. Whether they are permitted is not said yet; see `assess`.
  /// Throws when the file cannot be opened or is no history.
  public func tell(
    _ judgement: Judgement, from path: String
  ) throws(HistoryError) -> [Anomaly] {
    let teller = Teller(judgement.facts)
    if !judgement.facts.isEmpty {
      _ = try HistoryFile.read(path) { bytes, firstEntry, startAt in
        teller.read(bytes, firstEntry, startAt)
      }
    }
    return anomalies(judgement, stories: teller)
  }

  /// The same without stories, for a run that kept no file.
  public func tell(_ judgement: Judgement) -> [Anomaly] {
    anomalies(judgement, stories: Teller([]))
  }

  private func anomalies(_ judgement: Judgement, stories: Teller) -> [Anomaly] {
    judgement.facts.map { fact in
      let named = anomalyClass(fact.id)
      return Anomaly(
        id: fact.id, name: named?.name ?? fact.id, definition: named?.definition ?? "",
        count: fact.count, witnesses: fact.cases.map { stories.witness($0) }, others: fact.others)
    }
  }
}

/// A, B, ... by start; numbers beyond 26: the letters of reports.
private func faultLetter(_ number: UInt64) -> String {
  number < 26 ? String(UnicodeScalar(UInt8(65 + number))) : String(number + 1)
}

/// Collects the entries that touch the cases to be told.
private final class Teller {
  /// Faults by number, in words.
  private var faults: [UInt64: String] = [:]
  private var events: Set<EventID> = []
  private var keys: Set<UInt64> = []
  private var transactions: Set<UInt64> = []
  private var tasks: Set<UInt64> = []
  private var positions: Set<UInt64> = []
  private var entries: Set<UInt64> = []
  private var stories: [Subject: [Citation]] = [:]
  /// What happened to the engine and its transactions, for stories that span it.
  private var background: [Citation] = []
  private var decisions: [UInt64: [Citation]] = [:]
  private var transactionsOf: [UInt64: Set<UInt64>] = [:]
  private let keptPerSubject = 64

  init(_ facts: [Fact]) {
    for fact in facts {
      for told in fact.cases {
        entries.formUnion(told.entries)
        switch told.subject {
        case .event(let event): events.insert(event)
        case .result(let key): keys.insert(key)
        case .transaction(let number): transactions.insert(number)
        case .task(let number): tasks.insert(number)
        case .position(let number): positions.insert(number)
        case .entry(let number): entries.insert(number)
        }
      }
    }
  }

  /// Eight steps at most: the first ones, and the last ones.
  func witness(_ told: Case) -> Witness {
    var story = stories[told.subject] ?? []
    for entry in told.entries {
      for citation in stories[.entry(entry)] ?? []
      where !story.contains(where: { $0.entry == entry }) {
        story.append(citation)
      }
    }
    if case .result(let key) = told.subject {
      for number in (transactionsOf[key] ?? []).sorted() { story += decisions[number] ?? [] }
    }
    story.sort { $0.entry < $1.entry }
    if let first = story.first?.entry, let last = story.last?.entry {
      let between = background.filter { citation in
        first < citation.entry && citation.entry < last
          && !story.contains { $0.entry == citation.entry }
      }
      story = (story + between.prefix(max(0, 8 - story.count))).sorted { $0.entry < $1.entry }
    }
    if story.count > 8 { story = Array(story.prefix(3)) + Array(story.suffix(5)) }
    return Witness(
      events: told.event.map { [$0] } ?? [], story: story, conclusion: told.conclusion)
  }

  func read(_ bytes: UnsafeRawBufferPointer, _ firstEntry: UInt64, _ startAt: Instant) -> Bool {
    var cursor = EntryCursor(bytes, firstEntry: firstEntry, startAt: startAt)
    do throws(DecodingError) {
      while let kind = try cursor.next() { try read(kind, &cursor) }
    } catch {
      return false
    }
    return true
  }

  private func cite(_ subject: Subject, _ entry: UInt64, _ at: Instant, _ sentence: String) {
    let known = stories[subject]?.count ?? 0
    if known < keptPerSubject {
      stories[subject, default: []].append(Citation(entry: entry, at: at, sentence: sentence))
    }
  }

  private func read(_ kind: EntryKind, _ cursor: inout EntryCursor) throws(DecodingError) {
    let (entry, at) = (cursor.entry, cursor.at)
    let wanted = entries.contains(entry)
    switch kind {
    case .sent:
      _ = try cursor.signed()
      try run(&cursor, wanted) { id, _ in "Event \(id) was handed to the client." }
    case .acknowledged:
      let (partition, offset) = (try cursor.number(), try cursor.number())
      try run(&cursor, wanted) { id, place in
        offset == LogChecker.noOffset
          ? "The log acknowledged event \(id)."
          : "The log acknowledged event \(id) at offset \(offset &+ place) of partition "
            + "\(partition)."
      }
    case .failed:
      let code = try cursor.text()
      try run(&cursor, wanted) { id, _ in "The send of event \(id) failed: \(code)." }
    case .unknown:
      let code = try cursor.text()
      try run(&cursor, wanted) { id, _ in "The outcome of the send of \(id) is unknown: \(code)." }
    case .polled, .readBack: try records(kind, &cursor, wanted)
    case .output: try output(&cursor)
    case .jobEnded:
      background.append(
        Citation(entry: entry, at: at, sentence: "The job ended \(try cursor.text())."))
      if wanted { stories[.entry(entry)] = background.suffix(1) }
    case .lateDropped: try drop(&cursor)
    case .watermark:
      let (task, time) = (try cursor.number(), try cursor.signed())
      if tasks.contains(task) && wanted {
        cite(.task(task), entry, at, "The watermark of task \(task) was set to \(time).")
      }
    case .emitted, .observed: try rows(kind, &cursor)
    case .transactionBegan, .commitRequested, .committed, .aborted, .commitUnknown:
      try transaction(kind, &cursor)
    case .positionCommitted: try position(&cursor, wanted)
    case .faultRequested:
      let number = try cursor.number()
      _ = try cursor.text()
      faults[number] = try cursor.text()
    case .engineStarted, .engineStopped, .restored, .faultConfirmed, .checkpointCompleted:
      try backdrop(kind, &cursor)
    default:
      try cursor.skip(kind)
      if wanted { cite(.entry(entry), entry, at, "The history has an entry \(kind.name).") }
    }
  }

  private func records(
    _ kind: EntryKind, _ cursor: inout EntryCursor, _ wanted: Bool
  ) throws(DecodingError) {
    let (task, partition, offset) = (
      try cursor.number(), try cursor.number(), try cursor.number()
    )
    _ = try cursor.word()
    try run(&cursor, wanted) { id, place in
      let spot = "at offset \(offset &+ place) of partition \(partition)."
      return kind == .polled
        ? "Task \(task) of the engine read event \(id) \(spot)"
        : "Weir read event \(id) back from the input, \(spot)"
    }
  }

  private func position(_ cursor: inout EntryCursor, _ wanted: Bool) throws(DecodingError) {
    let (entry, at) = (cursor.entry, cursor.at)
    let (partition, offset) = (try cursor.number(), try cursor.number())
    let sentence = "Position \(offset) of partition \(partition) was committed."
    if positions.contains(partition) {
      remember(.position(partition), entry, at, sentence)
    } else if wanted {
      cite(.entry(entry), entry, at, sentence)
    }
  }

  /// Keeps the last steps of a subject that is touched all the time.
  private func remember(_ subject: Subject, _ entry: UInt64, _ at: Instant, _ sentence: String) {
    cite(subject, entry, at, sentence)
    if entries.contains(entry) {
      stories[.entry(entry)] = [Citation(entry: entry, at: at, sentence: sentence)]
    }
    if let story = stories[subject], story.count > 4,
      !story.contains(where: { entries.contains($0.entry) })
    {
      stories[subject]?.removeFirst()
    }
  }

  private func run(
    _ cursor: inout EntryCursor, _ wanted: Bool, _ sentence: (String, UInt64) -> String
  ) throws(DecodingError) {
    var place: UInt64 = 0
    let (entry, at) = (cursor.entry, cursor.at)
    var first: EventID?
    let run = try cursor.run { source, sequence in
      let event = EventID(source: source, sequence: sequence)
      if first == nil { first = event }
      if events.contains(event) {
        cite(.event(event), entry, at, sentence(event.text, place))
      }
      place &+= 1
    }
    if wanted, let first {
      let more = run.count > 1 ? " \(run.count - 1) more of its source went with it." : ""
      cite(.entry(entry), entry, at, sentence(first.text, 0) + more)
    }
  }

  private func drop(_ cursor: inout EntryCursor) throws(DecodingError) {
    let (entry, at) = (cursor.entry, cursor.at)
    _ = try cursor.number()
    let (step, source) = (try cursor.number(), try cursor.number())
    let event = EventID(source: UInt32(clamping: source), sequence: try cursor.number())
    let watermark = try cursor.signed()
    if events.contains(event) {
      cite(
        .event(event), entry, at,
        "Operator \(step) dropped event \(event.text) as late; the watermark stood at "
          + "\(watermark).")
    }
  }

  private func rows(_ kind: EntryKind, _ cursor: inout EntryCursor) throws(DecodingError) {
    let (entry, at) = (cursor.entry, cursor.at)
    let (place, second) = (try cursor.number(), try cursor.number())
    let count = try cursor.number()
    for index in 0..<count {
      let row = try cursor.row()
      let key = digest64(row.key)
      if !keys.contains(key) { continue }
      let name = row.key.withUnsafeBytes(cellText)
      let value = "\(hexadecimal(row.valueDigest).prefix(8)), last event \(row.lineage.text)"
      if kind == .observed {
        cite(
          .result(key), entry, at,
          "A reader of the results was given \(name), value \(value), at offset "
            + "\(second &+ index) of partition \(place).")
      } else {
        let inside = second == 0 ? "" : " in transaction \(second)"
        transactionsOf[key, default: []].insert(second)
        cite(
          .result(key), entry, at,
          "Task \(place) handed \(name), value \(value), to the sink\(inside).")
      }
    }
  }

  /// A record of the output, where a case names it.
  private func output(_ cursor: inout EntryCursor) throws(DecodingError) {
    let (entry, at) = (cursor.entry, cursor.at)
    let (partition, offset) = (try cursor.number(), try cursor.number())
    _ = try cursor.number()
    _ = try cursor.bytes()
    let value = try cursor.bytes()
    if !entries.contains(entry) { return }
    let text = String(decoding: value.prefix(120), as: UTF8.self).filter { $0 != "\n" }
    let more = value.count > 120 ? "..." : ""
    let printable = text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 0xfffd }
    let shown = printable ? text + more : "\(value.count) bytes"
    cite(
      .entry(entry), entry, at,
      "A reader of the output was given, at offset \(offset) of partition \(partition): \(shown)")
  }

  private func transaction(
    _ kind: EntryKind, _ cursor: inout EntryCursor
  ) throws(DecodingError) {
    let (entry, at) = (cursor.entry, cursor.at)
    let number = try cursor.number()
    var sentence = "Transaction \(number) "
    switch kind {
    case .transactionBegan: sentence += "began."
    case .commitRequested: sentence += "was to be committed with checkpoint \(try cursor.number())."
    case .committed: sentence += "was committed."
    case .aborted: sentence += "was aborted."
    default: sentence += "has an unknown end: \(try cursor.text())."
    }
    if transactions.contains(number) { cite(.transaction(number), entry, at, sentence) }
    if !keys.isEmpty && (kind == .committed || kind == .aborted) {
      decisions[number, default: []].append(Citation(entry: entry, at: at, sentence: sentence))
    }
  }

  private func backdrop(_ kind: EntryKind, _ cursor: inout EntryCursor) throws(DecodingError) {
    let (entry, at) = (cursor.entry, cursor.at)
    if kind == .engineStopped {
      let citation = Citation(entry: entry, at: at, sentence: "The engine stopped.")
      background.append(citation)
      if entries.contains(entry) { stories[.entry(entry)] = [citation] }
      return
    }
    let number = try cursor.number()
    switch kind {
    case .engineStarted:
      background.append(
        Citation(entry: entry, at: at, sentence: "The engine runs with \(number) tasks."))
    case .restored:
      let from = number == 0 ? "its empty state" : "checkpoint \(number)"
      background.append(
        Citation(entry: entry, at: at, sentence: "The engine started from \(from)."))
    case .faultConfirmed:
      let name = faults[number].map { "\(faultLetter(number)) (\($0))" } ?? faultLetter(number)
      background.append(Citation(entry: entry, at: at, sentence: "Fault \(name) took effect."))
    default:
      if entries.contains(entry) || !transactions.isEmpty {
        background.append(
          Citation(entry: entry, at: at, sentence: "Checkpoint \(number) was complete."))
      }
    }
  }
}
