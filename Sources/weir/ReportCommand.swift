import Commands
import Glibc
import Model
import Reporting
import Statistics

extension Session {
  /// Renders a run again, into its own folder or another one.
  func report() throws(Problems) -> ExitCode {
    let source = try RunLookup.find(invocation.arguments[0])
    let result = try readRun(folder: source)
    let files = runFiles(result)
    let place: String
    if let out = invocation.value("out"), Files.realPath(out) != Files.realPath(source) {
      let folder = try RunFolder(scenario: result.identity.scenario, out: out)
      do {
        for name in ["history.weir", machineFile] where Files.kind("\(source)/\(name)") == .file {
          try Files.copy("\(source)/\(name)", to: "\(folder.partial)/\(name)")
        }
        for file in files { try folder.write(file.bytes, as: file.name) }
        place = try folder.finish(hash: result.identity.historyHash.text)
      } catch {
        folder.discard()
        throw error
      }
    } else {
      try renew(files, in: source)
      place = source
    }
    if console.json {
      console.document(
        .object([
          ("schema", .string("weir-report/1")), ("folder", .string(place)),
          ("files", .array(files.map { .string($0.name) })),
        ]))
    } else if !console.quiet {
      console.result("FILES  \(place)/report.html, and \(others(files))\n")
    }
    return .holds
  }

  private func others(_ files: [(name: String, bytes: [UInt8])]) -> String {
    files.map(\.name).filter { $0 != "report.html" }.joined(separator: " ")
  }

  /// Writes every file beside its place first, so that a full disk leaves the old ones whole.
  private func renew(
    _ files: [(name: String, bytes: [UInt8])], in folder: String
  ) throws(Problems) {
    let suffix = ".\(getpid()).partial"
    do {
      for file in files { try Files.write(file.bytes, to: "\(folder)/\(file.name)\(suffix)") }
      for file in files {
        try Files.move("\(folder)/\(file.name)\(suffix)", to: "\(folder)/\(file.name)")
      }
    } catch {
      for file in files { unlink("\(folder)/\(file.name)\(suffix)") }
      throw error
    }
  }
}
