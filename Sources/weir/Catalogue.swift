import Commands
import KafkaBackbone
import Model
import Scenarios
import Verification
import Workloads

/// What this version has, for `weir list` and for the scenario loader.
struct Catalogue {
  let console: Console

  init(_ console: Console) { self.console = console }

  /// Items of one of `listKinds`.
  func items(_ kind: String) throws(Problems) -> [ListItem] {
    switch kind {
    case "workloads": workloads
    case "backbones":
      [
        ListItem(
          name: "embedded", kind: "model",
          text: "partitioned log with idempotent and transactional producers and consumer groups"),
        ListItem(
          name: "kafka", kind: "live",
          text: "a real cluster, launched on loopback or yours, through librdkafka "
            + clientLibraryVersion),
        ListItem(
          name: "null", kind: "live",
          text: "acknowledges at once and delivers nothing: measures the harness alone"),
      ]
    case "engines":
      [
        ListItem(
          name: "embedded", kind: "model",
          text: "event-time operators, watermarks by partition and source, keyed state, checkpoints"
        ),
        ListItem(
          name: "external", kind: "live",
          text: "a job of yours, run by its own commands, judged by its output"),
      ]
    case "faults": faults
    case "checkers": checkers
    case "scenarios": scenarios
    case "keys": keys
    case "costs": costs
    default: throw failure("nothing is listed under '\(kind)'", code: .internalError)
    }
  }

  private var workloads: [ListItem] {
    workloadKinds.map { kind in
      var details = kind.parameters.map { parameter in
        (
          name: parameter.name,
          text: "[\(parameter.defaultValue.text)] \(parameter.minimum.text) to "
            + "\(parameter.maximum.text) \(parameter.unit); \(parameter.meaning) "
            + "(\(parameter.origin))"
        )
      }
      details += kind.queries.map { (name: "query \($0.name)", text: $0.summary) }
      details.append((name: "sources", text: "[\(kind.defaultSources)]"))
      return ListItem(name: kind.name, kind: kind.domain, text: kind.summary, details: details)
    }
  }

  private var faults: [ListItem] {
    FaultKind.allCases.map { kind in
      let text: (String, String, String) =
        switch kind {
        case .crash: ("node", "engine, broker", "the process is killed and starts again at the end")
        case .pause: ("node", "engine, broker", "the process stands still, then goes on")
        case .partition: ("link", "A<->B, A->B", "nothing passes between the two")
        case .drop: ("message", "producer, consumer, sink", "a request is lost")
        case .delay: ("message", "producer, consumer, sink", "a request takes longer")
        case .duplicate: ("message", "producer, consumer, sink", "a request arrives twice")
        case .reorder: ("message", "producer, consumer, sink", "a request overtakes another")
        case .dropResponse: ("message", "producer, consumer, sink", "done, but the answer is lost")
        }
      return ListItem(
        name: kind.rawValue, kind: text.0, text: text.2,
        details: [(name: "targets", text: text.1), (name: "where", text: "in the model")])
    }
  }

  private var checkers: [ListItem] {
    catalogue.map {
      ListItem(
        name: $0.id, kind: $0.isChecked ? "checked" : "later", text: "\($0.name): \($0.definition)")
    }
  }

  private var scenarios: [ListItem] {
    ScenarioLookup().all().map { found in
      do throws(Problems) {
        let loaded = try loadScenario(found, Overrides())
        return ListItem(
          name: found.name, kind: "shows \(loaded.scenario.demonstrates.rawValue)",
          text: loaded.scenario.description)
      } catch {
        return ListItem(
          name: found.name, kind: "in error",
          text: "\(error.list.count) problems: weir run \(found.name) --print")
      }
    }
  }

  private var keys: [ListItem] {
    grammarLines().map { line in
      ListItem(
        name: line.path, kind: line.defaultText.map { "[\($0)]" } ?? "",
        text: "\(line.type): \(line.meaning)"
          + (line.isAvailable ? "" : " (not in this version)"))
    }
  }

  private var costs: [ListItem] {
    keys.filter { $0.name.contains(".costs.") }
  }

  /// What the loader must know of the floors above it.
  static var forLoader: ScenarioCatalog { forLoader(nil) }

  /// The same with a workload of a file.
  static func forLoader(_ own: OwnWorkload?) -> ScenarioCatalog {
    ScenarioCatalog(
      workloads: (workloadKinds + [own?.kind].compactMap { $0 }).map { kind in
        WorkloadKindDescription(
          name: kind.name, domain: kind.domain, summary: kind.summary,
          queries: kind.queries.map(\.name), defaultSources: kind.defaultSources,
          parameters: kind.parameters.map(Self.describe))
      },
      anomalies: catalogue.map(\.id),
      options: [("producer", true), ("consumer", false)].map { name, sends in
        .init(
          path: "backbone.kafka.\(name)", names: clientOptionNames(ofProducers: sends))
      })
  }

  private static func describe(_ parameter: WorkloadParameter) -> ParameterDescription {
    let type: ParameterType =
      switch (parameter.minimum, parameter.maximum) {
      case (.count(let low), .count(let high)): .count(low...high)
      case (.duration(let low), .duration(let high)): .duration(low...high)
      default: .ratio
      }
    return ParameterDescription(
      name: parameter.name, type: type, defaultValue: parameter.defaultValue,
      unit: parameter.unit, meaning: parameter.meaning, origin: parameter.origin)
  }
}

/// Names of the workloads, for completion.
func workloadNames() -> [String] { workloadKinds.map(\.name) }

/// Reads, overrides and checks a scenario that was found.
func loadScenario(
  _ found: FoundScenario, _ overrides: Overrides
) throws(Problems) -> LoadedScenario {
  let bytes = try Files.read(found.path, limit: (1 << 20) + 1)
  let own = try OwnWorkload.find(in: bytes, overrides, beside: found.path)
  return try loadScenario(
    bytes: bytes, file: found.path, name: found.name, overrides: overrides.changes,
    catalog: Catalogue.forLoader(own)
  ).get()
}
