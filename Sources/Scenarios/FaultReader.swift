import Model

/// Reads the faults of a scenario and checks that each can be carried out.
struct FaultReader {
  let root: ReadSection
  let log: ProblemLog
  /// Nil to the end of a trace, whose length the scenario does not know.
  let measure: Nanoseconds?
  /// False when the phases are faulty: no fault is called late then.
  let isMeasured: Bool
  let resources: Resources?
  let backbone: BackboneChoice?
  let sources: Int?

  func read() -> FaultSection? {
    let plan = plan()
    let draw = draw()
    guard let plan, let draw, root.text("faults.guard") != nil else { return nil }
    if draw != nil, plan.contains(where: \.drawn), let node = root.find("faults.draw").node {
      log.add(
        node.keyMark, "faults.draw was carried out already: the plan has faults that were drawn",
        hint: "leave draw out, or take the drawn faults from the plan")
    }
    // Stable, so that faults of the same instant keep the order of the file.
    let ordered = plan.enumerated().sorted {
      ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
    }
    return FaultSection(plan: ordered.map(\.element), draw: draw)
  }

  private func plan() -> [PlannedFault]? {
    switch root.find("faults.plan") {
    case .faulty: return nil
    case .absent, .byDefault: return []
    case .given(let node):
      guard case .list(let elements) = node.value else { return nil }
      let faults = elements.map { element -> PlannedFault? in
        guard case .section(let section) = element.value else { return nil }
        return fault(section)
      }
      return faults.contains(nil) ? nil : faults.compactMap { $0 }
    }
  }

  private func fault(_ section: ReadSection) -> PlannedFault? {
    let kind = section.choice("kind", FaultKind.self)
    let target: FaultTarget?
    if case .target(let given)? = section.find("target").value {
      target = given
    } else {
      target = nil
    }
    if let kind, let target { checkTarget(kind, target, section) }
    let at = section.duration("at")
    let duration = section.duration("for")
    if let at, let duration { checkEnd(at, duration, section) }
    if let kind, let duration { checkAmounts(kind, duration, section) }
    guard let kind, let target, let at, let duration, let ratio = section.ratio("ratio"),
      let by = section.optional("by", { $0.spread("by") }), let drawn = section.truth("drawn")
    else { return nil }
    return PlannedFault(
      kind: kind, target: target, at: at, duration: duration, ratio: ratio, by: by, drawn: drawn)
  }

  private func checkEnd(_ at: Nanoseconds, _ duration: Nanoseconds, _ section: ReadSection) {
    guard isMeasured, let measure, at + duration > measure else { return }
    guard let mark = section.find("at").node?.mark else { return }
    log.add(
      mark,
      "the fault ends at \(formatDuration(at + duration)), after the measure phase "
        + "(\(formatDuration(measure)))",
      hint: "start it earlier, shorten it, or lengthen phases.measure")
  }

  private func checkAmounts(_ kind: FaultKind, _ duration: Nanoseconds, _ section: ReadSection) {
    if duration == 0, kind != .crash {
      let given = section.find("for").node?.mark
      guard let mark = given ?? section.find("kind").node?.mark else { return }
      log.add(
        mark, "\(section.path): a \(kind.rawValue) of 0s does nothing",
        hint: "say how long, such as for: 2s")
    }
    if kind == .delay, case .absent = section.find("by") {
      log.add(
        section.find("kind").node?.mark ?? section.mark,
        "\(section.path).by is missing: a delay needs a length",
        hint: "such as by: 50ms..500ms")
    }
    if case .given(let node) = section.find("by"), case .spread(let spread) = node.value,
      spread.p99 == 0
    {
      log.add(node.mark, "\(section.path).by: 0s is no delay")
    }
    if case .given(let node) = section.find("ratio"), case .ratio(let ratio) = node.value,
      ratio.numerator == 0
    {
      log.add(node.mark, "\(section.path).ratio: a fault of no message does nothing")
    }
  }

  // Targets.

  private func checkTarget(_ kind: FaultKind, _ target: FaultTarget, _ section: ReadSection) {
    guard let mark = section.find("target").node?.mark else { return }
    if backbone?.kind == .null {
      log.add(
        section.find("kind").node?.mark ?? mark,
        "\(kind.rawValue) cannot be carried out on backbone 'null'",
        hint: "it delivers nothing: leave the fault out")
      return
    }
    if backbone?.kind == .kafka, let reason = refusal(kind, target) {
      log.add(
        section.find("kind").node?.mark ?? mark,
        "\(kind.rawValue) cannot be carried out on \(target.text)", hint: reason)
      return
    }
    guard Self.allows(kind, target) else {
      log.add(
        mark, "\(kind.rawValue) cannot be carried out on \(target.text)",
        hint: "in this version it takes \(Self.targets(of: kind))")
      return
    }
    switch target {
    case .node(let role, let index?): checkIndex(role, index, mark)
    case .leader(let stream, let partition): checkLeader(stream, partition, mark)
    default: break
    }
  }

  private func checkLeader(_ stream: String, _ partition: Int, _ mark: YAMLMark) {
    guard let sink = root.text("sink.stream") else { return }
    let known = [inputStream(besideResults: sink), sink]
    if !known.contains(stream) {
      log.add(
        mark, "no stream '\(stream)'", hint: "one of: \(known.joined(separator: ", "))")
    } else if let partitions = resources?.partitions, partition >= partitions {
      log.add(
        mark, "\(stream) has no partition \(partition)",
        hint: "they are counted from 0: the last one is \(partitions - 1)")
    }
  }

  /// Why a fault cannot be carried out on a real cluster; nil when it can.
  private func refusal(_ kind: FaultKind, _ target: FaultTarget) -> String? {
    guard kind == .crash || kind == .pause else {
      return "faults of messages need a model in this version: leave it out"
    }
    if backbone?.bootstrap == nil { return nil }
    switch target {
    case .node(.broker, _), .leader:
      return "backbone.bootstrap is set, so Weir did not launch it: leave it out"
    default: return nil
    }
  }

  private func checkIndex(_ role: FaultTarget.Role, _ index: Int, _ mark: YAMLMark) {
    let count: Int?
    switch role {
    case .broker: count = resources?.brokers
    case .engine: count = 1
    case .task, .consumer, .sink: count = resources?.slots
    case .producer: count = sources
    }
    guard let count, index > count else { return }
    log.add(
      mark, "there is no \(role.rawValue)-\(index)",
      hint: count == 1
        ? "there is one: \(role.rawValue)" : "the last one is \(role.rawValue)-\(count)")
  }

  /// Which faults this version can carry out on which target.
  static func allows(_ kind: FaultKind, _ target: FaultTarget) -> Bool {
    switch (kind, target) {
    case (.crash, .node(let role, _)), (.pause, .node(let role, _)):
      return role == .engine || role == .broker
    case (.crash, .leader), (.pause, .leader): return true
    case (.partition, .link(let a, let b, _)):
      let others: [FaultTarget.Role] = [.producer, .consumer, .engine, .sink]
      return (a == .broker && others.contains(b)) || (b == .broker && others.contains(a))
    case (.drop, .node(let role, _)), (.delay, .node(let role, _)),
      (.duplicate, .node(let role, _)), (.reorder, .node(let role, _)),
      (.dropResponse, .node(let role, _)):
      return [.producer, .consumer, .sink, .broker].contains(role)
    default: return false
    }
  }

  /// The targets of a kind of fault, in words.
  static func targets(of kind: FaultKind) -> String {
    switch kind {
    case .crash, .pause: "engine, broker or leader(STREAM/PARTITION)"
    case .partition: "a link: producer<->broker, consumer<->broker, engine<->broker, sink->broker"
    case .drop, .delay, .duplicate, .reorder, .dropResponse: "producer, consumer, sink or broker"
    }
  }

  // Draws.

  /// Nil when it is faulty; nil inside without a draw.
  private func draw() -> FaultDraw?? {
    switch root.find("faults.draw") {
    case .faulty: return .none
    case .absent, .byDefault: return .some(nil)
    case .given(let node):
      guard case .section(let section) = node.value else { return .none }
      return draw(section, node.keyMark).map { .some($0) } ?? .none
    }
  }

  private func draw(_ section: ReadSection, _ mark: YAMLMark) -> FaultDraw? {
    if backbone?.kind == .null {
      log.add(
        mark, "no fault can be carried out on backbone 'null'", hint: "leave faults.draw out")
    } else if isMeasured, measure == nil {
      log.add(
        mark, "faults.draw needs to know how long the measure phase is",
        hint: "write phases.measure")
    }
    let longest = section.duration("longest")
    if isMeasured, let measure, let longest, longest > measure {
      log.add(
        section.find("longest").node?.mark ?? mark,
        "faults.draw.longest: \(formatDuration(longest)) is above the measure phase "
          + "(\(formatDuration(measure)))", hint: "write a shorter longest")
    }
    let kinds = drawnKinds(section)
    guard let count = section.count("count"), let longest, let kinds,
      let atOnce = section.count("at_once")
    else { return nil }
    return FaultDraw(kinds: kinds, count: Int(count), longest: longest, atOnce: Int(atOnce))
  }

  private func drawnKinds(_ section: ReadSection) -> [FaultKind]? {
    guard let node = section.find("kinds").node, case .list(let elements) = node.value else {
      return nil
    }
    var kinds: [FaultKind] = []
    for element in elements {
      guard case .text(let name) = element.value, let kind = FaultKind(rawValue: name) else {
        return nil
      }
      if backbone?.kind == .kafka, kind != .crash, kind != .pause {
        log.add(
          element.mark, "faults.draw.kinds: \(name) cannot be carried out on backbone 'kafka'",
          hint: "take of crash, pause")
        return nil
      }
      if kinds.contains(kind) {
        log.add(element.mark, "faults.draw.kinds: \(name) is given twice")
        return nil
      }
      kinds.append(kind)
    }
    if kinds.isEmpty {
      log.add(node.mark, "faults.draw.kinds: the list is empty", hint: "such as [delay]")
      return nil
    }
    return kinds
  }
}
