import Model

/// Pieces of the text of a workload file.
enum FitText {
  static func plain(_ value: Double) -> String { String(Int64(value)) }

  /// At most six decimals, as workload files take them.
  static func decimal(_ value: Double) -> String {
    let micros = Int64((value * 1e6).rounded())
    var text = String(micros.magnitude)
    while text.utf8.count < 7 { text = "0" + text }
    let whole = text.dropLast(6)
    var rest = String(text.suffix(6))
    while rest.last == "0" { rest.removeLast() }
    return (micros < 0 ? "-" : "") + whole + (rest.isEmpty ? "" : "." + rest)
  }

  static func percent(_ share: Double) -> String { decimal(min(share, 1) * 100) + "%" }

  static func name(_ text: String) -> String {
    let small = text.lowercased().map { sign in
      sign.isASCII && (sign.isLetter || sign.isNumber) ? sign : "-"
    }
    return small.isEmpty ? "events" : String(small.prefix(60))
  }

  /// Without what would end a comment.
  static func comment(_ text: String) -> String { name(text) }

  static func isPlain(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 >= 32 && $0 < 127 && $0 != UInt8(ascii: "'") }
  }

  static func choice(_ values: [(String, Int)]) -> String {
    if values.count == 1 { return "kernel: constant, value: '\(values[0].0)'" }
    let texts = values.map { "'\($0.0)'" }.joined(separator: ", ")
    let weights = values.map { String($0.1) }.joined(separator: ", ")
    return "kernel: choice, values: [\(texts)], weights: [\(weights)]"
  }

  static func quantiles(_ numbers: [Int64], isFloating: Bool) -> String {
    let sorted = numbers.sorted()
    let steps = min(1_024, max(sorted.count - 1, 1))
    let values = (0...steps).map { step -> String in
      let value = sorted[step * (sorted.count - 1) / steps]
      return isFloating ? decimal(Double(value) / 1e6) : String(value)
    }
    return "kernel: quantiles, quantiles: [\(values.joined(separator: ", "))]"
  }

  static func arrivals(_ statistics: TraceStatistics, rate: Double, sizes: [Int64]) -> String {
    // Batches of s events make the index E[s^2]/E[s] by themselves.
    let sum = Double(max(sizes.reduce(0, +), 1))
    let own = sizes.isEmpty ? 1 : sizes.reduce(0.0) { $0 + Double($1) * Double($1) } / sum
    let mean = sizes.isEmpty ? 1 : sum / Double(sizes.count)
    let list = sizes.map { String($0) }.joined(separator: ", ")
    let batch = sizes.isEmpty ? "" : ", sizes: [\(list)]"
    var points: [String] = []
    for (window, index) in [
      ("1s", statistics.dispersionSecond), ("60s", statistics.dispersionMinute),
    ] {
      guard let index else { continue }
      points.append("\(window): \(decimal(max(1 + (index - own) / mean, 1)))")
    }
    if points.isEmpty { return "{kind: random\(batch)}" }
    if (statistics.dispersionSecond ?? 1) < 0.5 { return "{kind: even}" }
    let perHour = max(Int64((rate * 3_600).rounded()), 1)
    let windows = points.joined(separator: ", ")
    return "{kind: bursty, rate: \(perHour)/h, dispersion: {\(windows)}\(batch)}"
  }
}
