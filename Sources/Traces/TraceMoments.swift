import Bytes
import Draws

/// What a comparison looks at beside the times: how often keys come, how late events arrive, and
/// how the numbers of each field are spread. Memory: 16 bytes or so for each different key.
struct TraceMoments {
  /// Mean and standard deviation of the natural logarithm of the positive values.
  struct Spread {
    var count = 0.0
    var sum = 0.0
    var squares = 0.0

    mutating func add(_ value: Double) {
      if !(value > 0) || !value.isFinite { return }
      let log = portableLog(value)
      count += 1
      sum += log
      squares += log * log
    }

    /// Nil without values.
    var mean: Double? { count > 0 ? sum / count : nil }
    /// Nil with fewer than two values.
    var deviation: Double? {
      if count < 2 { return nil }
      let mean = sum / count
      return max(0, squares / count - mean * mean).squareRoot()
    }
  }

  private(set) var fields: [(name: String, spread: Spread)] = []
  private(set) var delays = DelayCounts()
  /// Shares of the events that have a key: of the most frequent key, and of the most frequent 1 %
  /// of the keys, at least one. Nil without keys.
  private(set) var topKey: Double?
  private(set) var topPercent: Double?

  init(_ reader: TraceReader) throws(TraceError) {
    var keys: [UInt64: UInt64] = [:]
    for index in reader.blocks.indices {
      let block = try reader.block(index, columns: [.keys, .values])
      for event in 0..<block.count {
        if let key = block.key(at: event) { keys[digest64(key), default: 0] += 1 }
        if let arrival = block.arrival(at: event) {
          delays.add(arrival &- block.eventTime(at: event))
        }
      }
      for payload in block.payloads { add(payload) }
    }
    let counts = keys.values.sorted(by: >)
    let all = Double(counts.reduce(0, +))
    if let first = counts.first {
      topKey = Double(first) / all
      topPercent = Double(counts.prefix((counts.count + 99) / 100).reduce(0, +)) / all
    }
  }

  private mutating func add(_ payload: PayloadColumns?) {
    guard let payload else { return }
    for measure in payload.plan.measures {
      let place: Int
      if let known = fields.firstIndex(where: { $0.name == measure.name }) {
        place = known
      } else {
        place = fields.count
        fields.append((measure.name, Spread()))
      }
      let values = payload.numbers[measure.stream]
      for index in 0..<values.count {
        switch measure.kind {
        case .double:
          fields[place].spread.add(Double(bitPattern: UInt64(bitPattern: values[index])))
        case .float:
          let bits = UInt32(truncatingIfNeeded: values[index])
          fields[place].spread.add(Double(Float(bitPattern: bits)))
        default: fields[place].spread.add(Double(values[index]))
        }
      }
    }
  }
}

extension ColumnPlan {
  /// A field of the outermost record that measures something: a number, null or not, which does
  /// not repeat source, sequence or event time.
  var measures: [(name: String, stream: Int, kind: Kind)] {
    if nodes[root].kind != .record { return [] }
    var found: [(name: String, stream: Int, kind: Kind)] = []
    for (place, name) in names[root].enumerated()
    where !ImportMapping.identityFields.contains(name) {
      var node = nodes[children[nodes[root].first + place]]
      if node.kind == .union {
        let branches = (node.first..<node.first + node.count).map { nodes[children[$0]] }
        let values = branches.filter { $0.kind != .null }
        if values.count == 1 { node = values[0] }
      }
      switch node.kind {
      case .int, .long, .float, .double: found.append((name, node.stream, node.kind))
      default: break
      }
    }
    return found
  }
}

/// Delays in nanoseconds, counted in classes whose bounds are less than 1 % apart.
struct DelayCounts {
  private var counts = [UInt64](repeating: 0, count: 64 * 128)
  private(set) var total: UInt64 = 0

  mutating func add(_ delay: Int64) {
    counts[Self.place(of: delay)] += 1
    total += 1
  }

  private static func place(of delay: Int64) -> Int {
    if delay <= 0 { return 0 }
    if delay < 128 { return Int(delay) }
    let exponent = 63 - delay.leadingZeroBitCount
    return (exponent - 6) * 128 + Int(delay >> Int64(exponent - 7)) - 128
  }

  private static func least(of place: Int) -> Double {
    if place < 128 { return Double(place) }
    return Double(Int64(place % 128 + 128) << Int64(place / 128 - 1))
  }

  /// The lower bound of the class of a quantile; nil without delays.
  func quantile(_ share: Double) -> Double? {
    if total == 0 { return nil }
    let rank = UInt64((share * Double(total - 1)).rounded())
    var below: UInt64 = 0
    for place in counts.indices {
      below += counts[place]
      if below > rank { return Self.least(of: place) }
    }
    return nil
  }
}
