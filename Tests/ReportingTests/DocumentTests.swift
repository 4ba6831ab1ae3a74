import CZlib
import Foundation
import Model
import Reporting
import Statistics
import Testing

@Suite struct DocumentTests {
  @Test(arguments: Sample.allCases)
  func `result json is strict, ordered and the same twice`(_ sample: Sample) throws {
    let text = sample.text("result.json")
    let value = try StrictJSON.read(text).value
    #expect(value["schema"] == .text("weir-result/1"))
    #expect(text == renderResultJSON(sample.result))
    #expect(value["exit_code"] == .number("\(sample.result.outcome.code.rawValue)"))
  }

  @Test func `the checker of JSON refuses what is damaged`() {
    let damages = [
      "{", "{\"a\":01}", "[1,]", "{\"a\":1,\"a\":2}", "\"\u{1}\"", "nul", "1 2", "1.",
    ]
    for damaged in damages {
      #expect(throws: StrictJSON.Damaged.self) { try StrictJSON.read(damaged) }
    }
    #expect(throws: Never.self) { try StrictJSON.read("{\"a\": [1.5e-3, null, \"\\u0041\"]}") }
  }

  @Test func `every key of result json is described`() throws {
    let place = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("docs/result-schema.md")
    let document = try String(contentsOf: place, encoding: .utf8)
    var keys: Set<String> = []
    for sample in Sample.allCases {
      keys.formUnion(try StrictJSON.read(sample.text("result.json")).keys)
    }
    #expect(keys.count > 80)
    for key in keys.sorted() { #expect(document.contains("`\(key)`"), "\(key)") }
  }

  @Test func `a quantile with fewer than ten samples above it is not a number`() throws {
    let value = try StrictJSON.read(Sample.valid.text("result.json")).value
    #expect(value["latency_ns"]?["p999"] == .null)
    #expect(value["latency_ns"]?["p99"] != .null)
    #expect(!Sample.valid.text("metrics.prom").contains("quantile=\"0.999\""))
    let terminal = renderTerminalSummary(
      Sample.valid.result, folder: nil, width: 120, color: false)
    let row = terminal.split(separator: "\n").first { $0.hasPrefix("  all") }
    #expect(row?.contains(" - ") == true)
  }

  @Test func `page, json, summary, metrics and terminal agree`() throws {
    for sample in [Sample.valid, .invalid, .live, .interrupted] {
      let run = sample.result
      let terminal = renderTerminalSummary(run, folder: nil, width: 120, color: false)
      let p99 = try #require(run.latency.all.quantile(99, 100))
      let plain = NumberStyle.plain.duration(p99)
      let page = NumberStyle.page.duration(p99)
      #expect(terminal.contains(plain))
      #expect(sample.text("summary.md").contains(page))
      #expect(sample.text("report.html").contains("<td class=\"r\">\(page)</td>"))
      #expect(sample.text("result.json").contains("\"p99\": \(p99)"))
      #expect(sample.text("metrics.prom").contains("quantile=\"0.99\"} \(Double(p99) / 1e9)"))
      let offered = NumberStyle.plain.rate(run.rates.offered)
      #expect(terminal.contains(offered))
      #expect(sample.text("report.html").contains(offered.dropLast(2)))
      #expect(sample.text("summary.md").contains(offered.dropLast(2)))
      for name in ["report.html", "summary.md", "junit.xml"] {
        #expect(sample.text(name).contains(Findings(run).word), "\(name)")
      }
      #expect(terminal.hasPrefix(Findings(run).word + "  "))
    }
  }

  /// The words that the exit codes stand for, written here again.
  private struct Findings {
    var word: String
    init(_ run: RunResult) {
      switch run.outcome.code {
      case .holds: word = "VALID"
      case .violated: word = "INVALID"
      case .missed: word = "MISSED"
      case .inconclusive: word = "INCONCLUSIVE"
      case .notUsable: word = "NOT USABLE"
      default: word = "INTERRUPTED"
      }
    }
  }

  @Test func `junit counts what it holds`() {
    for sample in Sample.allCases {
      let text = sample.text("junit.xml")
      let count = { (part: String) in text.components(separatedBy: part).count - 1 }
      #expect(text.contains("tests=\"\(count("<testcase "))\""))
      #expect(text.contains("failures=\"\(count("<failure "))\""))
      #expect(text.contains("errors=\"\(count("<error "))\""))
      let document = XMLBalance(text)
      #expect(document.isBalanced, "\(sample)")
    }
    #expect(Sample.invalid.text("junit.xml").contains("S2 sink-duplicate"))
  }

  /// Whether start and end tags match.
  private struct XMLBalance {
    var isBalanced = true
    init(_ text: String) {
      var open: [Substring] = []
      for piece in text.components(separatedBy: "<").dropFirst() where !piece.hasPrefix("?") {
        let tag = piece.prefix { $0 != ">" }
        let name = tag.drop { $0 == "/" }.prefix { $0.isLetter }
        if tag.hasPrefix("/") {
          isBalanced = isBalanced && open.popLast().map { $0 == name } == true
        } else if !tag.hasSuffix("/") {
          open.append(name)
        }
      }
      isBalanced = isBalanced && open.isEmpty
    }
  }

  @Test func `summary keeps its form`() {
    for sample in Sample.allCases {
      let text = sample.text("summary.md")
      #expect(text.hasPrefix("# "))
      #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"))
      let code = text.split(separator: "\n").filter { $0.hasPrefix("    ") }
      #expect(code.count == 1)
      // HTML is only ever text in the indented command; a limit is code.
      let rest = text.split(separator: "\n").filter { !$0.hasPrefix("    ") }.joined()
      let starts = rest.components(separatedBy: "<").dropFirst().compactMap(\.first)
      #expect(starts.allSatisfy { $0 == "\u{A0}" || $0 == " " })
      for line in text.split(separator: "\n") where line.hasPrefix("|") && sample == .valid {
        #expect(line.count <= 100, "\(line)")
      }
    }
  }

  @Test func `open metrics ends as it must and has one type for each family`() {
    for sample in Sample.allCases {
      let lines = sample.text("metrics.prom").split(separator: "\n")
      #expect(lines.last == "# EOF")
      let types = lines.filter { $0.hasPrefix("# TYPE") }
      #expect(Set(types).count == types.count)
    }
  }
}
