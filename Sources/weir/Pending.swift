import Commands
import Model

extension Session {
  func traceImport() throws(Problems) -> ExitCode { throw failure("not here yet") }
  func traceGenerate() throws(Problems) -> ExitCode { throw failure("not here yet") }
  func traceInfo() throws(Problems) -> ExitCode { throw failure("not here yet") }
  func traceCat() throws(Problems) -> ExitCode { throw failure("not here yet") }
  func traceVerify() throws(Problems) -> ExitCode { throw failure("not here yet") }
}
