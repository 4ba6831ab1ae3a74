import Model
import Queries

/// The oracle's side of every machine.
enum OracleMachines {
  /// The step that runs a machine: one line for each, such as
  /// `case .silence(let wait): made(OracleSilence(wait: wait))`. `keepsLast` says that only the
  /// last row of each result key counts.
  static func step(
    _ machine: Machine, _ input: OracleStep, key: [Int], ordered: Bool, number: Int,
    keepsLast: Bool
  ) -> OracleStep {
    func made(_ machine: some OracleMachine) -> OracleStep {
      ProcessStep(input, key: key, machine, number: number, keepsLast: keepsLast)
    }
    return switch machine {
    case .cardGuard(let limit, let window, let block, let pass):
      CardGuardStep(
        input, key: key, limit: limit, window: window, block: block, pass: pass,
        ordered: ordered, number: number)
    case .stockLedger(let ledger): made(OracleStockLedger(ledger))
    case .chargeKeeper(let keeper): made(OracleChargeKeeper(keeper))
    case .news2(let rules):
      made(OracleScores(rules))
    }
  }
}
