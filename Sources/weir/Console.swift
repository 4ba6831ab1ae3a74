import Commands
import Glibc
import Model
import Scenarios

/// Results to stdout, everything else to stderr; one place that knows about colour and quiet.
struct Console: Sendable {
  /// The result is to be one JSON document.
  var json: Bool
  var quiet: Bool
  var verbose: Bool
  /// Colour on stderr and on stdout.
  var colorErrors: Bool
  var colorResults: Bool
  /// Columns of the terminal, or 100 without one; 60...120.
  var width: Int
  /// Stderr is a terminal that can redraw a line.
  var live: Bool

  init(json: Bool, quiet: Bool, verbose: Bool, color: String?) {
    self.json = json
    self.quiet = quiet
    self.verbose = verbose
    let capable = variable("TERM").map { $0 != "dumb" } ?? false
    colorErrors = Self.wantsColor(color, terminal: isatty(2) == 1 && capable)
    colorResults = Self.wantsColor(color, terminal: isatty(1) == 1 && capable)
    live = isatty(2) == 1 && capable
    width = Self.terminalWidth()
  }

  /// The option, then NO_COLOR, then CLICOLOR_FORCE or FORCE_COLOR, then the terminal.
  private static func wantsColor(_ option: String?, terminal: Bool) -> Bool {
    if option == "always" { return true }
    if option == "never" { return false }
    if let no = variable("NO_COLOR"), !no.isEmpty { return false }
    for name in ["CLICOLOR_FORCE", "FORCE_COLOR"] {
      if let value = variable(name), !value.isEmpty, value != "0" { return true }
    }
    return terminal
  }

  private static func terminalWidth() -> Int {
    var columns = 100
    if let text = variable("COLUMNS"), let number = Int(text) {
      columns = number
    } else {
      var size = winsize()
      if ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { columns = Int(size.ws_col) }
    }
    return min(max(columns, 60), 120)
  }

  /// Part of the result, on stdout.
  func result(_ text: String) { write(text, to: 1) }

  /// The result as JSON, on stdout.
  func document(_ value: JSONValue) { write(value.render(), to: 1) }

  /// A note on stderr, with a newline behind it; nothing under `--quiet`.
  func note(_ text: String) {
    if !quiet { write(text + "\n", to: 2) }
  }

  /// Said only under `--verbose`.
  func detail(_ text: String) {
    if verbose { write("weir: \(asciiEscaped(text))\n", to: 2) }
  }

  /// Problems on stderr, and under `--json` the document of a failure on stdout.
  func report(_ problems: Problems) {
    write(ProblemText.render(problems, program: "weir", color: colorErrors), to: 2)
    if json { document(ProblemText.json(problems)) }
  }

  /// Raw text on stderr.
  func diagnostic(_ text: String) { write(text, to: 2) }

  private func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while let start = rest.baseAddress, rest.count > 0 {
        let count = Glibc.write(descriptor, start, rest.count)
        if count < 0 && errno == EINTR { continue }
        if count <= 0 { return }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }
}

/// An environment variable.
func variable(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}

/// A single problem with the command line or the machine.
func failure(_ message: String, hint: String? = nil, code: ExitCode = .usage) -> Problems {
  Problems([Problem(file: "weir", message: message, hint: hint)], code: code)
}
