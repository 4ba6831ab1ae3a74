import Model
import Schemas

/// A first workload file for a schema: each field with a kernel that fits its type.
public struct WorkloadDraft: Sendable {
  public var text: String
  /// Fields besides the identity.
  public var fieldCount: Int

  /// Throws for a schema without fields, and for one whose fields cannot be filled.
  public init(schema: AvroSchema, name: String) throws(SchemaError) {
    let fields = schema.fields.filter { $0.name != "source" && $0.name != "sequence" }
    guard !fields.isEmpty else { throw SchemaError("the record \(schema.name) has no fields") }
    fieldCount = fields.count
    let time = fields.first(where: Self.isTime) ?? fields.first { $0.type == .long }
    guard let time else {
      throw SchemaError(
        "\(schema.name) has no timestamp and no long that could be the time of its events")
    }
    let key = fields.first { field in
      switch field.type {
      case .int, .long, .string: field.name != time.name
      default: false
      }
    }
    let stream = Self.plain(name)
    var lines = [
      "# Made from the schema \(schema.name): edit the kernels until the events are like yours.",
      "weir-workload: 1", "name: \(stream)", "populations:",
      "  members: {count: 10k, exponent: 1.0, shift: 10}", "streams:", "  \(stream):",
      "    schema: '\(schema.json)'", "    event_time: \(time.name)",
    ]
    if let key { lines.append("    key: \(key.name)") }
    lines += [
      "    arrivals: {kind: random}", "    delay: {median: 20ms, p99: 60ms}", "    fields:",
    ]
    for field in fields {
      lines.append("      \(field.name): {\(Self.kernel(field, isKey: field == key, time))}")
    }
    let number = fields.first { field in
      (field.type == .int || field.type == .long) && field != key && field != time
    }
    let sum = number.map { ", total: sum(\($0.name))" } ?? ""
    let columns = key.map { [$0.name, "start"] } ?? ["start"]
    lines += [
      "queries:", "  per_second:",
      "    summary: Events\(key.map { " of a \($0.name)" } ?? "") in each second", "    steps:",
      "      - read: \(stream)",
      "      - tumbling: {key: [\(key?.name ?? "")], size: 1s, aggregates: {n: count\(sum)}}",
      "    key: [\(columns.joined(separator: ", "))]",
      "    value: [n\(number == nil ? "" : ", total")]",
    ]
    text = lines.joined(separator: "\n") + "\n"
  }

  private static func isTime(_ field: AvroField) -> Bool {
    field.type == .timestampMillis || field.type == .timestampMicros
  }

  private static func plain(_ name: String) -> String {
    let small = name.lowercased().map { sign in
      sign.isASCII && (sign.isLetter || sign.isNumber) ? sign : "-"
    }
    return small.isEmpty ? "events" : String(small.prefix(60))
  }

  private static func kernel(_ field: AvroField, isKey: Bool, _ time: AvroField) -> String {
    if field == time { return "kernel: event-time" }
    switch field.type {
    case .nullable(let inner, _):
      let plain = AvroField(name: field.name, type: inner)
      return kernel(plain, isKey: isKey, time) + ", nulls: 5%"
    case .int, .long:
      return isKey ? "kernel: member, of: members" : "kernel: uniform, from: 0, to: 1000"
    case .timestampMillis, .timestampMicros: return "kernel: event-time"
    case .boolean: return "kernel: choice, values: [true, false], weights: [1, 9]"
    case .float, .double: return "kernel: lognormal, median: 10, sigma: 1"
    case .enumeration(_, let symbols):
      return "kernel: choice, values: [\(symbols.joined(separator: ", "))]"
    case .string where isKey: return "kernel: choice, values: [a, b, c, d], weights: [8, 4, 2, 1]"
    case .string, .bytes: return "kernel: letters, length: 8"
    case .fixed: return "kernel: uniform, from: 0, to: 1000"
    }
  }
}

/// The first events of one stream of a workload file.
public struct StreamSample: Sendable {
  public var name: String
  public var events: Int
  public var bytes: Int
  /// Different keys among them.
  public var keys: Int
  /// Nanoseconds of run time that they take at a thousand a second.
  public var span: Int64

  /// The line that says it.
  public var line: String {
    let each = events == 0 ? 0 : bytes / events
    return "\(name): \(events) events, \(each) bytes each, \(keys) different keys\n"
  }
}
