/// A value of any Avro type.
public indirect enum SchemaValue: Equatable, Sendable {
  case null
  case boolean(Bool)
  case int(Int32)
  case long(Int64)
  case float(Float)
  case double(Double)
  case bytes([UInt8])
  case string(String)
  /// The symbol.
  case enumeration(String)
  case fixed([UInt8])
  case array([SchemaValue])
  /// In the order of the bytes, or of the JSON text.
  case map([Member])
  /// In the order of the schema.
  case record([Member])

  /// A field of a record, or a key of a map.
  public struct Member: Equatable, Sendable {
    public var name: String
    public var value: SchemaValue

    public init(name: String, value: SchemaValue) {
      self.name = name
      self.value = value
    }
  }

  /// The value of a field or key, nil when there is none.
  public subscript(name: String) -> SchemaValue? {
    switch self {
    case .record(let members), .map(let members):
      members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    default: nil
    }
  }
}

extension Schema {
  /// Values that the defaults of one schema may have together: a few characters of a recursive
  /// record can stand for any number of them.
  static let defaultBudget = 1_000_000

  func checkDefaults() throws(SchemaError) {
    var budget = Schema.defaultBudget
    for definition in definitions {
      guard case .record(let fields) = definition.shape else { continue }
      for field in fields {
        guard let told = field.defaultValue else { continue }
        if value(of: told, as: field.type, budget: &budget) == nil {
          throw SchemaError(
            "the default of \(definition.name).\(field.name) does not fit "
              + kind(of: field.type))
        }
      }
    }
  }

  /// The value that a default stands for, nil when it does not fit its type. The budget is the
  /// number of values that may still be made.
  func value(
    of json: JSONValue, as type: SchemaType, budget: inout Int, depth: Int = 0
  ) -> SchemaValue? {
    budget -= 1
    if budget < 0 || depth > 64 { return nil }
    switch (type, json) {
    case (.primitive(let primitive, _), _): return Schema.value(of: json, as: primitive)
    case (.array(let items, _), .array(let list)):
      var values: [SchemaValue] = []
      for element in list {
        guard let value = value(of: element, as: items, budget: &budget, depth: depth + 1) else {
          return nil
        }
        values.append(value)
      }
      return .array(values)
    case (.map(let type, _), .object(let list)):
      var members: [SchemaValue.Member] = []
      for member in list {
        guard let value = value(of: member.value, as: type, budget: &budget, depth: depth + 1)
        else { return nil }
        members.append(SchemaValue.Member(name: member.name, value: value))
      }
      return .map(members)
    case (.union(let branches), _):
      for branch in branches {
        if let value = value(of: json, as: branch, budget: &budget, depth: depth + 1) {
          return value
        }
      }
      return nil
    case (.named(let place), _):
      return value(of: json, as: definitions[place], budget: &budget, depth: depth)
    default: return nil
    }
  }

  private func value(
    of json: JSONValue, as definition: SchemaDefinition, budget: inout Int, depth: Int
  ) -> SchemaValue? {
    switch definition.shape {
    case .enumeration(let symbols, _):
      guard let symbol = json.text, symbols.contains(symbol) else { return nil }
      return .enumeration(symbol)
    case .fixed(let size):
      guard let bytes = Schema.bytes(json), bytes.count == size else { return nil }
      return .fixed(bytes)
    case .record(let fields):
      guard case .object = json else { return nil }
      var members: [SchemaValue.Member] = []
      for field in fields {
        guard let told = json[field.name] ?? field.defaultValue,
          let value = value(of: told, as: field.type, budget: &budget, depth: depth + 1)
        else { return nil }
        members.append(SchemaValue.Member(name: field.name, value: value))
      }
      return .record(members)
    }
  }

  private static func value(of json: JSONValue, as primitive: SchemaPrimitive) -> SchemaValue? {
    switch (primitive, json) {
    case (.null, .null): .null
    case (.boolean, .boolean(let value)): .boolean(value)
    case (.int, .number(let text)): Int32(text).map(SchemaValue.int)
    case (.long, .number(let text)): Int64(text).map(SchemaValue.long)
    case (.float, .number(let text)): Float(text).map(SchemaValue.float)
    case (.double, .number(let text)): Double(text).map(SchemaValue.double)
    case (.bytes, .string): bytes(json).map(SchemaValue.bytes)
    case (.string, .string(let text)): .string(text)
    default: nil
    }
  }

  /// Bytes are told as a text of the characters 0 to 255.
  private static func bytes(_ json: JSONValue) -> [UInt8]? {
    guard let text = json.text else { return nil }
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
      guard let byte = UInt8(exactly: scalar.value) else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}
