import Model
import Queries

/// The machines of plans, as the engine runs them: one line for each.
private func run<Made>(_ machine: Machine, _ make: any MachineMaker<Made>) -> Made? {
  switch machine {
  // `cardGuard` has an operator of its own.
  case .cardGuard: nil
  case .stockLedger(let ledger): make.make(StockLedgerMachine(ledger))
  case .chargeKeeper(let keeper): make.make(ChargeKeeperMachine(keeper))
  case .news2(let rules): make.make(News2Machine(rules))
  }
}

/// Makes something of a machine, whatever its type.
private protocol MachineMaker<Made> {
  associatedtype Made
  func make(_ machine: some ProcessMachine) -> Made
}

private struct OperatorMaker: MachineMaker {
  let key: [Int]
  let settings: ProcessSettings

  func make(_ machine: some ProcessMachine) -> Operator {
    ProcessOperator(machine, key: key, settings)
  }
}

private struct RuleMaker: MachineMaker {
  let key: [Int]
  let context: TableContext

  func make(_ machine: some ProcessMachine) -> (rule: TableRule, width: Int) {
    (ProcessRule(context, machine, key: key), machine.width)
  }
}

/// The operator of a machine; nil for one that has an operator of its own.
func processOperator(
  _ machine: Machine, key: [Int], _ settings: ProcessSettings
) -> Operator? {
  run(machine, OperatorMaker(key: key, settings: settings))
}

/// The same over a table that is corrected.
func processRule(
  _ machine: Machine, key: [Int], _ context: TableContext
) -> (rule: TableRule, width: Int)? {
  run(machine, RuleMaker(key: key, context: context))
}
