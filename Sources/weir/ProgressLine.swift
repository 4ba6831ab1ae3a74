import CShim
import Commands
import Glibc
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

  func show(_ figures: ProgressFigures) {
    let now = shim_monotonic_ns()
    switch form {
    case .none: return
    case .live:
      if now - began < Self.quietStart || now - lastShown < Self.redraw { return }
      lastShown = now
      shown = true
      let line = String(asciiLine(figures).prefix(console.width - 1))
      console.diagnostic("\r\u{1b}[K\(line)")
    case .log:
      pending += figures.news.map { "[\(clock(now - began))] \($0)" }
      if now - began < Self.logStart { return }
      for line in pending { console.diagnostic(line + "\n") }
      pending = []
      if lastShown == 0 { lastShown = began }
      if now - lastShown >= Self.heartbeat {
        lastShown = now
        console.diagnostic("[\(clock(now - began))] \(asciiLine(figures))\n")
      }
    }
  }

  /// Takes the line away, so that the result stands alone.
  func end() {
    if shown { console.diagnostic("\r\u{1b}[K") }
    shown = false
  }

  private func asciiLine(_ figures: ProgressFigures) -> String {
    let style = NumberStyle.plain
    var line = "\(figures.phase) \(style.instant(figures.position, decimals: 0))"
    if let length = figures.length { line += "/\(style.instant(length, decimals: 0))" }
    line += "  offered \(style.short(UInt64(max(figures.offered, 0))))/s"
    line += "  done \(style.short(UInt64(max(figures.done, 0))))/s"
    if let p99 = figures.p99 { line += "  p99 \(style.duration(p99))" }
    line += "  backlog \(style.count(figures.backlog))"
    line += "  faults \(figures.faultsBegun)/\(figures.faultsPlanned)"
    return line + "  anomalies \(figures.anomalies)"
  }

  private func clock(_ ns: UInt64) -> String {
    let seconds = ns / 1_000_000_000
    let text = { (value: UInt64) in value < 10 ? "0\(value)" : "\(value)" }
    return "\(text(seconds / 60)):\(text(seconds % 60))"
  }
}
