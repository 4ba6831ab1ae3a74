import Model
import Statistics

/// One of the three questions that are never mixed, answered.
struct Judgement {
  var sign: Findings.Sign
  /// For the terminal: `ok`, `VIOLATED`.
  var word: String
  /// For the page: "Correctness: violated".
  var head: String
  /// For the terminal, which has no head.
  var text: String
  /// For the page, under the head; nil where it is the same as `text`.
  var under: String?

  /// What stands under the head: a sentence, or nothing where the head says it all.
  var sentence: String {
    let words = (under ?? text).capitalizedFirst
    return words.isEmpty || words.hasSuffix(".") ? words : words + "."
  }
}

extension Findings {
  /// Is the result right?
  var correctness: Judgement {
    switch result.outcome.correctness {
    case .valid:
      return Judgement(
        sign: .good, word: "ok", head: "Correctness: valid", text: classSentence)
    case .unknown:
      return Judgement(
        sign: .open, word: "UNKNOWN", head: "Correctness: unknown",
        text: result.outcome.correctnessReason.isEmpty
          ? classSentence : result.outcome.correctnessReason)
    case .invalid:
      let named = notPermitted.map {
        "\($0.id) \($0.name), \(style.count($0.count)) \(plural($0.count, "time", "times"))"
      }
      var text = named.prefix(3).joined(separator: "; ")
      if named.count > 3 { text += "; \(named.count - 3) classes more" }
      if text.isEmpty { text = result.outcome.correctnessReason }
      return Judgement(
        sign: .bad, word: "VIOLATED", head: "Correctness: violated", text: text)
    }
  }

  /// Is it fast enough?
  var performance: Judgement {
    let missed = result.thresholds.filter { $0.outcome == .missed }
    let applying = result.thresholds.count - thresholds(.notApplicable)
    if applying == 0 {
      return Judgement(
        sign: .none, word: "none", head: "Performance: no limits",
        text: result.thresholds.isEmpty
          ? "the scenario sets no limits" : "none of the limits applies to this run")
    }
    if !missed.isEmpty {
      let list = missed.map {
        "\($0.metric) \($0.measured), wanted \(spaced($0.expected))"
      }.joined(separator: "; ")
      let head = "\(missed.count) of \(applying) \(plural(applying, "limit", "limits")) missed"
      return Judgement(
        sign: .bad, word: "MISSED",
        head: "Performance: " + head, text: head + ": " + list, under: list)
    }
    let open = thresholds(.undecided)
    if open > 0 {
      let first = result.thresholds.first { $0.outcome == .undecided }
      let reason = first.map { "\($0.metric): \($0.reason)" } ?? ""
      return Judgement(
        sign: .open, word: "OPEN", head: "Performance: \(open) of \(applying) limits undecided",
        text: "\(open) of \(applying) limits undecided; " + reason, under: reason)
    }
    let head = "\(applying) of \(applying) \(plural(applying, "limit", "limits")) met"
    guard let tightest, let share = tightest.share else {
      return Judgement(
        sign: .good, word: "ok", head: "Performance: " + head, text: head, under: "")
    }
    let used = "\(tightest.metric), at \(percentOfLimit(share)) of its limit"
    return Judgement(
      sign: .good, word: "ok", head: "Performance: " + head, text: head + "; tightest: " + used,
      under: "The tightest is " + used)
  }

  /// Was the instrument fit?
  var fitness: Judgement {
    if !result.outcome.usable {
      return Judgement(
        sign: .bad, word: "NOT FIT", head: "Harness: not fit to measure",
        text: result.outcome.usableReason)
    }
    var text: String
    let lateness = result.harness.sendLateness
    if isVirtual {
      text = "virtual time: on schedule by construction"
    } else if let late = quantile(lateness, 99, 100) ?? maximum(lateness) {
      text = "on schedule to \(style.duration(late, beside: result.harness.sendLatenessLimit))"
      text += lateness.supports(99, 100) ? " at p99" : " at most"
    } else {
      text = lateness.notPositive > 0 ? "no send was late" : "no send was timed"
    }
    let unfit = result.harness.checks.filter { !$0.fit }
    text += "; " + (result.harness.historyWhole ? "history whole" : "history not whole")
    if !unfit.isEmpty {
      text += "; " + unfit.map { "\($0.name): \($0.found)" }.joined(separator: "; ")
    }
    return Judgement(sign: .good, word: "ok", head: "Harness: fit to measure", text: text)
  }

  /// A whole percentage that never says 100 for less.
  func percentOfLimit(_ share: Double) -> String { style.percent(share, decimals: 0) }

  /// `< 250ms` as `< 250 ms`, in the style's own signs.
  func spaced(_ expected: String) -> String {
    var text = ""
    var last: Character = " "
    for character in expected {
      if last.isNumber && (character.isLetter || character == "%") {
        text += style == .page ? "\u{A0}" : " "
      }
      // A comparison stays with its number.
      let joins = style == .page && character == " " && "<>=".contains(last)
      text.append(joins ? "\u{A0}" : character)
      last = character
    }
    return signs(text)
  }

  /// A text that is ready for print in ASCII, in the style's own signs.
  func signs(_ ascii: String) -> String {
    if style == .plain { return ascii }
    if ascii == "-" { return style.none }
    var text = ""
    var rest = Substring(ascii)
    while let next = rest.first {
      if rest.hasPrefix(">=") {
        text += "\u{2265}"
        rest = rest.dropFirst(2)
      } else if rest.hasPrefix("<=") {
        text += "\u{2264}"
        rest = rest.dropFirst(2)
      } else if next == " " && text.last?.isNumber == true
        && ["ns", "us", "ms", "s", "min", "h", "%"].contains(
          rest.dropFirst().prefix {
            $0.isLetter || $0 == "%"
          })
      {
        text += "\u{A0}"
        rest = rest.dropFirst()
        if rest.hasPrefix("us") {
          text += "\u{B5}"
          rest = rest.dropFirst()
        }
      } else {
        text.append(next)
        rest = rest.dropFirst()
      }
    }
    return text
  }
}

/// The limit of a threshold on a latency, in nanoseconds; nil for any other text.
func limitInNanoseconds(_ expected: String) -> Nanoseconds? {
  let body = expected.drop { "<>= ".contains($0) }
  let digits = body.prefix { $0.isNumber || $0 == "." }
  let unit = body.dropFirst(digits.count).drop { $0 == " " }
  let sizes: [(String, Double)] = [
    ("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("min", 60e9), ("h", 3_600e9),
  ]
  guard let value = Double(digits), let size = sizes.first(where: { $0.0 == unit }) else {
    return nil
  }
  let product = halfToEven(value * size.1)
  return product < 9e18 ? Nanoseconds(product) : nil
}
