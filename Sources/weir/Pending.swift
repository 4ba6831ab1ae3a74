import Commands
import Model

extension Session {
  func runScenario(_ word: String) throws(Problems) -> ExitCode { throw failure("not here yet") }
  func replay() throws(Problems) -> ExitCode { throw failure("not here yet") }
  func verify() throws(Problems) -> ExitCode { throw failure("not here yet") }
  func report() throws(Problems) -> ExitCode { throw failure("not here yet") }
  func list() throws(Problems) -> ExitCode { throw failure("not here yet") }
  func traceImport() throws(Problems) -> ExitCode { throw failure("not here yet") }
  func traceGenerate() throws(Problems) -> ExitCode { throw failure("not here yet") }
  func traceInfo() throws(Problems) -> ExitCode { throw failure("not here yet") }
  func traceCat() throws(Problems) -> ExitCode { throw failure("not here yet") }
  func traceVerify() throws(Problems) -> ExitCode { throw failure("not here yet") }
}
