import Bytes

/// How a column of numbers is told: less an earlier column, in the order of the keys, by a list of
/// the different numbers; or by none of these.
struct NumberForm: Hashable {
  /// See `ColumnContext.reference`.
  var reference: Int?
  var isGrouped = false
  var isDictionary = false
}

/// The events of a block in the order of their keys: first all of the key that came first, then all
/// of the next. Without keys that repeat there is no such order. One owner.
final class KeyOrder {
  /// How many different keys there are; those without a key count as one more. 0: no order.
  private(set) var groups = 0
  private let groupOf = IntegerBuffer()
  private let starts = IntegerBuffer()
  private var orders: [Int: IntegerBuffer] = [:]
  private var spare: [IntegerBuffer] = []

  func removeAll() {
    groups = 0
    forgetOrders()
  }

  /// Orders differ between the schemas of a stream.
  func forgetOrders() {
    for order in orders.values { spare.append(order) }
    orders.removeAll(keepingCapacity: true)
  }

  /// `indices` are those of the keys among the different keys, one for each event that has a key;
  /// `presence` says which have one (empty: all).
  func set(_ indices: IntegerBuffer, different: Int, presence: IntegerBuffer, count: Int) {
    removeAll()
    groupOf.count = 0
    groupOf.reserve(count)
    var place = 0
    for event in 0..<count {
      if presence.count > 0 && presence[event] == 0 {
        groupOf.append(Int64(different))
      } else {
        groupOf.append(indices[place])
        place &+= 1
      }
    }
    groups = different + (place < count ? 1 : 0)
  }

  /// What was kept under a name.
  func known(_ name: Int) -> IntegerBuffer? { orders[name] }

  /// The entries of a column in the order of the keys; `events` are the events that have one, nil
  /// when all have. The result is kept under `name`.
  func order(of events: IntegerBuffer?, name: Int) -> IntegerBuffer {
    let order = spare.popLast() ?? IntegerBuffer()
    let n = events?.count ?? groupOf.count
    order.count = 0
    order.reserve(max(n, 1))
    starts.count = 0
    starts.reserve(groups + 1)
    for _ in 0...groups { starts.append(0) }
    let (group, start, target) = (groupOf.base, starts.base, order.base)
    for entry in 0..<n {
      let event = events.map { Int($0[entry]) } ?? entry
      start[Int(group[event]) &+ 1] &+= 1
    }
    for index in 1...groups { start[index] &+= start[index &- 1] }
    for entry in 0..<n {
      let event = events.map { Int($0[entry]) } ?? entry
      let place = Int(start[Int(group[event])])
      start[Int(group[event])] &+= 1
      target[place] = Int64(entry)
    }
    order.count = n
    orders[name] = order
    return order
  }
}

/// What the columns of a block's values may be told by: the order of its keys, and the columns that
/// stand before. One owner; used by the writer and by the reader in the same way.
final class ColumnContext {
  /// Event times in these units, then the sequence; then the value streams of the schema.
  static let units: [Int64] = [1, 1_000, 1_000_000, 1_000_000_000]
  static let firstStream = 5

  let keys = KeyOrder()
  private let sequences: IntegerBuffer
  private let eventTimes: IntegerBuffer
  private let states: IntegerBuffer
  private let scratch = IntegerBuffer()
  private let events = IntegerBuffer()
  private var columns: PayloadColumns?
  private var schema = 0
  private var stream = 0

  init(sequences: IntegerBuffer, eventTimes: IntegerBuffer, states: IntegerBuffer) {
    self.sequences = sequences
    self.eventTimes = eventTimes
    self.states = states
  }

  /// Goes to a value stream of a schema; those before it must be there.
  func enter(_ columns: PayloadColumns, schema: Int, stream: Int) {
    if self.columns !== columns { keys.forgetOrders() }
    self.columns = columns
    self.schema = schema
    self.stream = stream
  }

  func leave() {
    columns = nil
    keys.removeAll()
  }

  /// How many references there can be.
  var referenceCount: Int { Self.firstStream + stream }

  /// The numbers that a reference means; nil when there are not `n` of them.
  func reference(_ number: Int, count n: Int) -> UnsafePointer<Int64>? {
    guard let columns, number >= 0, number < referenceCount else { return nil }
    if number >= Self.firstStream {
      let other = number - Self.firstStream
      let numbers = columns.numbers[other]
      return columns.plan.streams[other] == .integers && numbers.count == n
        ? UnsafePointer(numbers.base) : nil
    }
    if n != sequences.count { return nil }
    if number == Self.units.count { return UnsafePointer(sequences.base) }
    let unit = Self.units[number]
    scratch.count = 0
    scratch.reserve(n)
    for index in 0..<n { scratch.base[index] = floorDivide(eventTimes[index], unit) }
    scratch.count = n
    return UnsafePointer(scratch.base)
  }

  /// The entries of the stream at hand in the order of the keys; nil when there is no order, or
  /// when the stream has not one entry for each event, or for each whose optional field has a
  /// value.
  func order(count n: Int) -> IntegerBuffer? {
    guard let columns, keys.groups > 0 else { return nil }
    let owner = columns.plan.owners[stream]
    if case .other = owner { return nil }
    var name = -1
    if case .branch(let branches, let value) = owner { name = branches << 16 | Int(value) }
    if let known = keys.known(name) { return known.count == n ? known : nil }
    let state = TraceFormat.firstSchemaState &+ Int64(schema)
    events.count = 0
    events.reserve(states.count)
    var place = 0
    var isAll = true
    for event in 0..<states.count {
      if states[event] != state {
        isAll = false
        continue
      }
      if case .branch(let branches, let value) = owner {
        let numbers = columns.numbers[branches]
        if place >= numbers.count { return nil }
        let isThere = numbers[place] == value
        place &+= 1
        if !isThere {
          isAll = false
          continue
        }
      }
      events.append(Int64(event))
    }
    let order = keys.order(of: isAll ? nil : events, name: name)
    return order.count == n ? order : nil
  }
}
