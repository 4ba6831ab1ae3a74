import CShim
import Commands
import Harness
import Model
import Statistics

/// Shows on stderr how a run goes: one line that is redrawn, or a log for machines that nobody
/// watches, or nothing.
final class ProgressLine {
  private enum Form { case live, log, none }

  private let form: Form
  private let console: Console
  private let began = shim_monotonic_ns()
  private var lastShown: UInt64 = 0
  private var shown = false
  /// News kept back in the first seconds, when a short run needs no log.
  private var pending: [String] = []

  private var recent: [RunProgress] = []
  private var phase = ""
  private var faults = 0
  private var interrupted = false

  private static let redraw: UInt64 = 100_000_000
  private static let quietStart: UInt64 = 500_000_000
  private static let logStart: UInt64 = 10_000_000_000
  private static let heartbeat: UInt64 = 60_000_000_000

  init(_ console: Console, choice: String?) {
    self.console = console
    form =
      switch choice ?? "auto" {
      case "live": .live
      case "log": .log
      case "none": .none
      default: console.quiet ? .none : console.live ? .live : .log
      }
  }

  /// Takes the figures of the moment; called often.
  func show(_ figures: RunProgress) {
    if form == .none { return }
    let now = shim_monotonic_ns()
    noteInterrupt()
    follow(figures)
    switch form {
    case .none: return
    case .live:
      if now - began < Self.quietStart || now - lastShown < Self.redraw { return }
      lastShown = now
      shown = true
      let line = String(line(figures).prefix(console.width - 1))
      console.diagnostic("\r\u{1b}[K\(line)")
    case .log:
      pending += news(figures).map { "[\(clock(now - began))] \($0)" }
      if now - began < Self.logStart { return }
      for line in pending { console.diagnostic(line + "\n") }
      pending = []
      if lastShown == 0 { lastShown = began }
      if now - lastShown >= Self.heartbeat {
        lastShown = now
        console.diagnostic("[\(clock(now - began))] \(line(figures))\n")
      }
    }
  }

  private func noteInterrupt() {
    if interrupted || shim_interrupt_count() == 0 { return }
    interrupted = true
    end()
    console.note(
      "interrupted: load ended, healing and draining for at most 10 s (Ctrl-C again: stop at once)")
  }

  /// Keeps the figures of the last five seconds of run time, ten a second.
  private func follow(_ figures: RunProgress) {
    if let last = recent.last, figures.now - last.now < 100 * .millisecond { return }
    recent.append(figures)
    let from = figures.now - 5 * .second
    while recent.count > 2 && recent[0].now < from { recent.removeFirst() }
  }

  /// What began since the last call.
  private func news(_ figures: RunProgress) -> [String] {
    var out: [String] = []
    if figures.phase != phase {
      phase = figures.phase
      out.append("\(figures.phase) begins")
    }
    while faults < figures.faultsSoFar {
      faults += 1
      out.append("fault \(faults) of \(figures.faultsPlanned) begins")
    }
    return out
  }

  /// Takes the line away, so that the result stands alone.
  func end() {
    if shown { console.diagnostic("\r\u{1b}[K") }
    shown = false
  }

  private func line(_ figures: RunProgress) -> String {
    let style = NumberStyle.plain
    var line = "\(figures.phase) \(style.instant(figures.now.ns, decimals: 0))"
    line += "/\(style.instant(figures.endOfLoad.ns, decimals: 0))"
    if let first = recent.first, figures.now > first.now {
      let seconds = Double(figures.now - first.now) / 1e9
      let rate = { (count: UInt64) in style.short(UInt64(Double(count) / seconds)) + "/s" }
      line += "  sent \(rate(figures.sent - first.sent))  done \(rate(figures.read - first.read))"
    }
    line += "  backlog \(style.count(figures.backlog))"
    return line + "  faults \(figures.faultsSoFar)/\(figures.faultsPlanned)"
  }

  private func clock(_ ns: UInt64) -> String {
    let seconds = ns / 1_000_000_000
    let text = { (value: UInt64) in value < 10 ? "0\(value)" : "\(value)" }
    return "\(text(seconds / 60)):\(text(seconds % 60))"
  }
}
