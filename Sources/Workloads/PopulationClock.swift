import Model
import Scenarios

/// The clock of a population with a natural rate: its event time runs faster or slower than the
/// run, so that the asked rate comes out and what happens does not depend on it. Blocks are equal
/// stretches of event time.
struct PopulationClock: Hashable, Sendable {
  /// Milliseconds since 1970 at the start of the run.
  let startMillis: Int64
  /// Event time per run time.
  let speed: Double
  /// Event-time milliseconds of a block.
  let blockMillis: Int64
  /// Run nanoseconds per event-time millisecond, times 2^32.
  private let scaled: Int128

  private static let eventsPerBlock = 4_096.0
  /// Run seconds of a block at most.
  private static let longestBlock = 2.0

  /// `natural` is the rate of the whole population in events per second of event time.
  init(natural: Double, rate: Rate, sources: Int, start: Timestamp) throws(Problems) {
    speed = rate.perSecond / natural
    if speed > 1_000_000 || speed < 0.000_1 {
      throw refusal(
        "the rate asks the population's time to run \(speed) times as fast as the run",
        hint: "take a population that fits the rate: a factor of 0.0001 to 1,000,000 is possible")
    }
    startMillis = floorMillis(start)
    scaled = Int128(1_000_000 / speed * 4_294_967_296)
    let seconds = min(
      Self.eventsPerBlock * Double(sources) / rate.perSecond, Self.longestBlock)
    blockMillis = max(1, Int64(seconds * 1_000 * speed))
  }

  /// Run nanoseconds of an event-time instant in milliseconds after the start.
  @inline(__always) func run(_ millis: Int64) -> Int64 {
    Int64(truncatingIfNeeded: (Int128(millis) * scaled) >> 32)
  }

  func start(of block: Int) -> Int64 { Int64(block) * blockMillis }

  func earliestSend(_ block: Int) -> Instant { Instant(ns: run(start(of: block))) }

  /// Event-time milliseconds between markers: a natural interval, or 100 ms of the run if longer.
  func markerInterval(natural millis: Int64) -> Int64 {
    max(millis, Int64(100 * speed))
  }
}

/// Which markers stand in a block: at multiples of the interval, one for each partition.
struct MarkerGrid: Hashable, Sendable {
  let interval: Int64
  let partitions: Int

  /// Instants in [from, to), event-time milliseconds after the start.
  func instants(from: Int64, to: Int64) -> StrideTo<Int64> {
    let first = (from + interval - 1) / interval * interval
    return stride(from: first, to: to, by: Int64.Stride(interval))
  }
}

func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
  let quotient = a / b
  return a < quotient * b ? quotient - 1 : quotient
}

/// Draws below this pass a chance.
func threshold(_ chance: Double) -> UInt64 {
  chance >= 1 ? .max : chance <= 0 ? 0 : UInt64(chance * 18_446_744_073_709_551_616)
}

/// What an event of a population's block is sorted by: its instant, then the order of its making,
/// which is by entity and ordinal. 2^24 events a block, 2^39 ms of it.
struct SendOrder {
  private var keys: [UInt64] = []

  var count: Int { keys.count }

  mutating func append(millis: Int64, number: Int) {
    keys.append(UInt64(millis) << 24 | UInt64(number))
  }

  mutating func sort() { keys.sort() }

  @inline(__always) func millis(_ i: Int) -> Int64 { Int64(keys[i] >> 24) }
  @inline(__always) func number(_ i: Int) -> Int {
    Int(truncatingIfNeeded: keys[i] & 0xff_ffff)
  }
}
