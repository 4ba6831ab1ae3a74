import Draws
import Engines
import Model
import Queries

/// An event as the examples of the query semantics write it: a time in units of the resolution, an
/// identity, and columns.
struct Row {
  var time: Int64
  var source: UInt32
  var sequence: UInt64
  var columns: [Int64?]

  init(_ time: Int64, _ sequence: UInt64, _ columns: [Int64?], source: UInt32 = 0) {
    self.time = time
    self.source = source
    self.sequence = sequence
    self.columns = columns
  }

  /// Event order (queries.md 1.4).
  static func precedes(_ a: Row, _ b: Row) -> Bool {
    (a.time, a.source, a.sequence) < (b.time, b.source, b.sequence)
  }

  func words(_ unit: Int64) -> [Int64] {
    var nulls: UInt32 = 0
    for (index, column) in columns.enumerated() where column == nil { nulls |= 1 << UInt32(index) }
    return [
      time * unit, RowLayout.identity(source: source, nulls: nulls), Int64(bitPattern: sequence),
    ] + columns.map { $0 ?? 0 }
  }
}

/// A result row in words: key and value as texts, its time, and how many events made it.
struct Out: Hashable, Comparable, CustomStringConvertible {
  var text: String
  var time: Int64
  var events: UInt64
  var lineage: UInt64

  static func < (a: Out, b: Out) -> Bool { (a.time, a.text) < (b.time, b.text) }

  var description: String { "\(text) at \(time) of \(events), last \(lineage)" }
}

/// A plan that runs by itself: rows go in, in event order where it wants that, and rows come out.
final class Bench {
  static let unit: Int64 = .millisecond

  let program: Program
  private(set) var late: [UInt64] = []
  private final class Drops { var sequences: [UInt64] = [] }
  private let drops = Drops()

  convenience init(
    _ width: Int, _ operators: [PlanOperator], key: [Int], value: [Int], lateness: Int64 = 0,
    emission: Emission = .final, defects: Set<EngineDefect> = []
  ) throws {
    var plan = Plan(
      name: "test",
      input: PlanInput(stream: "events", columns: (0..<width).map { .field("f\($0)") }),
      watermarkDelay: 0, allowedLateness: lateness * Self.unit,
      operators: [.input(0)] + operators, keyColumns: key, valueColumns: value)
    plan.emission = emission
    try self.init(plan, defects: defects)
  }

  init(_ plan: Plan, tasks: Int = 1, defects: Set<EngineDefect> = []) throws {
    let drops = drops
    program = try Program(plan, tasks: tasks, defects: defects) {
      drops.sequences.append($0.event.sequence)
    }
  }

  var dropped: [UInt64] { drops.sequences }

  func push(_ row: Row, stream: Int = 0, task: Int = 0) {
    program.greatest = max(program.greatest, row.time * Self.unit)
    row.words(Self.unit).withUnsafeBufferPointer {
      program.input(stream, task: task).push($0.baseAddress!, nil)
    }
  }

  func advance(to time: Int64) {
    let watermark = time == .max ? .max : time * Self.unit
    program.advance(to: watermark)
  }

  /// What came out since the last time.
  func take() -> [Out] {
    program.output.take().map { row in
      let key = row.key.withUnsafeBytes(cellText)
      let value = row.value.withUnsafeBytes(cellText)
      return Out(
        text: "\(key) \(value)", time: row.time / Self.unit, events: row.evidence.count,
        lineage: row.lineage.sequence)
    }
  }

  /// Everything that comes out of rows in event order.
  func run(_ rows: [Row]) -> [Out] {
    for row in rows.sorted(by: Row.precedes) {
      advance(to: row.time)
      push(row)
    }
    advance(to: .max)
    return take()
  }

  func checkpoint(_ number: UInt64) { program.checkpoint(number) }
  func restore(_ number: UInt64) { program.restore(number) }
  func forget(before number: UInt64) { program.forget(before: number) }
}

/// A source of random numbers for one test.
struct Dice {
  private let stream: DrawStream
  private var counter: UInt64 = 0

  init(_ seed: UInt64, _ purpose: String) {
    stream = DrawFamily(seed: seed, component: "test", purpose: purpose).stream(0)
  }

  mutating func below(_ bound: Int) -> Int {
    counter += 1
    return Int(stream.below(UInt64(bound), counter))
  }
}
