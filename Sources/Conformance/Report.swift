import Backbones
import Model

/// What came of a suite.
public struct ConformanceReport: Sendable {
  public enum Outcome: Hashable, Sendable {
    case passed
    /// What was seen and what was due.
    case failed(String)
    /// The subject does not promise this; why.
    case notPromised(String)
    /// It could not be tried on this subject; why.
    case skipped(String)
  }

  public struct Line: Sendable {
    public var check: ConformanceCheck
    public var outcome: Outcome
  }

  public var subject: String
  /// In the order of the suite.
  public var lines: [Line]

  /// Ids of the checks that failed.
  public var failed: [String] {
    lines.compactMap { if case .failed = $0.outcome { $0.check.id } else { nil } }
  }

  public var passedCount: Int { lines.filter { $0.outcome == .passed }.count }

  /// True when nothing failed and something was tried.
  public var conforms: Bool { failed.isEmpty && passedCount > 0 }

  /// 0 when it conforms, 1 when a check failed, 3 when nothing could be tried.
  public var code: ExitCode {
    if !failed.isEmpty { return .violated }
    return passedCount > 0 ? .holds : .inconclusive
  }

  /// The outcome of a check, nil when it was not among those tried.
  public func outcome(of id: String) -> Outcome? {
    lines.first { $0.check.id == id }?.outcome
  }
}

/// Holds a backbone against the suite; every check gets a fresh one. `only` keeps the checks whose
/// id begins with it.
public func runConformance(
  subject: ConformanceSubject, only prefix: String = ""
) -> ConformanceReport {
  var lines: [ConformanceReport.Line] = []
  for check in conformanceChecks where check.id.hasPrefix(prefix) {
    lines.append(.init(check: check, outcome: outcome(of: check, on: subject)))
  }
  return ConformanceReport(subject: subject.name, lines: lines)
}

private func outcome(
  of check: ConformanceCheck, on subject: ConformanceSubject
) -> ConformanceReport.Outcome {
  if let reason = subject.withheld[check.capability] { return .notPromised(reason) }
  if check.needs.contains(.wire) && !subject.hasWire {
    return .skipped("messages of a real system cannot be lost or held back at will")
  }
  if check.needs.contains(.nodes) && !subject.hasNodes {
    return .skipped("Weir does not run the nodes of this system")
  }
  do throws(CheckFailure) {
    let world = try ConformanceWorld(subject)
    defer { world.close() }
    if let reason = missing(check.capability, world.backbone.capabilities) {
      return .notPromised(reason)
    }
    try check.body(world)
    return .passed
  } catch {
    switch error {
    case .violated(let reason): return .failed(reason)
    case .impossible(let reason): return .skipped(reason)
    }
  }
}

/// Why a backbone with these capabilities need not pass a check; nil when it must.
private func missing(
  _ capability: ConformanceCapability, _ capabilities: Capabilities
) -> String? {
  if !capabilities.reads { return "records cannot be read back" }
  switch capability {
  case .idempotence: return capabilities.idempotence ? nil : "producers are not idempotent"
  case .transactions, .fencing, .positions:
    return capabilities.transactions ? nil : "there are no transactions"
  case .groups: return capabilities.groups ? nil : "there are no consumer groups"
  default: return nil
  }
}
