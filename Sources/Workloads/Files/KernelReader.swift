import Model
import Scenarios
import Schemas

/// Reads what fills each field of a stream, and holds it against the field's type.
struct KernelReader {
  let log: ProblemLog
  let schema: AvroSchema
  /// Index of the event time in the schema.
  let time: Int
  let populations: [Population]

  static let keys = [
    "kernel", "value", "values", "weights", "from", "to", "mean", "deviation", "median", "sigma",
    "quantiles", "length", "of", "draw", "offset", "bits", "draws", "nulls",
  ]
  /// Kernels, and the keys that each takes besides `kernel` and `nulls`.
  static let kernels: [(name: String, keys: [String])] = [
    ("constant", ["value"]), ("counter", ["from"]), ("uniform", ["from", "to"]),
    ("normal", ["mean", "deviation", "from", "to"]),
    ("lognormal", ["median", "sigma", "from", "to"]), ("quantiles", ["quantiles"]),
    ("choice", ["values", "weights"]), ("letters", ["length"]), ("member", ["of"]),
    ("token", ["of", "bits", "from", "draws"]),
    ("attribute", ["of", "draw"]), ("event-time", ["offset"]),
  ]

  /// The kernels of all fields behind the identity; nil when there are problems.
  func read(_ reader: MappingReader) -> [FieldKernel]? {
    guard let entries = reader.freeMapping("fields") else { return nil }
    let path = reader.path(of: "fields")
    let names = schema.fields.dropFirst(2).map(\.name)
    for entry in entries where !names.contains(entry.key) {
      log.add(
        entry.keyMark, "\(path): the schema has no field \(quoted(entry.key))",
        hint: nearestName(to: entry.key, in: names).map { "did you mean '\($0)'?" })
    }
    var kernels: [FieldKernel] = []
    for index in 2..<schema.fields.count {
      let field = schema.fields[index]
      guard let entry = entries.first(where: { $0.key == field.name }) else {
        if index == time {
          kernels.append(FieldKernel(kernel: .time(offset: 0), nulls: 0))
        } else {
          log.add(
            reader.mark, "\(path).\(field.name) is missing",
            hint: "every field of the schema needs a kernel")
        }
        continue
      }
      if let kernel = kernel(entry, "\(path).\(field.name)", index) { kernels.append(kernel) }
    }
    return kernels.count == schema.fields.count - 2 ? kernels : nil
  }

  private func kernel(_ entry: YAMLEntry, _ path: String, _ index: Int) -> FieldKernel? {
    guard let reader = MappingReader(entry.value, path: path, known: Self.keys, log: log) else {
      return nil
    }
    if index == time, reader.entry("kernel")?.value.scalar != "event-time" {
      log.add(
        entry.keyMark, "\(path) is the event time",
        hint: "write {kernel: event-time}, or leave it out")
      return nil
    }
    var type = schema.fields[index].type
    var isNullable = false
    if case .nullable(let inner, _) = type {
      type = inner
      isNullable = true
    }
    let nulls = reader.ratio("nulls")
    if nulls != nil, !isNullable, let mark = reader.entry("nulls")?.keyMark {
      log.add(mark, "\(path).nulls: the schema lets the field not be null")
    }
    guard let kernel = kernel(reader, type, index) else { return nil }
    return FieldKernel(kernel: kernel, nulls: nulls?.value ?? 0)
  }

  /// The kernel of a mapping, checked against a type without null.
  private func kernel(_ reader: MappingReader, _ type: AvroType, _ place: Int) -> Kernel? {
    reader.require("kernel", hint: "one of \(Self.kernels.map(\.name).joined(separator: ", "))")
    guard let name = reader.choice("kernel", among: Self.kernels.map(\.name)) else { return nil }
    let keys = Self.kernels.first { $0.name == name }?.keys ?? []
    for entry in reader.entries where !(keys + ["kernel", "nulls"]).contains(entry.key) {
      log.add(
        entry.keyMark, "\(reader.path(of: entry.key)) means nothing for the kernel \(name)",
        hint: keys.isEmpty ? "leave it out" : "it takes \(keys.joined(separator: ", "))")
    }
    let units = NumberUnits(type)
    if let mark = reader.entry("kernel")?.value.mark, let wrong = mismatch(name, type, units) {
      log.add(mark, "\(reader.path(of: "kernel")): \(wrong)")
      return nil
    }
    switch name {
    case "constant", "choice": return choice(reader, type, units)
    case "letters":
      reader.require("length", hint: "how many: length: 8")
      let length = reader.value("length") { (text) throws(ValueRefusal) in
        let count = try parseCount(text)
        if (1...256).contains(count) { return Int(count) }
        throw ValueRefusal("\(count) letters", hint: "1 to 256")
      }
      return length.map { .letters($0) }
    case "member":
      reader.require("of", hint: "the name of a population")
      return reader.choice("of", among: populations.map(\.name)).map { name in
        .member(of: populations.firstIndex { $0.name == name } ?? 0)
      }
    case "token": return token(reader)
    case "attribute": return attribute(reader, type, before: place)
    default: return number(name, reader, units)
    }
  }

  /// Why a kernel cannot fill a type; nil when it can.
  private func mismatch(_ name: String, _ type: AvroType, _ units: NumberUnits?) -> String? {
    switch name {
    case "constant", "choice", "attribute": return nil
    case "letters":
      switch type {
      case .string, .bytes: return nil
      default: return "letters fill strings and bytes alone"
      }
    case "event-time":
      switch type {
      case .timestampMillis, .timestampMicros, .long: return nil
      default: return "a time fills timestamps and longs alone"
      }
    case "member", "token", "counter":
      if type == .string || units != nil { return nil }
      return "'\(name)' fills numbers and strings alone"
    default:
      if units == nil { return "'\(name)' fills numbers alone; take choice or letters" }
      return nil
    }
  }

  private func token(_ reader: MappingReader) -> Kernel? {
    reader.require("of", hint: "the name of a population")
    let bits = reader.value("bits") { (text) throws(ValueRefusal) in
      let bits = try parseCount(text)
      if (8...62).contains(bits) { return Int(bits) }
      throw ValueRefusal("a number of \(bits) bits", hint: "8 to 62")
    }
    let from = reader.value("from") { (text) throws(ValueRefusal) in try parseCount(text) }
    let draws = reader.value("draws") { (text) throws(ValueRefusal) in
      let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      if parts.count == 2 { return TokenDraws(component: parts[0], purpose: parts[1]) }
      throw ValueRefusal("\(quoted(text)) is no name of draws", hint: "such as shop/customer")
    }
    guard let name = reader.choice("of", among: populations.map(\.name)) else { return nil }
    let index = populations.firstIndex { $0.name == name } ?? 0
    let needed = 64 - (populations[index].count - 1).leadingZeroBitCount
    if let bits, bits < needed, let mark = reader.entry("bits")?.value.mark {
      log.add(
        mark, "\(reader.path(of: "bits")): \(bits) bits are too few for the population",
        hint: "\(max(needed, 8)) or more")
      return nil
    }
    return .token(
      of: index, bits: bits ?? max(needed, 48), from: from ?? 0,
      draws: draws ?? TokenDraws(component: "workload-file.token", purpose: name))
  }

  private func attribute(
    _ reader: MappingReader, _ type: AvroType, before place: Int
  ) -> Kernel? {
    reader.require("of", hint: "the field that holds the member")
    reader.require("draw", hint: "how members get it: draw: {kernel: uniform, from: 1, to: 9}")
    let names = schema.fields.map(\.name)
    let field = reader.value("of") { (text) throws(ValueRefusal) in
      let index = try WorkloadFileReader.index(text, names)
      if index >= 2, index < place { return index }
      throw ValueRefusal("\(quoted(text)) is no field before this one")
    }
    guard let inner = reader.mapping("draw", known: Self.keys),
      let kernel = kernel(inner, type, place), let field
    else { return nil }
    switch kernel {
    case .counter, .attribute, .time, .member, .token:
      log.add(inner.mark, "\(inner.path): a member has no such attribute", hint: "take a draw")
      return nil
    default: return .attribute(field: field, kernel)
    }
  }

  private func number(_ name: String, _ reader: MappingReader, _ units: NumberUnits?) -> Kernel? {
    let units = units ?? NumberUnits(.long)!
    func value(_ key: String) -> Int64? {
      reader.value(key) { (text) throws(ValueRefusal) in try units.parse(text) }
    }
    func decimal(_ key: String, _ range: ClosedRange<Double>) -> Double? {
      reader.require(key)
      return reader.value(key) { (text) throws(ValueRefusal) in
        try WorkloadFileReader.decimal(text, range)
      }
    }
    let (low, high) = (value("from"), value("to"))
    if let low, let high, low > high, let mark = reader.entry("from")?.value.mark {
      log.add(mark, "\(reader.path): from is above to")
      return nil
    }
    let range = (low ?? units.range.lowerBound)...max(high ?? units.range.upperBound, low ?? .min)
    let wide = -1e18...1e18
    switch name {
    case "counter": return .counter(from: low ?? 0)
    case "uniform":
      reader.require("from")
      reader.require("to")
      guard let low, let high else { return nil }
      return .uniform(low, high)
    case "normal":
      guard let mean = decimal("mean", wide), let deviation = decimal("deviation", 0...1e18)
      else { return nil }
      return .normal(mean: units.scaled(mean), deviation: units.scaled(deviation), within: range)
    case "lognormal":
      guard let median = decimal("median", 1e-9...1e18), let sigma = decimal("sigma", 0...20)
      else { return nil }
      return .logNormal(median: units.scaled(median), sigma: sigma, within: range)
    case "quantiles":
      reader.require("quantiles", hint: "values at equal steps of probability, rising")
      guard let texts = reader.texts("quantiles") else { return nil }
      return quantiles(texts, reader, units)
    default:
      let offset = reader.value("offset") { (text) throws(ValueRefusal) in
        try units.parse(text)
      }
      return .time(offset: offset ?? 0)
    }
  }

  private func quantiles(
    _ texts: [String], _ reader: MappingReader, _ units: NumberUnits
  ) -> Kernel? {
    guard let mark = reader.entry("quantiles")?.value.mark else { return nil }
    do throws(ValueRefusal) {
      let values = try texts.map { (text) throws(ValueRefusal) in try units.parse(text) }
      if values.count < 2 || values.count > 1_025 || values != values.sorted() {
        throw ValueRefusal("2 to 1025 values that never fall are wanted")
      }
      return .quantiles(values)
    } catch {
      log.add(mark, reader.path(of: "quantiles"), error)
      return nil
    }
  }

  private func choice(_ reader: MappingReader, _ type: AvroType, _ units: NumberUnits?) -> Kernel? {
    let isConstant = reader.entry("kernel")?.value.scalar == "constant"
    let key = isConstant ? "value" : "values"
    reader.require(key, hint: "write values: [a, b], weights: [3, 1]")
    let texts = isConstant ? reader.text(key).map { [$0] } : reader.texts(key)
    guard let texts, let mark = reader.entry(key)?.value.mark else { return nil }
    let weights = reader.texts("weights")
    do throws(ValueRefusal) {
      let shares = try (weights ?? texts.map { _ in "1" }).map { (text) throws(ValueRefusal) in
        try WorkloadFileReader.decimal(text, 0...1e12)
      }
      if shares.count != texts.count || texts.isEmpty || shares.reduce(0, +) <= 0 {
        throw ValueRefusal("\(texts.count) values and \(shares.count) weights do not fit together")
      }
      switch type {
      case .string, .bytes: return .texts(texts, weights: shares)
      case .enumeration(_, let symbols):
        let numbers = try texts.map { (text) throws(ValueRefusal) in
          Int64(symbols.firstIndex(of: try parseChoice(text, among: symbols)) ?? 0)
        }
        return numbers.count == 1 ? .constant(numbers[0]) : .choice(numbers, weights: shares)
      case .boolean:
        let numbers = try texts.map { (text) throws(ValueRefusal) -> Int64 in
          try parseTruth(text) ? 1 : 0
        }
        return numbers.count == 1 ? .constant(numbers[0]) : .choice(numbers, weights: shares)
      default:
        guard let units else { throw ValueRefusal("a field of this type cannot be filled") }
        let numbers = try texts.map { (text) throws(ValueRefusal) in try units.parse(text) }
        return numbers.count == 1 ? .constant(numbers[0]) : .choice(numbers, weights: shares)
      }
    } catch {
      log.add(mark, reader.path(of: key), error)
      return nil
    }
  }
}

/// Numbers of a field: a range, and how many decimals a unit has. Numbers of floating point are
/// held in millionths.
struct NumberUnits {
  static let decimals = 6
  var range: ClosedRange<Int64>
  var isFloating = false

  init?(_ type: AvroType) {
    switch type {
    case .int: range = Int64(Int32.min)...Int64(Int32.max)
    case .long, .timestampMillis, .timestampMicros, .fixed: range = Int64.min...Int64.max
    case .float, .double:
      range = -1_000_000_000_000_000_000...1_000_000_000_000_000_000
      isFloating = true
    default: return nil
    }
  }

  func scaled(_ value: Double) -> Double { isFloating ? value * 1_000_000 : value }

  /// The number of a text in units of the field.
  func parse(_ text: String) throws(ValueRefusal) -> Int64 {
    let isNegative = text.hasPrefix("-")
    let parts = text.drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
    let whole = parts.first.flatMap { Int64($0) }
    var units = whole
    if isFloating {
      let digits = parts.count == 2 ? parts[1] : ""
      if digits.count > Self.decimals {
        throw ValueRefusal("\(quoted(text)) has more than six decimals")
      }
      let padded = digits + String(repeating: "0", count: Self.decimals - digits.count)
      units = whole.flatMap { whole in
        let (scaled, overflow) = whole.multipliedReportingOverflow(by: 1_000_000)
        guard !overflow, let rest = Int64(padded) else { return nil }
        return scaled + rest
      }
    }
    guard parts.count == 1 || (isFloating && parts.count == 2), var units, units >= 0 else {
      throw ValueRefusal("\(quoted(text)) is no \(isFloating ? "decimal" : "whole") number")
    }
    if isNegative { units = -units }
    if range.contains(units) { return units }
    throw ValueRefusal("\(quoted(text)) does not fit the field")
  }
}
