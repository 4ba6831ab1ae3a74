import CShim
import Model

/// Why a pacer stopped waiting.
public enum Wake: Hashable, Sendable {
  /// The instant has come.
  case due
  /// A live adapter has completions; the clock stands at this instant.
  case completions(Instant)
  /// The user asked for an end.
  case interrupted(Instant)
}

/// Decides how long a run waits for its next event: the only seam between simulated and real time.
public protocol Pacer {
  mutating func wait(until instant: Instant) -> Wake
  /// How late the last `due` was, nanoseconds; zero in virtual time.
  var lateness: Nanoseconds { get }
}

/// Simulated time: the next event is always due.
public struct VirtualPacer: Pacer {
  private var waits: UInt64 = 0

  public init() {}

  public var lateness: Nanoseconds { 0 }

  public mutating func wait(until instant: Instant) -> Wake {
    waits &+= 1
    if waits & 0xfff == 0 && shim_interrupt_count() > 0 { return .interrupted(instant) }
    return .due
  }
}

/// Real time: holds each event back until its instant on the monotonic clock, and wakes early for
/// descriptors of live adapters. Blocks in epoll and spins the last microseconds.
public struct WallPacer: Pacer {
  /// Below this the pacer spins instead of sleeping. A sleep comes back some 40 us late; to spin
  /// for as long would cost more CPU than the sends themselves.
  private static let spin: Nanoseconds = 15_000

  private let origin: UInt64
  private let epoll: Int32
  private var interrupted = false
  public private(set) var lateness: Nanoseconds = 0

  /// Starts the clock. `descriptors` become readable when a live adapter has completions.
  public init(descriptors: [Int32] = []) {
    shim_precise_timers()
    epoll = shim_epoll_create()
    for descriptor in descriptors { _ = shim_epoll_add(epoll, descriptor, 1) }
    if shim_interrupt_fd() >= 0 { _ = shim_epoll_add(epoll, shim_interrupt_fd(), 2) }
    origin = shim_monotonic_ns()
  }

  /// Run time now.
  public var now: Instant { Instant(ns: Int64(shim_monotonic_ns() - origin)) }

  public func close() { shim_close(epoll) }

  public mutating func wait(until instant: Instant) -> Wake {
    while true {
      let clock = now
      if !interrupted && shim_interrupt_count() > 0 {
        interrupted = true
        return .interrupted(clock)
      }
      let left = instant - clock
      if left <= 0 {
        lateness = -left
        return .due
      }
      if left <= Self.spin {
        shim_pause()
        continue
      }
      if ready(within: left - Self.spin) && !interrupted { continue }
      if completionsPending { return .completions(now) }
    }
  }

  private var completionsPending = false

  /// True when an interrupt woke the sleep.
  private mutating func ready(within timeout: Nanoseconds) -> Bool {
    completionsPending = false
    var tags: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    var interrupt = false
    withUnsafeMutableBytes(of: &tags) { raw in
      let tags = raw.assumingMemoryBound(to: UInt64.self)
      let count = shim_epoll_wait(epoll, tags.baseAddress, 4, timeout)
      for index in 0..<Int(max(count, 0)) {
        if tags[index] == 1 { completionsPending = true } else { interrupt = true }
      }
    }
    return interrupt && !completionsPending
  }
}
