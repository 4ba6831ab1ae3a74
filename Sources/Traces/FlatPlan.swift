import Bytes

/// A plan whose outermost record has nothing but single values and values that may be null: then
/// every stream has at most one entry for an event, and no plan needs to be walked.
struct FlatPlan: Sendable {
  struct Step: Sendable {
    var kind: ColumnPlan.Kind
    /// Of the value.
    var stream: Int
    /// Of the branches of a value that may be null; -1: it is always there.
    var branches = -1
    /// The branch that has the value.
    var branch: Int64 = 0
    /// Bytes of a fixed, symbols of an enum.
    var size = 0
  }

  var steps: [Step] = []
  /// Bytes of an event at most, besides those of its strings.
  var bound = 0

  /// Nil when a plan is not flat.
  init?(_ plan: ColumnPlan) {
    let root = plan.nodes[plan.root]
    if root.kind != .record { return nil }
    for place in root.first..<root.first + root.count {
      let node = plan.nodes[plan.children[place]]
      if let step = Self.step(node) {
        steps.append(step)
        continue
      }
      guard node.kind == .union, node.count == 2 else { return nil }
      let branches = (0..<2).map { plan.nodes[plan.children[node.first + $0]] }
      guard let value = branches.firstIndex(where: { $0.kind != .null }),
        branches[1 - value].kind == .null, var step = Self.step(branches[value])
      else { return nil }
      step.branches = node.stream
      step.branch = Int64(value)
      steps.append(step)
    }
    bound = steps.count * 11
  }

  private static func step(_ node: ColumnPlan.Node) -> Step? {
    switch node.kind {
    case .null, .record, .array, .map, .union: nil
    default: Step(kind: node.kind, stream: node.stream, size: node.size)
    }
  }
}

/// Writes to memory that has room. The end is given back.
struct RawCursor {
  var at: UnsafeMutablePointer<UInt8>

  @inline(__always) mutating func signed(_ value: Int64) {
    var rest = zigzag(value)
    while rest >= 0x80 {
      at.pointee = UInt8(truncatingIfNeeded: rest) | 0x80
      at += 1
      rest >>= 7
    }
    at.pointee = UInt8(truncatingIfNeeded: rest)
    at += 1
  }

  @inline(__always) mutating func byte(_ value: UInt8) {
    at.pointee = value
    at += 1
  }

  @inline(__always) mutating func word(_ value: UInt64) {
    UnsafeMutableRawPointer(at).storeBytes(of: value.littleEndian, as: UInt64.self)
    at += 8
  }

  @inline(__always) mutating func word32(_ value: UInt32) {
    UnsafeMutableRawPointer(at).storeBytes(of: value.littleEndian, as: UInt32.self)
    at += 4
  }

  @inline(__always) mutating func append(_ start: UnsafePointer<UInt8>, _ count: Int) {
    at.update(from: start, count: count)
    at += count
  }
}
