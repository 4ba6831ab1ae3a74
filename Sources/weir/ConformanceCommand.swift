import CShim
import Commands
import Conformance
import KafkaBackbone
import Model
import Scenarios

extension Session {
  /// Holds a backbone against the suite, or the suite against broken backbones.
  func conformance() throws(Problems) -> ExitCode {
    let name = invocation.arguments[0]
    guard ["embedded", "kafka"].contains(name) else {
      throw failure(
        "conformance: no backbone '\(name)' in this version", hint: "one of: embedded, kafka")
    }
    let prefix = invocation.value("only") ?? ""
    if !conformanceChecks.contains(where: { $0.id.hasPrefix(prefix) }) {
      let names = ConformanceCapability.allCases.map(\.rawValue)
      let near = nearestName(to: prefix, in: names).map { "; did you mean '\($0)'?" } ?? ""
      throw failure("--only: no check begins with '\(prefix)'\(near)")
    }
    let isPaced = invocation.value("clock") == "wall"
    if name == "kafka", invocation.value("clock") == "virtual" {
      throw failure("conformance: kafka is a real system, in wall time only")
    }
    if invocation.has("broken") { return rejectBroken(prefix) }
    let report =
      name == "kafka"
      ? try kafkaReport(prefix)
      : runConformance(subject: .embedded(isPaced: isPaced), only: prefix)
    if console.json {
      console.document(document(report))
    } else if !console.quiet || report.code != .holds {
      console.result(page(report))
    }
    return report.code
  }

  /// The suite against one broker that Weir launches in a folder of its own.
  private func kafkaReport(_ prefix: String) throws(Problems) -> ConformanceReport {
    let base = Files.realPath(variable("TMPDIR") ?? "/tmp") ?? "/tmp"
    let folder = "\(base)/weir-conformance-\(shim_process_id())-\(shim_monotonic_ns())"
    try Files.makeFolder(folder)
    defer { Files.removeTree(folder) }
    let cluster = try KafkaSystem.launch(for: "conformance kafka", brokers: 1, folder: folder)
    defer { cluster.close() }
    return runConformance(subject: KafkaSystem.conformanceSubject(cluster), only: prefix)
  }

  private func page(_ report: ConformanceReport) -> String {
    var out = ""
    var groups: [String] = []
    for capability in ConformanceCapability.allCases {
      let lines = report.lines.filter { $0.check.capability == capability }
      if lines.isEmpty { continue }
      let passed = lines.filter { $0.outcome == .passed }.count
      groups.append("\(capability.rawValue) \(passed)/\(lines.count)")
    }
    out += groups.joined(separator: "   ") + "\n"
    for line in report.lines {
      switch line.outcome {
      case .passed:
        if console.verbose { out += "  ok       \(line.check.id): \(line.check.sentence)\n" }
      case .failed(let reason): out += "  FAILED   \(line.check.id): \(asciiEscaped(reason))\n"
      case .notPromised(let reason): out += "  -        \(line.check.id): not promised, \(reason)\n"
      case .skipped(let reason): out += "  skipped  \(line.check.id): \(reason)\n"
      }
    }
    let tried = report.passedCount + report.failed.count
    if report.conforms {
      return out + "CONFORMS  \(report.passedCount) of \(tried) checks of \(report.subject)\n"
    }
    return out
      + (report.failed.isEmpty
        ? "INCONCLUSIVE  no check could be tried\n"
        : "FAILS  \(report.failed.count) of \(tried) checks: "
          + report.failed.joined(separator: " ") + "\n")
  }

  private func document(_ report: ConformanceReport) -> JSONValue {
    .object([
      ("schema", .string("weir-conformance/1")),
      ("exit_code", .integer(Int64(report.code.rawValue))),
      ("subject", .string(report.subject)), ("conforms", .bool(report.conforms)),
      (
        "checks",
        .array(
          report.lines.map { line in
            let (state, reason): (String, String) =
              switch line.outcome {
              case .passed: ("passed", "")
              case .failed(let reason): ("failed", reason)
              case .notPromised(let reason): ("not-promised", reason)
              case .skipped(let reason): ("skipped", reason)
              }
            return .object([
              ("id", .string(line.check.id)), ("sentence", .string(line.check.sentence)),
              ("outcome", .string(state)), ("reason", .string(reason)),
            ])
          })
      ),
    ])
  }

  private func rejectBroken(_ prefix: String) -> ExitCode {
    var through = 0
    var out = ""
    var items: [JSONValue] = []
    for broken in brokenLogs where broken.rejectedBy.hasPrefix(prefix) {
      let report = runConformance(subject: broken.subject)
      let caught = report.failed.contains(broken.rejectedBy)
      if !caught { through += 1 }
      out += "  \(caught ? "rejected" : "THROUGH ")  \(broken.name): \(broken.sentence)"
      out += caught ? "; by \(broken.rejectedBy)\n" : "\n"
      items.append(
        .object([
          ("name", .string(broken.name)), ("rejected", .bool(caught)),
          ("by", .array(report.failed.map { .string($0) })),
        ]))
    }
    let code: ExitCode = items.isEmpty ? .inconclusive : through == 0 ? .holds : .violated
    let count = items.count
    if console.json {
      console.document(
        .object([
          ("schema", .string("weir-conformance-broken/1")),
          ("exit_code", .integer(Int64(code.rawValue))), ("broken", .array(items)),
        ]))
    } else if !console.quiet || code != .holds {
      let end =
        through == 0
        ? "REJECTED  \(count) of \(count) broken backbones, each by the check for it\n"
        : "FAILS  \(through) of \(count) broken backbones got through\n"
      console.result(out + end)
    }
    return code
  }
}
