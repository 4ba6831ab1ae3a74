import Queries

/// What is agreed about the records of a stream: how its schema may change, and which records are
/// valid. Data, for the registry, for validation and for those who break records on purpose.
public struct StreamContract: Hashable, Sendable {
  /// Name of the stream.
  public var stream: String
  /// Avro schema in JSON, version 1.
  public var schema: String
  /// Changes that a scenario may ask for by their kind.
  public var changes: [SchemaChange]
  /// In the order in which they are tried; the first that does not hold is the reason.
  public var rules: [ValidityRule]

  public init(
    stream: String, schema: String, changes: [SchemaChange], rules: [ValidityRule]
  ) {
    self.stream = stream
    self.schema = schema
    self.changes = changes
    self.rules = rules
  }
}

/// A second version of a stream's schema.
public struct SchemaChange: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable {
    /// Either version reads what the other wrote.
    case compatible
    /// The second version reads what the first wrote, but not the other way round.
    case backwardOnly = "backward-only"
    /// The first version reads what the second wrote, but not the other way round.
    case forwardOnly = "forward-only"
    /// Neither reads what the other wrote.
    case breaking
  }

  public var kind: Kind
  /// What changes, as a sentence.
  public var summary: String
  /// Avro schema in JSON.
  public var schema: String

  public init(_ kind: Kind, _ summary: String, _ schema: String) {
    self.kind = kind
    self.summary = summary
    self.schema = schema
  }
}

/// Something that holds for every valid record of a stream; it looks at one record alone.
public struct ValidityRule: Hashable, Sendable {
  /// Reasons in dead letters, in the order in which they are tried.
  public enum Reason: String, Hashable, Sendable, CaseIterable {
    case missingField = "missing-field"
    case outOfRange = "out-of-range"
    case reference
    case rule
    case future
  }

  public var reason: Reason
  /// Such as "speed", unique within the stream.
  public var name: String
  /// What the condition looks at: its columns.
  public var columns: [ColumnSource]
  /// A record is valid unless this is false: unknown passes.
  public var holds: Predicate

  public init(_ reason: Reason, _ name: String, _ columns: [ColumnSource], _ holds: Predicate) {
    self.reason = reason
    self.name = name
    self.columns = columns
    self.holds = holds
  }

  /// A field within a range.
  static func range(_ field: String, _ range: ClosedRange<Int64>) -> Self {
    Self(
      .outOfRange, field, [.field(field)],
      .and([.atLeast(.column(0), range.lowerBound), .atMost(.column(0), range.upperBound)]))
  }

  /// A field at most so much after another, both in the same unit.
  static func atMost(
    _ reason: Reason, _ name: String, _ later: String, _ earlier: String, _ most: Int64
  ) -> Self {
    Self(
      reason, name, [.field(later), .field(earlier)],
      .atMost(.subtract(.column(0), .column(1)), most))
  }
}

/// Avro schemas as text with one field changed: enough for versions that differ in one place.
extension String {
  /// The schema with one more field at the end.
  func addingField(_ field: String) -> String {
    guard let end = place(ofLast: "]}") else { return self }
    return String(self[..<end]) + ", " + field + String(self[end...])
  }

  /// The schema with a text replaced; it stands there once.
  func replacingOnce(_ old: String, _ new: String) -> String {
    guard let place = place(ofFirst: old) else { return self }
    return String(self[..<place.lowerBound]) + new + String(self[place.upperBound...])
  }

  private func place(ofFirst text: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }

  private func place(ofLast text: String) -> String.Index? {
    var at = endIndex
    while at > startIndex {
      at = index(before: at)
      if self[at...].hasPrefix(text) { return at }
    }
    return nil
  }
}
