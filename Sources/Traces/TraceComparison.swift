import Model

/// Whether a made trace is like a real one: one gate per statistic.
public struct TraceComparison: Hashable, Sendable {
  public struct Gate: Hashable, Sendable {
    public var statistic: String
    /// Nil when the trace does not have it; then the gate fails.
    public var real: Double?
    public var synthetic: Double?
    /// Where `synthetic` must lie.
    public var allowed: ClosedRange<Double>?
    /// A share of 1, shown as a percentage.
    public var isShare: Bool

    public init(
      statistic: String, real: Double?, synthetic: Double?, allowed: ClosedRange<Double>?,
      isShare: Bool
    ) {
      self.statistic = statistic
      self.real = real
      self.synthetic = synthetic
      self.allowed = allowed
      self.isShare = isShare
    }

    public var passes: Bool {
      guard let allowed, let synthetic else { return false }
      return allowed.contains(synthetic)
    }
  }

  public var gates: [Gate]

  public init(gates: [Gate]) { self.gates = gates }

  public var passed: Int { gates.count { $0.passes } }
  public var passes: Bool { passed == gates.count }

  /// A table, and a line that sums it up; without a line end.
  public var text: String {
    let widest = max(20, gates.map(\.statistic.count).max() ?? 0)
    var text = Self.line(widest, "statistic", "real", "synthetic", "allowed", "result")
    for gate in gates {
      func figure(_ value: Double?) -> String {
        guard let value else { return "-" }
        return gate.isShare ? "\(threeDigits(value * 100)) %" : threeDigits(value)
      }
      var allowed = "-"
      if let range = gate.allowed {
        let low = gate.isShare ? threeDigits(range.lowerBound * 100) : figure(range.lowerBound)
        allowed = "\(low) to \(figure(range.upperBound))"
      }
      text += Self.line(
        widest, gate.statistic, figure(gate.real), figure(gate.synthetic), allowed,
        gate.passes ? "pass" : "FAIL")
    }
    return text + "\(passed) of \(gates.count) gates pass."
  }

  private static func line(
    _ widest: Int, _ name: String, _ real: String, _ synthetic: String, _ allowed: String,
    _ result: String
  ) -> String {
    func spaces(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count))
    }
    return name + spaces(name, widest) + spaces(real, 11) + real + spaces(synthetic, 12)
      + synthetic + "    " + allowed + spaces(allowed, 20) + result + "\n"
  }
}

/// Compares a synthetic trace with a real one. Gates: index of dispersion in 1 s and 60 s within a
/// factor of 2; share of events with the time stamp of the one before within 10 points; share out
/// of order, shares of the most frequent key and of the most frequent 1 % of the keys, and delays
/// of arrival at the quantiles 0.5, 0.9 and 0.99 within a factor of 1.5; mean and standard
/// deviation of the natural logarithm of each numeric field within 10 %. `fields` are those to
/// compare; nil: all that both have. What neither trace has is left out; what one lacks fails.
public func compareTraces(
  _ real: String, _ synthetic: String, fields: [String]? = nil
) throws(TraceError) -> TraceComparison {
  let a = try traceStatistics(real)
  let b = try traceStatistics(synthetic)
  let x = try TraceMoments(TraceReader(path: real))
  let y = try TraceMoments(TraceReader(path: synthetic))
  var gates = Gates()
  gates.factor(2, "dispersion 1 s", a.dispersionSecond, b.dispersionSecond)
  gates.factor(2, "dispersion 60 s", a.dispersionMinute, b.dispersionMinute)
  gates.points("same stamp", a.sameStampShare, b.sameStampShare)
  gates.factor(1.5, "out of order", a.outOfOrderShare, b.outOfOrderShare, isShare: true)
  gates.factor(1.5, "top key", x.topKey, y.topKey, isShare: true)
  gates.factor(1.5, "top 1 % of keys", x.topPercent, y.topPercent, isShare: true)
  for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
    let delays = [x, y].map { $0.delays.quantile(share).map { $0 / 1e6 } }
    gates.factor(1.5, "delay \(name), ms", delays[0], delays[1])
  }
  func spread(_ moments: TraceMoments, _ name: String) -> TraceMoments.Spread? {
    moments.fields.first { $0.name == name }?.spread
  }
  let common = x.fields.map(\.name).filter { spread(y, $0) != nil }
  for name in fields ?? common {
    let (p, q) = (spread(x, name), spread(y, name))
    for (trace, found) in [(real, p), (synthetic, q)] where found == nil {
      throw TraceError(.request, file: trace, message: "no numeric field '\(name)'")
    }
    gates.percent("\(name) log-mean", p?.mean, q?.mean)
    gates.percent("\(name) log-sd", p?.deviation, q?.deviation)
  }
  return TraceComparison(gates: gates.list)
}

private struct Gates {
  var list: [TraceComparison.Gate] = []

  private mutating func add(
    _ name: String, _ real: Double?, _ synthetic: Double?, isShare: Bool,
    _ allowed: (Double) -> ClosedRange<Double>
  ) {
    if real == nil && synthetic == nil { return }
    list.append(
      TraceComparison.Gate(
        statistic: name, real: real, synthetic: synthetic, allowed: real.map(allowed),
        isShare: isShare))
  }

  mutating func factor(
    _ factor: Double, _ name: String, _ real: Double?, _ synthetic: Double?, isShare: Bool = false
  ) {
    add(name, real, synthetic, isShare: isShare) { value in
      // A share ends at 1; a real 0 allows 0 only.
      let high = value * factor
      return value / factor...(isShare ? max(value, min(high, 1)) : high)
    }
  }

  mutating func points(_ name: String, _ real: Double?, _ synthetic: Double?) {
    add(name, real, synthetic, isShare: true) { max(0, $0 - 0.1)...min(1, $0 + 0.1) }
  }

  mutating func percent(_ name: String, _ real: Double?, _ synthetic: Double?) {
    add(name, real, synthetic, isShare: false) {
      $0 - $0.magnitude * 0.1...$0 + $0.magnitude * 0.1
    }
  }
}
