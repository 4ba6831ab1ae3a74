import Scenarios
import Schemas

/// What of captured records may reach the disk. Without any name everything does; as soon as one is
/// given, only what is named: fields of the value by their names, `:key` for the key,
/// `:header.NAME` for a header, and `:undecodable` for values that do not decode, whose fields
/// nobody can tell apart.
public struct MaskRules: Hashable, Sendable {
  public let allowed: [String]
  public let pseudonyms: [String]

  /// Nothing is masked.
  public static let none = MaskRules()

  private init() {
    allowed = []
    pseudonyms = []
  }

  /// Throws on a name that is empty, given twice, or begins with a colon and is none of the three.
  public init(allowed: [String], pseudonyms: [String]) throws(ValueRefusal) {
    let names = allowed + pseudonyms
    for (index, name) in names.enumerated() {
      if name.isEmpty { throw ValueRefusal("a field without a name") }
      if names[..<index].contains(name) { throw ValueRefusal("'\(name)' is named twice") }
      if !name.hasPrefix(":") || name == ":key" || name == ":undecodable" { continue }
      if name.hasPrefix(":header."), name.count > ":header.".count { continue }
      throw ValueRefusal(
        "'\(name)' is neither a field nor one of :key, :header.NAME, :undecodable")
    }
    if pseudonyms.contains(":undecodable") {
      throw ValueRefusal("bytes that do not decode are kept or left out; they have no pseudonym")
    }
    self.allowed = allowed
    self.pseudonyms = pseudonyms
  }

  public var isNone: Bool { allowed.isEmpty && pseudonyms.isEmpty }

  /// Names of fields, without those that begin with a colon.
  public var fields: [String] { (allowed + pseudonyms).filter { !$0.hasPrefix(":") } }

  public func fate(of name: String) -> FieldFate {
    if isNone || allowed.contains(name) { return .keep }
    return pseudonyms.contains(name) ? .pseudonym : .drop
  }

  public var keepsUndecodable: Bool { fate(of: ":undecodable") == .keep }

  /// One line that stands in the trace: what was done to the records, and with which key, told by
  /// eight digits that do not give it away.
  func text(keyCheck: String?) -> String {
    if isNone { return "whole" }
    var parts: [String] = []
    if !allowed.isEmpty { parts.append("kept " + allowed.joined(separator: " ")) }
    if !pseudonyms.isEmpty {
      let key = keyCheck.map { " (key \($0))" } ?? ""
      parts.append("pseudonyms of " + pseudonyms.joined(separator: " ") + key)
    }
    return "masked: " + parts.joined(separator: "; ")
  }
}
