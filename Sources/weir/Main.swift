import CShim
import Commands
import Glibc
import Model

/// Parses the command line, hands it to one command, and exits with its code.
@main struct Main {
  static func main() {
    shim_keep_freed_memory()
    shim_watch_crashes(
      """
      weir: internal error: the program stopped at an impossible state
        This is a defect of Weir, not of your system; this run proves nothing. Please report
        it with the scenario and the output of: weir doctor --json

      """, ExitCode.internalError.rawValue)
    shim_unblock_interrupts()
    let line = Array(CommandLine.arguments.dropFirst())
    if line.first == "__complete" { exit(complete(Array(line.dropFirst())).rawValue) }
    if line.first == "__bench" { exit(repeatBench(Array(line.dropFirst())).rawValue) }
    exit(carryOut(line).rawValue)
  }

  static func carryOut(_ line: [String]) -> ExitCode {
    var parser = LineParser(.weir, readFile: argumentFile)
    let parsed = parser.parse(line)
    var console = Console(
      json: parsed.json, quiet: parsed.quiet, verbose: false, color: parsed.color)
    switch parsed.request {
    case .failure(let problems):
      console.report(problems)
      return problems.code
    case .success(.version):
      printVersion(console)
      return .holds
    case .success(.help(let command, let short)):
      printHelp(command, short: short, console)
      return .holds
    case .success(.incomplete(let command)):
      return incomplete(command, console)
    case .success(.run(let invocation)):
      console.verbose = invocation.has("verbose")
      return carryOut(Session(invocation: invocation, console: console))
    }
  }

  private static func carryOut(_ session: Session) -> ExitCode {
    do {
      return try session.carryOut()
    } catch {
      session.console.report(error)
      return error.code
    }
  }

  private static func incomplete(_ command: CommandSpec?, _ console: Console) -> ExitCode {
    console.diagnostic(HelpText(.weir, width: console.width).render(command, short: true))
    if console.json {
      let name = command.map { "weir \($0.name)" } ?? "weir"
      console.document(ProblemText.json(failure("\(name) needs a command: \(name) -h")))
    }
    return .usage
  }

  private static func argumentFile(_ path: String) -> Result<String, Problem> {
    do {
      return .success(try Files.text(path, limit: 1 << 20))
    } catch {
      return .failure(error.list[0])
    }
  }
}

/// One command line in order, and where its words go.
struct Session {
  var invocation: Invocation
  var console: Console

  func carryOut() throws(Problems) -> ExitCode {
    switch invocation.command.name {
    case "demo": try runScenario("demo")
    case "run": try runScenario(invocation.arguments[0])
    case "replay": try replay()
    case "verify": try verify()
    case "report": try report()
    case "list": try list()
    case "doctor": try doctor()
    case "bench": try bench()
    case "conformance": try conformance()
    case "validate": try validate()
    case "trace record": try traceRecord()
    case "trace import": try traceImport()
    case "trace generate": try traceGenerate()
    case "trace fit": try traceFit()
    case "selftest determinism": try selftestDeterminism()
    case "workload new": try workloadNew()
    case "workload check": try workloadCheck()
    case "trace info": try traceInfo()
    case "trace cat": try traceCat()
    case "trace stats": try traceStats()
    case "trace verify": try traceVerify()
    case "trace export": try traceExport()
    case "trace compare": try traceCompare()
    case "trace slice": try traceSlice()
    case "completions": completions()
    case "help": try help()
    default:
      throw failure("no one carries out '\(invocation.command.name)'", code: .internalError)
    }
  }
}
