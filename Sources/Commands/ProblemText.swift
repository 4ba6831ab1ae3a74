import Model
import Scenarios

/// Renders problems in the form that editors and CI systems jump to:
/// `FILE:LINE:COLUMN: error: MESSAGE`, the line, the carets and what to do.
public enum ProblemText {
  /// All problems of a list, and a last line when they come from one input file.
  public static func render(_ problems: Problems, program: String, color: Bool = false) -> String {
    if problems.code == .internalError { return defect(problems, program: program) }
    var out = ""
    for problem in problems.list {
      let text = renderProblems([problem])
      out += color ? highlighted(text) : text
    }
    if let file = problems.list.first(where: { $0.line != nil })?.file {
      out += problemCountLine(problems.list.count, file: file) + "\n"
    }
    return out
  }

  /// A defect of the program itself says so, and what to send.
  private static func defect(_ problems: Problems, program: String) -> String {
    var out = ""
    for problem in problems.list {
      out += "\(program): internal error: \(asciiEscaped(problem.message))\n"
      if let hint = problem.hint { out += "  \(asciiEscaped(hint))\n" }
    }
    return out
      + "  This is a defect of Weir, not of your system; this run proves nothing. Please report\n"
      + "  it with the scenario and the output of: \(program) doctor --json\n"
  }

  private static func highlighted(_ text: String) -> String {
    guard let mark = text.firstRange(of: ": error: ") else { return text }
    return text[..<mark.lowerBound] + ": \u{1b}[1;31merror\u{1b}[0m: " + text[mark.upperBound...]
  }

  /// The document that takes the place of a result.
  public static func json(_ problems: Problems) -> JSONValue {
    .object([
      ("schema", .string("weir-problems/1")),
      ("exit_code", .integer(Int64(problems.code.rawValue))),
      (
        "problems",
        .array(
          problems.list.map { problem in
            .object([
              ("file", .string(problem.file)),
              ("line", problem.line.map { .integer(Int64($0)) } ?? .null),
              ("column", problem.column.map { .integer(Int64($0)) } ?? .null),
              ("message", .string(problem.message)),
              ("hint", problem.hint.map { .string($0) } ?? .null),
            ])
          })
      ),
    ])
  }
}
