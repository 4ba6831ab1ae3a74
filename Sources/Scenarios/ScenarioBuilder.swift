import Model

/// Makes a scenario of what the grammar read, and checks what no single key can know. A check that
/// needs a faulty value is left out: each `nil` below stands for a problem that was reported.
struct ScenarioBuilder {
  let root: ReadSection
  /// The tree before any key was refused, for checks that concern refused choices too.
  let nodes: YAMLNode
  let name: String
  let description: String?
  let workloadKind: WorkloadKindDescription?
  let log: ProblemLog

  func build() -> Scenario? {
    let workload = workloadChoice()
    let load = loadShape()
    checkTrace(workload, load)
    let backbone = backboneChoice()
    let job = jobChoice()
    let engine = engineChoice(job)
    let sink = sinkChoice()
    let resources = resources(backbone)
    let clock = clock(backbone)
    let phases = phases(load)
    checkStart(workload, phases)
    let faults = FaultReader(
      root: root, log: log, measure: phases.map(\.measure) ?? nil, isMeasured: phases != nil,
      resources: resources, backbone: backbone, sources: workload?.sources
    ).read()
    let expect = expectations(job)
    let report = reportSection()
    guard let workload, let load, let backbone, let engine, let sink, let resources, let clock,
      let phases, let faults, let expect, let report, let description, let name = scenarioName(),
      let demonstrates = root.choice("demonstrates", Demonstration.self), let seed = seed()
    else { return nil }
    return Scenario(
      name: name, description: description, demonstrates: demonstrates, seed: seed,
      workload: workload, load: load, backbone: backbone, engine: engine, sink: sink,
      resources: resources, faults: faults, clock: clock, phases: phases, expect: expect,
      report: report)
  }

  private func scenarioName() -> String? {
    root.optional("name") { $0.text("name") }.map { $0 ?? name }
  }

  private func seed() -> UInt64? {
    if case .seed(let seed)? = root.find("seed").value { seed } else { nil }
  }

  // Workload and load.

  private func workloadChoice() -> WorkloadChoice? {
    guard let kind = workloadKind else { return nil }
    let query = query(kind)
    let parameters = parameters(kind)
    guard root.text("workload.kind") != nil, let query, let parameters,
      let sources = root.optional("workload.sources", { $0.count("workload.sources") }),
      let trace = root.optional("workload.trace", { $0.text("workload.trace") }),
      case .instant(let start)? = root.find("workload.start").value,
      let partitions = root.count("resources.partitions")
    else { return nil }
    return WorkloadChoice(
      kind: kind.name, parameters: parameters, query: query,
      sources: sources.map { Int($0) } ?? kind.defaultSources, trace: trace, start: start,
      partitions: Int(partitions))
  }

  private func query(_ kind: WorkloadKindDescription) -> String? {
    let found = root.find("workload.query")
    guard case .given(let node) = found, case .text(let text) = node.value else {
      if case .absent = found { return kind.queries[0] }
      return nil
    }
    do throws(ValueRefusal) {
      return try parseChoice(text, among: kind.queries)
    } catch {
      log.add(node.mark, "workload.query", error)
      return nil
    }
  }

  private func parameters(_ kind: WorkloadKindDescription) -> [WorkloadChoice.Parameter]? {
    let section: ReadSection
    switch root.find("workload.parameters") {
    case .faulty: return nil
    case .given(let node):
      guard case .section(let given) = node.value else { return nil }
      section = given
    case .absent, .byDefault:
      section = ReadSection(
        path: "workload.parameters", mark: root.mark, keys: parameterKeys(kind), nodes: [:],
        doubtful: [])
    }
    var parameters: [WorkloadChoice.Parameter] = []
    for description in kind.parameters {
      guard let value = parameterValue(section.find(description.name).value) else { return nil }
      parameters.append(.init(name: description.name, value: value))
    }
    return parameters
  }

  private func parameterValue(_ value: ReadValue?) -> ParameterValue? {
    switch value {
    case .count(let count): .count(count)
    case .ratio(let ratio): .ratio(ratio)
    case .duration(let length): .duration(length)
    case .text(let name): .choice(name)
    default: nil
    }
  }

  private func loadShape() -> LoadShape? {
    switch root.text("load.shape") {
    case "constant": return root.rate("load.rate").map { .constant($0) }
    case "trace":
      guard case .speed(let speed)? = root.find("load.speed").value,
        let idleCap = root.optional("load.idle_cap", { $0.duration("load.idle_cap") })
      else { return nil }
      return .trace(speed: speed, idleCap: idleCap)
    default: return nil
    }
  }

  private func checkTrace(_ workload: WorkloadChoice?, _ load: LoadShape?) {
    guard let shape = root.find("load.shape").node, let workload, let load else { return }
    switch load {
    case .trace where workload.trace == nil:
      log.add(
        shape.mark, "load.shape: trace needs a trace to follow",
        hint: "write workload.trace, or give --trace FILE")
    case .constant where workload.trace != nil:
      guard let trace = root.find("workload.trace").node else { return }
      log.add(
        trace.keyMark, "workload.trace at another rate than its own is not in this version",
        hint: "write load: {shape: trace}")
    default: break
    }
  }

  // The system.

  private func backboneChoice() -> BackboneChoice? {
    checkTransactions()
    let acks = root.choice("backbone.acks", Acknowledgement.self)
    let idempotent = root.truth("backbone.idempotent")
    if let acks, acks != .all, idempotent == true {
      let place = root.find("backbone.acks").node ?? root.find("backbone.idempotent").node
      if let place {
        log.add(
          place.mark, "idempotent producers need acks: all, not \(acks.rawValue)",
          hint: "write idempotent: false beside it")
      }
    }
    guard let kind = root.choice("backbone.kind", BackboneKind.self), let acks, let idempotent,
      let costs = backboneCosts(),
      let fsync = root.choice("backbone.embedded.fsync", FsyncPolicy.self)
    else { return nil }
    guard let bootstrap = root.optional("backbone.bootstrap", { $0.text("backbone.bootstrap") }),
      let kafka = kafkaChoice(), let security = securityChoice(bootstrap)
    else { return nil }
    if bootstrap != nil, kind != .kafka, let node = root.find("backbone.bootstrap").node {
      log.add(
        node.keyMark, "backbone.bootstrap: backbone '\(kind.rawValue)' has no cluster of yours",
        hint: "write kind: kafka, or leave bootstrap out")
    }
    return BackboneChoice(
      kind: kind, acks: acks, idempotent: idempotent, costs: costs, fsync: fsync,
      bootstrap: bootstrap, security: security, kafka: kind == .kafka ? kafka : KafkaChoice())
  }

  private func backboneCosts() -> BackboneCosts? {
    func cost(_ name: String) -> Spread? { root.spread("backbone.costs.\(name)") }
    guard let link = cost("link"), let request = cost("request"), let record = cost("record"),
      let batch = cost("batch"), let byte = cost("byte"), let fsync = cost("fsync")
    else { return nil }
    return BackboneCosts(
      link: link, request: request, record: record, batch: batch, byte: byte, fsync: fsync)
  }

  /// Told about backbones of later versions too: it is a fact about them.
  private func checkTransactions() {
    guard let kind = nodes["backbone"]?["kind"], let name = kind.scalar,
      ["rabbitmq", "kinesis", "pubsub"].contains(name),
      root.choice("sink.kind", SinkKind.self) == .transactional
    else { return }
    let place = root.find("sink.kind").node?.mark ?? kind.mark
    log.add(
      place, "backbone '\(name)' has no transactions",
      hint: "use upsert: results are then idempotent")
  }

  private func engineChoice(_ job: JobChoice??) -> EngineChoice? {
    guard let job, let kind = root.choice("engine.kind", EngineKind.self),
      let guarantee = root.choice("engine.guarantee", Guarantee.self),
      let interval = root.duration("engine.checkpoint_interval"),
      let restart = root.duration("engine.restart_delay"),
      let watermark = root.optional(
        "engine.watermark_delay", { $0.duration("engine.watermark_delay") }),
      let lateness = root.optional(
        "engine.allowed_lateness", { $0.duration("engine.allowed_lateness") }),
      let record = root.spread("engine.costs.record"),
      let state = root.spread("engine.costs.state"),
      let checkpoint = root.spread("engine.costs.checkpoint"),
      let strategy = root.choice("engine.embedded.strategy", EngineStrategy.self)
    else { return nil }
    return EngineChoice(
      kind: kind, guarantee: guarantee, checkpointInterval: interval, restartDelay: restart,
      watermarkDelay: watermark, allowedLateness: lateness,
      costs: EngineCosts(record: record, state: state, checkpoint: checkpoint), strategy: strategy,
      job: job)
  }

  private func sinkChoice() -> SinkChoice? {
    guard let kind = root.choice("sink.kind", SinkKind.self), let stream = root.text("sink.stream")
    else { return nil }
    return SinkChoice(kind: kind, stream: stream)
  }

  private func resources(_ backbone: BackboneChoice?) -> Resources? {
    guard let brokers = root.count("resources.brokers"),
      let partitions = root.count("resources.partitions"), let slots = root.count("resources.slots")
    else { return nil }
    if backbone?.kind == .embedded, brokers != 1, let node = root.find("resources.brokers").node {
      log.add(
        node.mark, "resources.brokers: the embedded log has one broker, not \(brokers)",
        hint: "write brokers: 1")
      return nil
    }
    return Resources(brokers: Int(brokers), partitions: Int(partitions), slots: Int(slots))
  }

  private func clock(_ backbone: BackboneChoice?) -> ClockKind? {
    guard let kind = backbone?.kind else { return nil }
    switch root.find("clock") {
    case .given(let node):
      let clock = root.choice("clock", ClockKind.self)
      if clock == .virtual, kind != .embedded {
        let what = kind == .null ? "measures the harness" : "is a real system"
        log.add(
          node.mark, "clock: backbone '\(kind.rawValue)' \(what), in wall time only",
          hint: "write clock: wall")
        return nil
      }
      return clock
    case .faulty: return nil
    default: return kind == .embedded ? .virtual : .wall
    }
  }

  // Time, expectations, report.

  private func phases(_ load: LoadShape?) -> Phases? {
    let measure: Nanoseconds??
    switch root.find("phases.measure") {
    case .faulty: measure = .none
    case .absent, .byDefault:
      if case .trace? = load { measure = .some(nil) } else { measure = .some(60 * .second) }
      if load == nil { return nil }
    case .given(let node):
      switch node.value {
      case .toEnd:
        if case .constant? = load {
          log.add(
            node.mark, "phases.measure: only a trace has an end",
            hint: "write how long, such as 60s")
        }
        measure = .some(nil)
      case .duration(let length): measure = .some(length)
      default: measure = .none
      }
    }
    guard let measure, let warmUp = root.duration("phases.warm_up"),
      let heal = root.duration("phases.heal"), let drain = root.duration("phases.drain"),
      let limit = root.duration("phases.limit")
    else { return nil }
    return Phases(warmUp: warmUp, measure: measure, heal: heal, drain: drain, limit: limit)
  }

  /// Event times are nanoseconds since 1970 in 64 bits.
  private func checkStart(_ workload: WorkloadChoice?, _ phases: Phases?) {
    guard let workload, let phases, let node = root.find("workload.start").node else { return }
    let length = phases.warmUp + (phases.measure ?? 0) + phases.heal + phases.drain
    if workload.start.ns.addingReportingOverflow(length).overflow {
      log.add(node.mark, "workload.start: the run would end after the year 2261")
    }
  }

  private func expectations(_ job: JobChoice??) -> Expectations? {
    let isJob = root.choice("engine.kind", EngineKind.self) == .external
    guard case .given(let node) = root.find("expect") else {
      if case .faulty = root.find("expect") { return nil }
      if isJob { refuseUnchecked(root.find("engine.kind").node?.mark ?? root.mark) }
      return isJob ? nil : Expectations()
    }
    guard case .expectations(let section, let thresholds) = node.value else { return nil }
    let guarantees: [(String, Guarantee)] = [
      ("exactly_once", .exactlyOnce), ("at_least_once", .atLeastOnce),
      ("at_most_once", .atMostOnce),
    ]
    var chosen: Guarantee?
    for (key, guarantee) in guarantees where section.truth(key) == true {
      if let other = chosen, let node = section.find(key).node {
        log.add(
          node.keyMark, "expect.\(key): another invariant is already expected",
          hint: "leave out this or \(other.rawValue)")
      }
      chosen = chosen ?? guarantee
    }
    var output: [OutputCheck]? = []
    if isJob {
      switch section.find("output") {
      case .faulty: output = nil
      case .absent, .byDefault: refuseUnchecked(node.keyMark)
      case .given(let given):
        output = OutputReader(log: log, job: job ?? nil).read(given)
        if output == [] { refuseUnchecked(given.keyMark) }
      }
    }
    guard let output else { return nil }
    return Expectations(
      guarantee: chosen, permit: texts(section.find("permit").node), thresholds: thresholds,
      output: output)
  }

  private func refuseUnchecked(_ mark: YAMLMark) {
    log.add(
      mark, "expect.output has no check: nothing would be judged of the job",
      hint: "such as output: [{check: each-once, stream: STREAM}]")
  }

  func texts(_ node: ReadNode?) -> [String] {
    guard case .list(let elements)? = node?.value else { return [] }
    return elements.compactMap { if case .text(let text) = $0.value { text } else { nil } }
  }

  private func reportSection() -> ReportSection? {
    guard let interval = root.duration("report.interval"),
      let title = root.optional("report.title", { $0.text("report.title") })
    else { return nil }
    return ReportSection(title: title, interval: interval)
  }
}
