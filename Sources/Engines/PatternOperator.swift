import Model
import Queries

/// Relaxed patterns per key: after a match skip past its last row; t(last) - t(first) < within
/// (queries.md 3.9). The earliest start that completes wins, so a match waits until every earlier
/// start is dead. Its rows come in event order.
final class PatternOperator: Operator {
  private let digest: KeyDigest
  private let steps: Conditions
  private let within: Nanoseconds
  private let key: [Int]
  private let measures: [Measure]
  private let inputWidth: Int
  private let forgetsDeadlines: Bool

  /// Waiting rows per key: key; needed for ever or not any more; first node, last node (node
  /// numbers plus one; 0 is none).
  private var lists = KeyedTable(words: 4)
  private var nodes: NodePool
  /// Starts in event order with the instant of their death.
  private var deadlines = DeadlineQueue()
  private var snapshots: [UInt64: State] = [:]
  private let scratch: UnsafeMutablePointer<Int64>
  private var bound: [Int]

  private struct State {
    var lists: KeyedTable
    var nodes: NodePool
    var deadlines: DeadlineQueue
  }

  init(
    inputWidth: Int, key: [Int], steps: [Predicate], within: Nanoseconds, measures: [Measure],
    faults: ProgramFaults, defects: Set<EngineDefect>
  ) {
    digest = KeyDigest(key)
    self.steps = Conditions(steps, faults)
    self.within = within
    self.key = key
    self.measures = measures
    self.inputWidth = inputWidth
    forgetsDeadlines = defects.contains(.lostTimer)
    nodes = NodePool(rowWords: RowLayout.header + inputWidth)
    scratch = .allocate(capacity: RowLayout.header + key.count + measures.count)
    bound = Array(repeating: 0, count: steps.count)
    super.init(width: key.count + measures.count)
  }

  deinit { scratch.deallocate() }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    expire(until: row[0])
    var satisfied: Int64 = 0
    for index in 0..<steps.count where steps.test(index, row) == .yes {
      satisfied |= 1 << Int64(index)
    }
    if satisfied == 0 { return }
    let key = digest.of(row)
    if satisfied & 1 == 0 {
      guard let known = lists.find(key), lists.row(known)[2] != 0 else { return }
    }
    let (index, _) = lists.findOrAdd(key)
    let node = nodes.add(row, satisfied: satisfied)
    lists.touch(index)
    let list = lists.row(index)
    if list[2] == 0 {
      list[1] = .max
      list[2] = Int64(node + 1)
    } else {
      nodes.link(Int(list[3]) - 1, to: node)
    }
    list[3] = Int64(node + 1)
    if satisfied & 1 != 0 { deadlines.add(at: row[0] &+ within, key: key) }
    evaluate(index, now: row[0])
  }

  package override func advance(to watermark: Int64) {
    expire(until: watermark)
    lists.now = watermark
  }

  /// Starts whose time is over by `now` are dead; what they held back comes out.
  private func expire(until now: Int64) {
    while let (at, key) = deadlines.first, at <= now {
      deadlines.removeFirst()
      if forgetsDeadlines { continue }
      if let index = lists.find(key) { evaluate(index, now: at) }
    }
  }

  /// Emits every match that no earlier start can take back, and drops rows that nothing needs.
  private func evaluate(_ index: Int, now: Int64) {
    while true {
      let first = Int(lists.row(index)[2]) - 1
      if first < 0 { return }
      if nodes.satisfied(first) & 1 == 0 {
        dropFirst(index)
        continue
      }
      if attempt(from: first) {
        emitMatch()
        while Int(lists.row(index)[2]) - 1 != bound[steps.count - 1] { dropFirst(index) }
        dropFirst(index)
        continue
      }
      if now < nodes.row(first)[0] &+ within { return }
      dropFirst(index)
    }
  }

  /// Binds each step to the first later row that satisfies it; false when one is missing.
  private func attempt(from first: Int) -> Bool {
    bound[0] = first
    var step = 1
    var node = nodes.next(first)
    let limit = nodes.row(first)[0] &+ within
    while step < steps.count {
      if node < 0 || nodes.row(node)[0] >= limit { return false }
      if nodes.satisfied(node) >> Int64(step) & 1 != 0 {
        bound[step] = node
        step += 1
      }
      node = nodes.next(node)
    }
    return true
  }

  private func dropFirst(_ index: Int) {
    lists.touch(index)
    let list = lists.row(index)
    let first = Int(list[2]) - 1
    let next = nodes.next(first)
    list[2] = Int64(next + 1)
    if next < 0 { (list[1], list[3]) = (.min, 0) }
    nodes.free(first)
  }

  private func emitMatch() {
    var nulls: UInt32 = 0
    var place = 0
    let last = nodes.row(bound[steps.count - 1])
    func copy(_ row: UnsafeMutablePointer<Int64>, _ column: Int) {
      if RowLayout.isNull(row, column) { nulls |= 1 << UInt32(place) }
      scratch[RowLayout.header + place] = row[RowLayout.header + column]
      place += 1
    }
    for column in key { copy(last, column) }
    for measure in measures { copy(nodes.row(bound[measure.step]), measure.column) }
    var evidence = Evidence()
    for node in bound {
      let row = nodes.row(node)
      evidence.add(
        Evidence(source: RowLayout.source(row), sequence: UInt64(bitPattern: row[2])))
    }
    scratch[0] = last[0]
    scratch[1] = RowLayout.identity(source: RowLayout.source(last), nulls: nulls)
    scratch[2] = last[2]
    var origin = Origin(
      evidence: evidence,
      latest: EventID(source: RowLayout.source(last), sequence: UInt64(bitPattern: last[2])))
    if identifies {
      let first = nodes.row(bound[0])
      let id = RowIdentity(
        source: RowLayout.source(first), sequence: UInt64(bitPattern: first[2]))
      origin.identity = RowIdentity(RowIdentity(number, scratch, key.indices).words + id.words)
    }
    emit(scratch, &origin)
  }

  package override func checkpoint(_ number: UInt64) {
    snapshots[number] = State(
      lists: lists.mark(number), nodes: nodes.mark(number), deadlines: deadlines)
  }

  package override func restore(_ number: UInt64) {
    guard let state = snapshots[number] else { return }
    lists.restore(state.lists, number)
    nodes.restore(state.nodes, number)
    deadlines = state.deadlines
    snapshots = snapshots.filter { $0.key <= number }
  }

  package override func forget(before number: UInt64) {
    lists.forget(before: number)
    nodes.forget(before: number)
    snapshots = snapshots.filter { $0.key >= number }
  }

  package override var changedLines: Int { lists.memory.changedLines + nodes.changedLines }
}

/// Rows that wait in lists. A node: next node plus one in the low half of its first word, the steps
/// that it satisfies in the high half; then the row.
struct NodePool {
  private var memory: UndoMemory
  private var used = 0
  private var capacity: Int
  private var firstFree = -1
  private let stride: Int
  private let rowWords: Int

  init(rowWords: Int) {
    self.rowWords = rowWords
    var stride = 8
    while stride < rowWords + 1 { stride *= 2 }
    self.stride = stride
    capacity = 256
    memory = UndoMemory(byteCount: capacity * stride * 8)
  }

  private func words(_ node: Int) -> UnsafeMutablePointer<Int64> {
    memory.base.assumingMemoryBound(to: Int64.self) + node * stride
  }

  func row(_ node: Int) -> UnsafeMutablePointer<Int64> { words(node) + 1 }
  func next(_ node: Int) -> Int { Int(words(node)[0] & 0xffff_ffff) - 1 }
  func satisfied(_ node: Int) -> Int64 { words(node)[0] >> 32 }

  private func setNext(_ node: Int, _ next: Int) {
    words(node)[0] = (satisfied(node) << 32) | Int64(next + 1)
  }

  private func touch(_ node: Int) {
    let first = node * stride >> 3
    for line in 0..<(stride >> 3) { memory.touch(line: first + line) }
  }

  mutating func add(_ row: UnsafePointer<Int64>, satisfied: Int64) -> Int {
    let node: Int
    if firstFree >= 0 {
      node = firstFree
      firstFree = next(node)
    } else {
      if used == capacity { grow() }
      node = used
      used += 1
    }
    touch(node)
    let words = words(node)
    words[0] = satisfied << 32
    (words + 1).update(from: row, count: rowWords)
    return node
  }

  func link(_ node: Int, to next: Int) {
    touch(node)
    setNext(node, next)
  }

  mutating func free(_ node: Int) {
    touch(node)
    setNext(node, firstFree)
    firstFree = node
  }

  private mutating func grow() {
    let wider = UndoMemory(byteCount: capacity * 2 * stride * 8)
    wider.base.copyMemory(from: memory.base, byteCount: capacity * stride * 8)
    memory = wider
    capacity *= 2
  }

  func mark(_ checkpoint: UInt64) -> NodePool {
    memory.mark(checkpoint)
    return self
  }

  mutating func restore(_ snapshot: NodePool, _ checkpoint: UInt64) {
    self = snapshot
    memory.rollBack(to: checkpoint)
  }

  func forget(before checkpoint: UInt64) { memory.forget(before: checkpoint) }
  var changedLines: Int { memory.changedLines }
}

/// First in, first out; deadlines never fall, since all starts have the same time to live.
struct DeadlineQueue {
  private var items: [(at: Int64, key: UInt64)] = []
  private var head = 0

  var first: (at: Int64, key: UInt64)? { head < items.count ? items[head] : nil }

  mutating func add(at instant: Int64, key: UInt64) { items.append((instant, key)) }

  mutating func removeFirst() {
    head += 1
    if head > 1024 && head * 2 > items.count {
      items.removeFirst(head)
      head = 0
    }
  }
}
