import Model
import Scenarios

/// How the rows of a file become events: which column is time, key and field, and of what type.
/// Read from a mapping file; `docs/trace-format.md` describes it.
public struct ImportMapping: Sendable {
  /// The name of a column, and where the mapping names it.
  struct Column: Sendable {
    var name: String
    var mark: YAMLMark
  }

  struct Time: Sendable {
    /// Several are read as one text, a space between them.
    var columns: [Column]
    var form: TimeForm
    /// Line of the mapping that has the form.
    var line: Int
  }

  enum FieldType: Hashable, Sendable {
    case int, long, double, string
    /// As many decimals, kept as a long of the smallest unit.
    case decimal(Int)
    case boolean(whenTrue: [String], whenFalse: [String])
    case enumeration([String])
  }

  struct Field: Sendable {
    var name: String
    var column: Column
    /// The name of the row that has the value, where rows are gathered.
    var row: String?
    var type: FieldType
    var unit: String?
    var isOptional: Bool
    /// A keyed pseudonym stands in its place; of int, long and string.
    var isPseudonym: Bool
  }

  /// Rows that follow each other and share times and key are one event; each of them brings the
  /// value of one field, which it names.
  struct Pivot: Sendable {
    var name: Column
    var value: Column
  }

  struct Filter: Sendable {
    var column: Column
    var texts: [String]
  }

  public let stream: String
  public let origin: String
  /// The share of bad rows that the mapping allows.
  public let maximumBad: Ratio
  let separator: UInt8
  /// Nil: as is usual for the format, which is the empty text for CSV and nothing for others.
  let missing: [String]?
  let time: Time
  let arrival: Time?
  let key: [Column]
  /// The key is a pseudonym of what its columns say.
  let hasKeyPseudonym: Bool
  /// Rows of one text in it are one source; nil: all rows are source 0.
  let source: Column?
  let filters: [Filter]
  let pivot: Pivot?
  let fields: [Field]

  /// Names that every imported record begins with.
  static let identityFields = ["source", "sequence", "event_time"]

  /// All columns that are named, for a look at the header.
  var columns: [Column] {
    time.columns + (arrival?.columns ?? []) + key + (source.map { [$0] } ?? [])
      + filters.map(\.column) + (pivot.map { [$0.name, $0.value] } ?? []) + fields.map(\.column)
  }

  /// Their names, each once, in the order in which they are named first.
  var columnNames: [String] {
    var names: [String] = []
    for column in columns where !names.contains(column.name) { names.append(column.name) }
    return names
  }

  /// Some of what the rows say must not reach the disk as it is: importing needs a key, and bad
  /// rows are not kept.
  public var isMasked: Bool { hasKeyPseudonym || fields.contains(where: \.isPseudonym) }

  /// Milliseconds or microseconds in the field `event_time`.
  var isFine: Bool { time.form.isFine }

  /// The Avro schema of the records: identity and event time, then the fields.
  public var schema: String {
    let logical = isFine ? "timestamp-micros" : "timestamp-millis"
    var parts = [
      #"{"name":"source","type":"int"}"#, #"{"name":"sequence","type":"long"}"#,
      #"{"name":"event_time","type":{"type":"long","logicalType":"\#(logical)"}}"#,
    ]
    for field in fields {
      var type = typeText(field)
      if field.isOptional { type = "[\"null\",\(type)]" }
      var text = "{\"name\":\(jsonText(field.name)),\"type\":\(type)"
      if let unit = field.unit { text += ",\"doc\":\(jsonText(unit))" }
      parts.append(text + "}")
    }
    return "{\"type\":\"record\",\"name\":\(jsonText(avroName(stream))),\"fields\":["
      + parts.joined(separator: ",") + "]}"
  }

  private func typeText(_ field: Field) -> String {
    switch field.type {
    case .int: field.isPseudonym ? "\"long\"" : "\"int\""
    case .long, .decimal: "\"long\""
    case .double: "\"double\""
    case .string: "\"string\""
    case .boolean: "\"boolean\""
    case .enumeration(let symbols):
      "{\"type\":\"enum\",\"name\":\(jsonText(field.name + "_symbol")),\"symbols\":["
        + symbols.map(jsonText).joined(separator: ",") + "]}"
    }
  }

  private func avroName(_ text: String) -> String {
    var name = ""
    for scalar in text.unicodeScalars {
      let isLetter = scalar.isASCII && (scalar.properties.isAlphabetic || scalar == "_")
      let isDigit = ("0"..."9").contains(scalar) && !name.isEmpty
      name.unicodeScalars.append(isLetter || isDigit ? scalar : "_")
    }
    return name
  }
}

/// Whether Avro takes a name.
func isAvroName(_ text: String) -> Bool {
  let bytes = Array(text.utf8)
  guard let first = bytes.first, !(0x30...0x39).contains(first) else { return false }
  return bytes.allSatisfy {
    (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || $0 == 0x5F
  }
}

/// A text as JSON has it, quotes included.
func jsonText(_ text: String) -> String {
  var out = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": out += "\\\""
    case "\\": out += "\\\\"
    case "\n": out += "\\n"
    case "\r": out += "\\r"
    case "\t": out += "\\t"
    default:
      if scalar.value < 0x20 {
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
  }
  return out + "\""
}
