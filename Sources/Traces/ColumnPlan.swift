/// The types that a payload is made of, as far as its columns go: those of Avro, names resolved,
/// without recursion.
indirect enum ColumnType: Hashable, Sendable {
  case null
  case boolean
  case int
  case long
  case float
  case double
  case bytes
  case string
  case enumeration([String])
  case fixed(Int)
  case record([ColumnField])
  case array(ColumnType)
  case map(ColumnType)
  case union([ColumnType])
}

struct ColumnField: Hashable, Sendable {
  var name: String
  var type: ColumnType
}

/// How a payload falls into streams of equal values: every place of the schema that takes a value
/// has one, in the order of the schema. Numbers, booleans, enum indices, union branches and the
/// lengths of arrays and maps are numbers; strings, bytes and fixed are byte strings.
struct ColumnPlan: Sendable {
  enum Kind: Sendable {
    case null, boolean, int, long, float, double, bytes, string, enumeration, fixed
    case record, array, map, union
  }

  enum Stream: Sendable { case integers, doubles, spans }

  struct Node: Sendable {
    var kind: Kind
    /// Index of the stream of its values; -1 without.
    var stream = -1
    /// Bytes of a fixed, symbols of an enum, branches of a union.
    var size = 0
    /// Children are nodes `children[first]` to `children[first + count - 1]`.
    var first = 0
    var count = 0
  }

  /// Of which events a stream has an entry.
  enum Owner: Hashable, Sendable {
    /// Of every event.
    case every
    /// Of those for which the stream of branches has this value.
    case branch(stream: Int, value: Int64)
    /// Of others, or several of one.
    case other
  }

  private(set) var nodes: [Node] = []
  private(set) var children: [Int] = []
  private(set) var streams: [Stream] = []
  /// By stream.
  private(set) var owners: [Owner] = []
  /// Names of the fields of a record or the symbols of an enum, by node.
  private(set) var names: [[String]] = []
  let root: Int
  /// Nil when values lie in each other.
  private(set) var flat: FlatPlan?

  init(_ type: ColumnType) {
    root = 0
    _ = add(type)
    owners = Array(repeating: .other, count: streams.count)
    flat = FlatPlan(self)
    guard nodes[root].kind == .record else { return }
    for place in nodes[root].first..<nodes[root].first + nodes[root].count {
      let node = nodes[children[place]]
      if node.stream >= 0 { owners[node.stream] = .every }
      if node.kind != .union { continue }
      for branch in 0..<node.count {
        let value = nodes[children[node.first + branch]]
        if value.stream < 0 { continue }
        owners[value.stream] = .branch(stream: node.stream, value: Int64(branch))
      }
    }
  }

  private mutating func stream(_ kind: Stream) -> Int {
    streams.append(kind)
    return streams.count - 1
  }

  private mutating func add(_ type: ColumnType) -> Int {
    let index = nodes.count
    nodes.append(Node(kind: .null))
    names.append([])
    switch type {
    case .null: break
    case .boolean: nodes[index] = Node(kind: .boolean, stream: stream(.integers))
    case .int: nodes[index] = Node(kind: .int, stream: stream(.integers))
    case .long: nodes[index] = Node(kind: .long, stream: stream(.integers))
    case .float: nodes[index] = Node(kind: .float, stream: stream(.integers))
    case .double: nodes[index] = Node(kind: .double, stream: stream(.doubles))
    case .bytes: nodes[index] = Node(kind: .bytes, stream: stream(.spans))
    case .string: nodes[index] = Node(kind: .string, stream: stream(.spans))
    case .enumeration(let symbols):
      nodes[index] = Node(kind: .enumeration, stream: stream(.integers), size: symbols.count)
      names[index] = symbols
    case .fixed(let size):
      nodes[index] = Node(kind: .fixed, stream: stream(.spans), size: size)
    case .record(let fields):
      nodes[index] = Node(kind: .record)
      names[index] = fields.map(\.name)
      attach(fields.map(\.type), to: index)
    case .array(let item):
      nodes[index] = Node(kind: .array, stream: stream(.integers))
      attach([item], to: index)
    case .map(let item):
      nodes[index] = Node(kind: .map, stream: stream(.integers))
      attach([.string, item], to: index)
    case .union(let branches):
      nodes[index] = Node(kind: .union, stream: stream(.integers), size: branches.count)
      attach(branches, to: index)
    }
    return index
  }

  private mutating func attach(_ types: [ColumnType], to index: Int) {
    let nodesOfTypes = types.map { add($0) }
    nodes[index].first = children.count
    nodes[index].count = types.count
    children += nodesOfTypes
  }

  /// The node of a field of the outermost record.
  func field(_ name: String) -> Int? {
    guard nodes[root].kind == .record, let n = names[root].firstIndex(of: name) else { return nil }
    return children[nodes[root].first + n]
  }

  /// How a plan can read a field as a number: its value stream, and where the field may be null,
  /// the stream of its branches and the branch that has a value.
  func number(_ name: String) -> NumberField? {
    guard let index = field(name) else { return nil }
    let node = nodes[index]
    if isNumber(node.kind) { return NumberField(values: node.stream) }
    guard node.kind == .union, node.count == 2 else { return nil }
    for branch in 0..<2 {
      let value = nodes[children[node.first + branch]]
      let other = nodes[children[node.first + 1 - branch]]
      if other.kind == .null && isNumber(value.kind) {
        return NumberField(values: value.stream, branches: node.stream, branch: Int64(branch))
      }
    }
    return nil
  }

  private func isNumber(_ kind: Kind) -> Bool {
    kind == .boolean || kind == .int || kind == .long || kind == .enumeration
  }
}

/// Streams of a field that a plan reads as a number.
struct NumberField: Hashable, Sendable {
  var values: Int
  var branches: Int?
  var branch: Int64 = 0
}
