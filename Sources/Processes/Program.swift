import CShim
import Glibc

/// A program as it is started: without a shell, in a session of its own.
package struct Program: Hashable, Sendable {
  /// The program and its arguments. A name without a slash is looked for in PATH; one with a slash
  /// is meant from the directory.
  package var line: [String]
  package var directory: String
  /// Variables beside those of this process; they win.
  package var variables: [String]
  /// stdin; nil: nothing.
  package var input: String?
  /// stdout; nil: the log.
  package var output: String?
  /// stderr is added to it.
  package var log: String

  package init(
    _ line: [String], directory: String, variables: [String], log: String, input: String? = nil,
    output: String? = nil
  ) {
    self.line = line
    self.directory = directory
    self.variables = variables
    self.log = log
    self.input = input
    self.output = output
  }

  /// Starts it; it is killed when the calling thread ends.
  package func start() throws(ProcessProblem) -> ProcessIdentity {
    let environment = wholeEnvironment()
    guard let name = line.first, let path = place(of: name, environment) else {
      throw ProcessProblem("the program '\(line.first ?? "")' was not found")
    }
    var words: [UnsafeMutablePointer<CChar>?] = line.map { strdup($0) } + [nil]
    var texts: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer { for text in words + texts { free(text) } }
    let number = shim_spawn(path, &words, &texts, directory, input, output, log, 0)
    guard number > 0 else {
      throw ProcessProblem(
        "'\(name)' cannot be started in \(directory): \(String(cString: shim_error_text(-number)))")
    }
    guard let process = ProcessIdentity(of: number) else {
      throw ProcessProblem("/proc does not tell when '\(name)' started")
    }
    return process
  }

  private func wholeEnvironment() -> [String] {
    let own = Set(variables.compactMap { $0.split(separator: "=").first.map(String.init) })
    var all: [String] = []
    var inherited = shim_environment()
    while let variable = inherited?.pointee {
      let text = String(cString: variable)
      if !own.contains(String(text.prefix { $0 != "=" })) { all.append(text) }
      inherited = inherited?.advanced(by: 1)
    }
    return all + variables
  }

  private func place(of name: String, _ environment: [String]) -> String? {
    if name.contains("/") { return name }
    let path = environment.first { $0.hasPrefix("PATH=") }?.dropFirst("PATH=".count) ?? ""
    for folder in path.split(separator: ":") where access("\(folder)/\(name)", X_OK) == 0 {
      return "\(folder)/\(name)"
    }
    return nil
  }
}
