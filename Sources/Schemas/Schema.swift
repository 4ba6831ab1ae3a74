/// A whole Avro schema: every kind of type, with what belongs to it but not to the encoding.
///
/// Named types stand in a list, in the order of their definitions, and are told by their place
/// there, so that a recursive schema is a plain value.
public struct Schema: Hashable, Sendable {
  public internal(set) var root: SchemaType
  public internal(set) var definitions: [SchemaDefinition]

  /// Named types in one schema; more are refused.
  public static let definitionLimit = 1_000
}

/// A type in a schema.
public indirect enum SchemaType: Hashable, Sendable {
  /// The attributes hold the logical type and its parameters, and anything else that was told.
  case primitive(SchemaPrimitive, attributes: [JSONValue.Member])
  case array(SchemaType, attributes: [JSONValue.Member])
  /// The keys of a map are strings.
  case map(SchemaType, attributes: [JSONValue.Member])
  case union([SchemaType])
  /// The place of a record, an enum or a fixed in `Schema.definitions`.
  case named(Int)
}

/// The types without parts.
public enum SchemaPrimitive: String, Hashable, Sendable, CaseIterable {
  case null, boolean, int, long, float, double, bytes, string
}

/// A record, an enum or a fixed.
public struct SchemaDefinition: Hashable, Sendable {
  public enum Shape: Hashable, Sendable {
    case record([SchemaField])
    /// The default is read in place of a symbol that a reader does not know.
    case enumeration(symbols: [String], default: String?)
    /// The size in bytes.
    case fixed(size: Int)
  }

  /// With its namespace, if it has one.
  public var name: SchemaName
  /// Full names.
  public var aliases: [SchemaName]
  public var shape: Shape
  /// Documentation, logical type and anything else that was told, in its order.
  public var attributes: [JSONValue.Member]
}

/// A field of a record.
public struct SchemaField: Hashable, Sendable {
  public var name: String
  public var type: SchemaType
  /// As it was told; nil when the field has none. The default null is `.null`.
  public var defaultValue: JSONValue?
  public var aliases: [String]
  /// Documentation, order of sorting and anything else that was told, in its order.
  public var attributes: [JSONValue.Member]
}

/// The name of a definition: a namespace, empty for none, and the last part.
public struct SchemaName: Hashable, Sendable, CustomStringConvertible {
  public var namespace: String
  public var last: String

  /// The full name.
  public var description: String { namespace.isEmpty ? last : namespace + "." + last }

  /// A text with a dot is a full name; another one stands in the namespace told.
  init(_ text: String, in namespace: String) {
    if let dot = text.lastIndex(of: ".") {
      self.namespace = String(text[..<dot])
      last = String(text[text.index(after: dot)...])
    } else {
      self.namespace = namespace
      last = text
    }
  }

  /// Letters, digits and underlines, no digit first; the namespace is of such parts with dots.
  var isValid: Bool {
    SchemaName.isPart(last)
      && (namespace.isEmpty
        || namespace.split(separator: ".", omittingEmptySubsequences: false)
          .allSatisfy { SchemaName.isPart(String($0)) })
  }

  static func isPart(_ text: String) -> Bool {
    for (index, byte) in text.utf8.enumerated() {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "_"):
        break
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if index == 0 { return false }
      default: return false
      }
    }
    return !text.isEmpty
  }
}
