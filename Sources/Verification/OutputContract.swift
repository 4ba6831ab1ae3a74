import Model
import Scenarios
import Schemas
import Workloads

/// What must hold of the output of a job, and how its streams are read.
public struct OutputContract: Sendable {
  public var checks: [OutputCheck]
  public var reads: StreamChoice
  public var writes: StreamChoice
  /// Avro schema of the input stream in JSON.
  public var schema: String
  /// The group of the job commits positions, and so tells what it has taken.
  public var commits: Bool

  public init(
    checks: [OutputCheck], reads: StreamChoice, writes: StreamChoice, schema: String,
    commits: Bool = true
  ) {
    self.checks = checks
    self.reads = reads
    self.writes = writes
    self.schema = schema
    self.commits = commits
  }
}

/// One record of an output, opened as far as checks want it.
struct OutputRecord {
  var key: [UInt8]?
  var value: [UInt8]
  /// Nil where the stream is not JSON, or the record is none.
  var json: JSONValue?

  /// Text of a field as it is compared; "null" where there is none.
  func cell(_ field: FieldPath) -> String {
    switch field {
    case .key: key.map { keyText($0) } ?? "null"
    case .eventTime: "null"
    case .value(let names): cellText(json?.value(at: names))
    }
  }

  func cells(_ fields: [FieldPath]) -> RowName { RowName(fields.map(cell)) }

  func meets(_ conditions: [OutputCheck.Condition]) -> Bool {
    conditions.allSatisfy { cell($0.field) == $0.value }
  }
}

/// The cells that name a row.
struct RowName: Hashable {
  var cells: [String]

  init(_ cells: [String]) { self.cells = cells }

  var text: String { "[\(cells.map { $0.prefix(60) }.joined(separator: ", "))]" }
}

/// A key as it is compared: its text, or its bytes in hexadecimal where they are none.
func keyText(_ bytes: [UInt8]) -> String {
  if let text = String(validating: bytes, as: UTF8.self),
    text.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 })
  {
    return text
  }
  let digits = Array("0123456789abcdef")
  return "0x" + String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}

/// A value as it is compared: numbers by what they are and not by how they are written, texts
/// without quotes, so that a key may be either.
func cellText(_ value: JSONValue?) -> String {
  switch value {
  case nil, .null: return "null"
  case .number(let text):
    if let whole = Int64(text) { return String(whole) }
    guard let number = Double(text) else { return text }
    return Int64(exactly: number).map { String($0) } ?? "\(number)"
  case .string(let text): return text
  case let other?: return other.canonicalText
  }
}

/// Reads fields of the events of the input.
final class InputFields {
  private let encoding: StreamEncoding
  private let projection: Projection?

  init(_ contract: OutputContract) {
    encoding = contract.reads.encoding
    do throws(SchemaError) {
      let schema = try Schema.parse(contract.schema)
      projection = Projection(reader: schema, writer: schema)
    } catch {
      projection = nil
    }
  }

  /// The value as JSON; nil when it cannot be read.
  func json(_ block: EventBlock, _ index: Int) -> JSONValue? {
    let value = block.value(index)
    if encoding == .json {
      return String(validating: value, as: UTF8.self).flatMap { JSONValue(parsing: $0) }
    }
    guard let projection, value.count >= Framing.length else { return nil }
    do throws(ProjectionError) {
      return try projection.read(UnsafeRawBufferPointer(rebasing: value[Framing.length...])).json
    } catch {
      return nil
    }
  }

  func cell(_ field: FieldPath, _ block: EventBlock, _ index: Int, _ json: JSONValue?) -> String {
    switch field {
    case .key: block.key(index).map { keyText([UInt8]($0)) } ?? "null"
    case .eventTime: String(block.eventTime[index])
    case .value(let names): cellText(json?.value(at: names))
    }
  }
}

/// Values by name, in the order in which the names were first seen.
struct OrderedTable<Name: Hashable, Value> {
  private(set) var names: [Name] = []
  var values: [Value] = []
  private var places: [Name: Int] = [:]

  func place(of name: Name) -> Int? { places[name] }

  subscript(name: Name) -> Value? { places[name].map { values[$0] } }

  /// Changes the value of a name, made from `fresh` when it is new.
  mutating func update(
    _ name: Name, fresh: @autoclosure () -> Value, _ change: (inout Value) -> Void
  ) {
    if let place = places[name] { return change(&values[place]) }
    places[name] = values.count
    names.append(name)
    values.append(fresh())
    change(&values[values.count - 1])
  }
}
