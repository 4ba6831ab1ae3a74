/// What a new version of a schema must agree with.
public enum CompatibilityLevel: String, Hashable, Sendable, CaseIterable {
  case none = "NONE"
  /// The new schema reads data of the latest version: consumers are upgraded first.
  case backward = "BACKWARD"
  case backwardTransitive = "BACKWARD_TRANSITIVE"
  /// The latest version reads data of the new schema: producers are upgraded first.
  case forward = "FORWARD"
  case forwardTransitive = "FORWARD_TRANSITIVE"
  /// Both, so that the order of upgrades is free.
  case full = "FULL"
  case fullTransitive = "FULL_TRANSITIVE"

  public var isBackward: Bool {
    switch self {
    case .backward, .backwardTransitive, .full, .fullTransitive: true
    default: false
    }
  }

  public var isForward: Bool {
    switch self {
    case .forward, .forwardTransitive, .full, .fullTransitive: true
    default: false
    }
  }

  /// True when every version that is not deleted counts, not only the latest.
  public var isTransitive: Bool {
    switch self {
    case .backwardTransitive, .forwardTransitive, .fullTransitive: true
    default: false
    }
  }
}

/// What may be done with a subject.
public enum RegistryMode: String, Hashable, Sendable, CaseIterable {
  case readWrite = "READWRITE"
  case readOnly = "READONLY"
  /// Set for the whole registry, it stands above the modes of subjects.
  case readOnlyOverride = "READONLY_OVERRIDE"
  /// Ids and versions come with the schemas; compatibility is not checked.
  case importing = "IMPORT"
  case forward = "FORWARD"

  var isReadOnly: Bool { self == .readOnly || self == .readOnlyOverride }
}

/// How a request names a version.
public enum VersionName: Hashable, Sendable {
  /// From 1.
  case number(Int)
  case latest

  /// Reads a number, "latest" or "-1"; anything else is error 42202.
  public init(_ text: String) throws(RegistryError) {
    if text == "latest" || text == "-1" {
      self = .latest
    } else if let number = Int32(text), number > 0 {
      self = .number(Int(number))
    } else {
      throw RegistryError(
        .invalidVersion,
        "the version \(text) is not allowed; use a number from 1 to 2147483647 or latest")
    }
  }
}

/// Why a registry refused a request: the code that its clients see.
public struct RegistryError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Code: Int, Hashable, Sendable, CaseIterable {
    /// Newer registries answer `incompatibleInNewer` with the same status.
    case incompatible = 409
    case subjectNotFound = 40401
    case versionNotFound = 40402
    case schemaNotFound = 40403
    case subjectSoftDeleted = 40404
    case subjectNotSoftDeleted = 40405
    case versionSoftDeleted = 40406
    case versionNotSoftDeleted = 40407
    case levelNotConfigured = 40408
    case modeNotConfigured = 40409
    case invalidSchema = 42201
    case invalidVersion = 42202
    case invalidLevel = 42203
    case invalidMode = 42204
    case operationNotPermitted = 42205
    case idDoesNotMatch = 42207
    case invalidSubject = 42208
    case schemaTooLarge = 42209

    /// The HTTP status: the first three digits.
    public var status: Int { rawValue > 999 ? rawValue / 100 : rawValue }
  }

  /// The code of an incompatible schema since version 8.5; match on the status 409.
  public static let incompatibleInNewer = 40901

  public var code: Code
  /// One line without a final full stop.
  public var message: String
  /// What made a schema incompatible; empty for other codes.
  public var incompatibilities: [Incompatibility]

  public init(_ code: Code, _ message: String, _ incompatibilities: [Incompatibility] = []) {
    self.code = code
    self.message = message
    self.incompatibilities = incompatibilities
  }

  public var description: String { "\(code.rawValue): \(message)" }
}

/// A schema under a subject.
public struct SubjectVersion: Hashable, Sendable {
  public var subject: String
  /// From 1; not reused after a soft delete.
  public var version: Int
  /// The same for the same schema under any subject.
  public var id: Int
  public var isDeleted: Bool

  public init(subject: String, version: Int, id: Int, isDeleted: Bool) {
    self.subject = subject
    self.version = version
    self.id = id
    self.isDeleted = isDeleted
  }
}
