import Model

/// The text of problems as the command line shows it, ASCII only: for each its place and message,
/// then the line with carets under what is wrong and what to do about it. Ends with a line end
/// unless there is no problem. At most the first 200 are told in full.
public func renderProblems(_ problems: [Problem]) -> String {
  let shown = 200
  var text = ""
  for problem in problems.prefix(shown) { render(problem, into: &text) }
  if problems.count > shown { text += "... and \(problems.count - shown) more\n" }
  return text
}

/// The line after the problems of a file: `weir: 4 problems in try.yaml; nothing was run`.
public func problemCountLine(_ count: Int, file: String) -> String {
  "weir: \(count) problem\(count == 1 ? "" : "s") in \(asciiEscaped(file)); nothing was run"
}

/// Text made safe for a terminal: what is not printable ASCII is written as `\u{...}`.
public func asciiEscaped(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars { result += escaped(scalar) }
  return result
}

private func escaped(_ scalar: Unicode.Scalar) -> String {
  switch scalar.value {
  case 0x20...0x7E: String(scalar)
  case 0x09: " "
  default: "\\u{\(String(scalar.value, radix: 16))}"
  }
}

private func render(_ problem: Problem, into text: inout String) {
  text += asciiEscaped(problem.file)
  if let line = problem.line { text += ":\(line)" }
  if let column = problem.column { text += ":\(column)" }
  text += ": error: \(asciiEscaped(problem.message))"
  guard let excerpt = problem.excerpt, let line = problem.line, let column = problem.column else {
    let lines = problem.hint?.split(separator: "\n") ?? []
    // A long hint stands below.
    let start = lines.count > 1 ? "\n  " : "; "
    for line in lines { text += start + asciiEscaped(String(line)) }
    text += "\n"
    return
  }
  let number = String(line)
  let gutter = String(repeating: " ", count: max(0, 4 - number.count))
  let window = ExcerptWindow(excerpt, column: column, width: problem.width)
  text += "\n\(gutter)\(number) | \(window.text)\n"
  text += String(repeating: " ", count: gutter.count + number.count) + " | "
  text += String(repeating: " ", count: window.caret) + "^"
  text += String(repeating: "~", count: max(0, window.width - 1))
  if let hint = problem.hint { text += " \(asciiEscaped(hint))" }
  text += "\n"
}

/// The part of a line around a place, escaped, and where the place is in it.
private struct ExcerptWindow {
  var text = ""
  var caret = 0
  var width = 1

  init(_ line: String, column: Int, width: Int) {
    let before = 70
    let after = 60
    let from = max(0, column - 1 - before)
    var index = 0
    var covered = 0
    if from > 0 {
      text = "..."
      caret = 3
    }
    for scalar in line.unicodeScalars {
      defer { index += 1 }
      if index < from { continue }
      if index > column + after {
        text += "..."
        break
      }
      let piece = escaped(scalar)
      text += piece
      if index < column - 1 {
        caret += piece.count
      } else if index < column - 1 + width {
        covered += piece.count
      }
    }
    // A place behind the end of the line, such as that of something missing.
    caret += max(0, column - 1 - max(index, from))
    self.width = max(1, min(covered, after))
    while text.last == " " { text.removeLast() }
  }
}

/// A name from the user in quotes, shortened.
public func quoted(_ name: String) -> String { "'\(shortened(name))'" }

/// At most 60 characters of a text.
func shortened(_ text: String) -> String {
  text.unicodeScalars.count <= 60
    ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(57))) + "..."
}

/// The known name closest to a wrong one, by at most two letters added, removed, changed or
/// swapped (optimal string alignment distance); the first of several. Nil when none is that close.
public func nearestName(to wrong: String, in known: [String]) -> String? {
  let letters = Array(wrong.unicodeScalars)
  guard letters.count <= 80 else { return nil }
  var best: (distance: Int, name: String)?
  for name in known {
    let other = Array(name.unicodeScalars)
    guard abs(other.count - letters.count) <= 2 else { continue }
    let distance = alignmentDistance(letters, other)
    // Of short names, two letters are too much: "go" is not near "id".
    let limit = min(2, max(1, max(letters.count, other.count) - 2))
    if distance <= limit, best.map({ distance < $0.distance }) ?? true {
      best = (distance, name)
    }
  }
  return best?.name
}

private func alignmentDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  var previous = [Int](repeating: 0, count: b.count + 1)
  var current = Array(0...b.count)
  for i in 0..<a.count {
    let beforePrevious = previous
    previous = current
    current[0] = i + 1
    for j in 0..<b.count {
      var cost = previous[j] + (a[i] == b[j] ? 0 : 1)
      cost = min(cost, previous[j + 1] + 1, current[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        cost = min(cost, beforePrevious[j - 1] + 1)
      }
      current[j + 1] = cost
    }
  }
  return current[b.count]
}
