import Bytes

/// Why one record cannot be read through a reader's schema.
public enum ProjectionError: Error, Hashable, Sendable {
  /// The bytes are not what the writer's schema says; the path is of the reader's schema.
  case damaged(RecordError, path: String)
  /// The bytes are good, the reader's schema cannot take them.
  case unreadable(Incompatibility)
}

/// Reads records that were written with one schema through another: fields by name or alias,
/// missing ones from their defaults, numbers promoted. What `resolve` finds shows only in the
/// records that carry it: an unknown enum symbol or an unreadable branch of a union.
public struct Projection: Sendable {
  public let reader: Schema
  public let writer: Schema

  public init(reader: Schema, writer: Schema) {
    self.reader = reader
    self.writer = writer
  }

  /// Reads one value without framing, which takes all the bytes. At most a million values and 64
  /// levels.
  public func read(_ bytes: UnsafeRawBufferPointer) throws(ProjectionError) -> SchemaValue {
    var decoder = Decoder(reader: reader, writer: writer, bytes: bytes)
    let value = try decoder.value(reader.root, writer.root, "", 0)
    if !decoder.bytes.isAtEnd { throw .damaged(.truncated, path: "/") }
    return value
  }
}

private struct Decoder: ~Copyable {
  let reader: Schema
  let writer: Schema
  var bytes: ByteReader
  private var budget = 1_000_000

  init(reader: Schema, writer: Schema, bytes: UnsafeRawBufferPointer) {
    self.reader = reader
    self.writer = writer
    self.bytes = ByteReader(bytes)
  }

  private func refusal(
    _ reason: Incompatibility.Reason, _ path: String, _ detail: String
  ) -> ProjectionError {
    .unreadable(
      Incompatibility(reason: reason, path: path.isEmpty ? "/" : path, detail: detail))
  }

  mutating func value(
    _ r: SchemaType, _ w: SchemaType, _ path: String, _ depth: Int
  ) throws(ProjectionError) -> SchemaValue {
    budget -= 1
    if budget < 0 || depth > 64 { throw .damaged(.wrongType, path: path) }
    if case .union(let branches) = w {
      let branch = try index(branches.count, path)
      return try value(r, branches[branch], path, depth + 1)
    }
    if case .union(let branches) = r {
      guard let branch = choose(branches, w) else {
        throw refusal(
          .missingUnionBranch, path, "no branch of the reader reads \(writer.kind(of: w))")
      }
      return try value(branch, w, path, depth + 1)
    }
    switch (r, w) {
    case (.primitive(let a, _), .primitive(let b, _)) where a.reads(b):
      guard let value = promote(try primitive(b, path), to: a) else {
        throw .damaged(.wrongType, path: path)
      }
      return value
    case (.array(let a, _), .array(let b, _)):
      var values: [SchemaValue] = []
      while let count = try block(path) {
        for _ in 0..<count { values.append(try value(a, b, path + "/items", depth + 1)) }
      }
      return .array(values)
    case (.map(let a, _), .map(let b, _)):
      var members: [SchemaValue.Member] = []
      while let count = try block(path) {
        for _ in 0..<count {
          let name = try string(path)
          let value = try value(a, b, path + "/values", depth + 1)
          members.append(SchemaValue.Member(name: name, value: value))
        }
      }
      return .map(members)
    case (.named(let a), .named(let b)):
      return try named(reader.definitions[a], writer.definitions[b], path, depth)
    default:
      throw refusal(
        .typeMismatch, path,
        "the reader's \(reader.kind(of: r)) does not read \(writer.kind(of: w))")
    }
  }

  /// The branch of the same type and name, else the first that reads what the writer has. Where
  /// names leave a choice, one that reads all of the writer's type comes before the others.
  private func choose(_ branches: [SchemaType], _ w: SchemaType) -> SchemaType? {
    var exact: [SchemaType] = []
    var others: [SchemaType] = []
    for branch in branches {
      switch (branch, w) {
      case (.primitive(let a, _), .primitive(let b, _)):
        if a == b { return branch }
        if a.reads(b) { others.append(branch) }
      case (.array, .array), (.map, .map): return branch
      case (.named(let a), .named(let b)):
        let (r, w) = (reader.definitions[a], writer.definitions[b])
        guard r.shape.isLike(w.shape), r.answers(to: w.name) else { continue }
        if r.name == w.name { exact.append(branch) } else { others.append(branch) }
      default: break
      }
    }
    let candidates = exact + others
    if candidates.count < 2 { return candidates.first }
    let written = Schema(root: w, definitions: writer.definitions)
    return candidates.first { branch in
      resolve(reader: Schema(root: branch, definitions: reader.definitions), writer: written)
        .isEmpty
    } ?? candidates[0]
  }

  private mutating func named(
    _ r: SchemaDefinition, _ w: SchemaDefinition, _ path: String, _ depth: Int
  ) throws(ProjectionError) -> SchemaValue {
    if !r.answers(to: w.name) {
      throw refusal(
        .nameMismatch, path, "the reader expects \(r.name), the writer has \(w.name)")
    }
    switch (r.shape, w.shape) {
    case (.fixed(let a), .fixed(let b)):
      if a != b {
        throw refusal(
          .fixedSizeMismatch, path, "the reader expects \(a) bytes, the writer has \(b)")
      }
      return .fixed(try take(b, path))
    case (.enumeration(let a, let fallback), .enumeration(let b, _)):
      let symbol = b[try index(b.count, path)]
      if a.contains(symbol) { return .enumeration(symbol) }
      guard let fallback else {
        throw refusal(
          .missingEnumSymbols, path, "\(r.name) of the reader has no \(symbol) and no default")
      }
      return .enumeration(fallback)
    case (.record(let a), .record(let b)): return try record(a, b, path, depth)
    default:
      throw refusal(.typeMismatch, path, "\(r.name) is another kind of type to the writer")
    }
  }

  private mutating func record(
    _ r: [SchemaField], _ w: [SchemaField], _ path: String, _ depth: Int
  ) throws(ProjectionError) -> SchemaValue {
    let index = SchemaField.places(w)
    var targets = [Int?](repeating: nil, count: w.count)
    var values = [SchemaValue?](repeating: nil, count: r.count)
    for (place, field) in r.enumerated() {
      let inside = path + "/" + field.name
      let sources = field.sources(in: index)
      if sources.count > 1 {
        throw refusal(.ambiguousAlias, inside, "several fields of the writer are this one")
      }
      if let source = sources.first {
        targets[source] = place
        continue
      }
      if let told = field.defaultValue {
        values[place] = reader.value(of: told, as: field.type, budget: &budget)
      } else if let symbol = reader.enumDefault(field.type) {
        values[place] = .enumeration(symbol)
      }
      if values[place] == nil {
        throw refusal(
          .fieldWithoutDefault, inside, "the writer has no such field and it has no default")
      }
    }
    for (place, field) in w.enumerated() {
      if let target = targets[place] {
        values[target] = try value(
          r[target].type, field.type, path + "/" + r[target].name, depth + 1)
      } else {
        try skip(field.type, path, depth + 1)
      }
    }
    var members: [SchemaValue.Member] = []
    for (place, field) in r.enumerated() {
      guard let value = values[place] else {
        throw refusal(.ambiguousAlias, path + "/" + field.name, "another field took its value")
      }
      members.append(SchemaValue.Member(name: field.name, value: value))
    }
    return .record(members)
  }

  /// Passes a value that the reader has no field for.
  private mutating func skip(
    _ w: SchemaType, _ path: String, _ depth: Int
  ) throws(ProjectionError) {
    budget -= 1
    if budget < 0 || depth > 64 { throw .damaged(.wrongType, path: path) }
    switch w {
    case .primitive(let type, _): _ = try primitive(type, path)
    case .union(let branches):
      try skip(branches[try index(branches.count, path)], path, depth + 1)
    case .array(let items, _):
      while let count = try block(path) {
        for _ in 0..<count { try skip(items, path, depth + 1) }
      }
    case .map(let type, _):
      while let count = try block(path) {
        for _ in 0..<count {
          _ = try string(path)
          try skip(type, path, depth + 1)
        }
      }
    case .named(let place):
      switch writer.definitions[place].shape {
      case .fixed(let size): _ = try take(size, path)
      case .enumeration(let symbols, _): _ = try index(symbols.count, path)
      case .record(let fields):
        for field in fields { try skip(field.type, path, depth + 1) }
      }
    }
  }
}

extension Decoder {
  private mutating func primitive(
    _ type: SchemaPrimitive, _ path: String
  ) throws(ProjectionError) -> SchemaValue {
    switch type {
    case .null: return .null
    case .boolean:
      let byte = try take(1, path)[0]
      if byte > 1 { throw .damaged(.wrongType, path: path) }
      return .boolean(byte == 1)
    case .int:
      guard let value = Int32(exactly: try signed(path)) else {
        throw .damaged(.wrongType, path: path)
      }
      return .int(value)
    case .long: return .long(try signed(path))
    case .float:
      return .float(Float(bitPattern: UInt32(truncatingIfNeeded: word(try take(4, path)))))
    case .double: return .double(Double(bitPattern: word(try take(8, path))))
    case .bytes: return .bytes(try sized(path))
    case .string: return .string(try string(path))
    }
  }

  /// nil when bytes that are to be a string are not UTF-8.
  private func promote(_ value: SchemaValue, to type: SchemaPrimitive) -> SchemaValue? {
    switch (value, type) {
    case (.int(let value), .long): .long(Int64(value))
    case (.int(let value), .float): .float(Float(value))
    case (.int(let value), .double): .double(Double(value))
    case (.long(let value), .float): .float(Float(value))
    case (.long(let value), .double): .double(Double(value))
    case (.float(let value), .double): .double(Double(value))
    case (.string(let value), .bytes): .bytes(Array(value.utf8))
    case (.bytes(let value), .string):
      String(validating: value, as: UTF8.self).map(SchemaValue.string)
    default: value
    }
  }

  private mutating func signed(_ path: String) throws(ProjectionError) -> Int64 {
    do {
      return try bytes.signed()
    } catch .truncated {
      throw .damaged(.truncated, path: path)
    } catch {
      throw .damaged(.wrongType, path: path)
    }
  }

  private mutating func index(_ count: Int, _ path: String) throws(ProjectionError) -> Int {
    guard let index = Int(exactly: try signed(path)), index >= 0, index < count else {
      throw .damaged(.wrongType, path: path)
    }
    return index
  }

  private mutating func take(_ count: Int, _ path: String) throws(ProjectionError) -> [UInt8] {
    if count > bytes.remaining { throw .damaged(.truncated, path: path) }
    var taken: [UInt8] = []
    taken.reserveCapacity(count)
    do {
      for _ in 0..<count { taken.append(try bytes.byte()) }
    } catch {
      throw .damaged(.truncated, path: path)
    }
    return taken
  }

  private mutating func sized(_ path: String) throws(ProjectionError) -> [UInt8] {
    let length = try signed(path)
    if length < 0 { throw .damaged(.wrongType, path: path) }
    return try take(Int(clamping: length), path)
  }

  private mutating func string(_ path: String) throws(ProjectionError) -> String {
    guard let text = String(validating: try sized(path), as: UTF8.self) else {
      throw .damaged(.wrongType, path: path)
    }
    return text
  }

  private func word(_ bytes: [UInt8]) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The number of items in the next block of an array or map, nil after the last.
  private mutating func block(_ path: String) throws(ProjectionError) -> Int? {
    let count = try signed(path)
    if count == 0 { return nil }
    // A negative count is followed by the bytes of the block.
    if count < 0, try signed(path) < 0 { throw .damaged(.wrongType, path: path) }
    return Int(clamping: count.magnitude)
  }
}
