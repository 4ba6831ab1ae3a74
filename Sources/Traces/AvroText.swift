import Bytes

/// What stands beside a value, so that fields which repeat it need not be shown.
struct RecordIdentity: Hashable {
  var source: Int64
  var sequence: Int64
  var eventTime: Int64

  /// Whether a field of the record only repeats this.
  func isRepeated(by name: String, _ value: Int64) -> Bool {
    switch name {
    case "source": value == source
    case "sequence": value == sequence
    case "event_time":
      value == floorDivide(eventTime, 1_000_000) || value == floorDivide(eventTime, 1_000)
    default: false
    }
  }
}

/// The JSON of an Avro value: the fields of the outermost record that repeat the identity are left
/// out. The value has decoded before, so what does not decode is a defect and shown as null.
struct AvroText {
  let plan: ColumnPlan
  let identity: RecordIdentity
  /// Texts as they are and null as nothing, as for CSV.
  let isPlain: Bool

  /// The fields of the outermost record, each as a text; nil when the value does not decode.
  func fields(_ bytes: UnsafeRawBufferPointer) -> [String]? {
    let root = plan.nodes[plan.root]
    var reader = ByteReader(bytes)
    do throws(DecodingError) {
      var texts: [String] = []
      for place in 0..<root.count {
        texts.append(try value(plan.children[root.first + place], &reader))
      }
      return texts
    } catch {
      return nil
    }
  }

  func text(_ bytes: UnsafeRawBufferPointer) -> String {
    var reader = ByteReader(bytes)
    do throws(DecodingError) {
      return try value(plan.root, &reader, isRoot: true)
    } catch {
      return "null"
    }
  }

  private func value(
    _ index: Int, _ reader: inout ByteReader, isRoot: Bool = false
  ) throws(DecodingError) -> String {
    let node = plan.nodes[index]
    switch node.kind {
    case .null: return isPlain ? "" : "null"
    case .boolean: return try reader.byte() == 0 ? "false" : "true"
    case .int, .long: return String(try reader.signed())
    case .float: return number(Double(Float(bitPattern: try reader.word32())))
    case .double: return number(Double(bitPattern: try reader.word()))
    case .bytes, .string:
      return text(of: try reader.take(Int(clamping: try reader.signed())))
    case .fixed: return text(of: try reader.take(node.size))
    case .enumeration:
      let symbol = Int(clamping: try reader.signed())
      if !plan.names[index].indices.contains(symbol) { return "null" }
      return isPlain ? plan.names[index][symbol] : jsonText(plan.names[index][symbol])
    case .union:
      let branch = Int(clamping: try reader.signed())
      if branch < 0 || branch >= node.count { return "null" }
      return try value(plan.children[node.first + branch], &reader)
    case .record: return try record(index, &reader, isRoot: isRoot)
    case .array, .map: return try items(node, &reader)
    }
  }

  private func text(of bytes: UnsafeRawBufferPointer) -> String {
    if isPlain, let text = String(validating: bytes, as: UTF8.self) { return text }
    return bytesText(bytes)
  }

  private func record(
    _ index: Int, _ reader: inout ByteReader, isRoot: Bool
  ) throws(DecodingError) -> String {
    let node = plan.nodes[index]
    var parts: [String] = []
    for (place, name) in plan.names[index].enumerated() {
      let text = try value(plan.children[node.first + place], &reader)
      if isRoot, let number = Int64(text), identity.isRepeated(by: name, number) { continue }
      parts.append("\(jsonText(name)):\(text)")
    }
    return "{\(parts.joined(separator: ","))}"
  }

  private func items(
    _ node: ColumnPlan.Node, _ reader: inout ByteReader
  ) throws(DecodingError) -> String {
    var parts: [String] = []
    let count = try reader.signed()
    for _ in 0..<max(count, 0) {
      var part = try value(plan.children[node.first], &reader)
      if node.kind == .map {
        part += ":" + (try value(plan.children[node.first + 1], &reader))
      }
      parts.append(part)
    }
    if count > 0 { _ = try reader.signed() }
    let text = parts.joined(separator: ",")
    return node.kind == .map ? "{\(text)}" : "[\(text)]"
  }

  private func number(_ value: Double) -> String {
    if !value.isFinite { return "null" }
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
