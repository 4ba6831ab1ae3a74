import Model
import Queries

/// The oracle's side of every machine.
enum OracleMachines {
  /// The step that runs a machine: one line for each.
  static func step(
    _ machine: Machine, _ input: OracleStep, key: [Int], ordered: Bool, number: Int
  ) -> OracleStep {
    switch machine {
    case .cardGuard(let limit, let window, let block, let pass):
      CardGuardStep(
        input, key: key, limit: limit, window: window, block: block, pass: pass,
        ordered: ordered, number: number)
    }
  }
}
