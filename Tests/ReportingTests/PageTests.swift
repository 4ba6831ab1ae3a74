import Foundation
import Model
import Reporting
import Statistics
import Testing

@Suite struct PageTests {
  /// Values of an attribute, in order.
  private func values(of attribute: String, in page: String) -> [String] {
    page.components(separatedBy: " \(attribute)=\"").dropFirst().map {
      String($0.prefix { $0 != "\"" })
    }
  }

  @Test(arguments: Sample.allCases)
  func `a page is small, whole and the same on every rendering`(_ sample: Sample) {
    let page = sample.text("report.html")
    #expect(page.utf8.count <= 300_000)
    #expect(page.hasPrefix("<!DOCTYPE html>\n"))
    #expect(page.hasSuffix("</html>\n"))
    #expect(page == renderReport(sample.result))
    #expect(!page.contains("\r"))
  }

  @Test(arguments: Sample.allCases)
  func `ids are unique and links land`(_ sample: Sample) {
    let page = sample.text("report.html")
    let ids = values(of: "id", in: page)
    #expect(Set(ids).count == ids.count)
    for link in values(of: "href", in: page) {
      #expect(link.hasPrefix("#") && ids.contains(String(link.dropFirst())), "\(link)")
    }
    for names in values(of: "aria-labelledby", in: page) {
      for name in names.split(separator: " ") { #expect(ids.contains(String(name))) }
    }
    #expect(page.components(separatedBy: "<h1>").count == 2)
  }

  @Test(arguments: Sample.allCases.filter { $0 != .hostile })
  func `nothing comes from elsewhere`(_ sample: Sample) {
    let page = sample.text("report.html").replacingOccurrences(of: "url(#hatch)", with: "")
    for forbidden in ["src=", "http:", "https:", "@import", "url(", "javascript:"] {
      #expect(!page.contains(forbidden), "\(forbidden)")
    }
  }

  @Test func `elements are balanced in every variant`() throws {
    for sample in Sample.allCases {
      var open: [String] = []
      let page = sample.text("report.html")
      let body = page.components(separatedBy: "<script").first ?? ""
      let ends = page.contains("<script") ? ["html", "body"] : []
      for piece in body.components(separatedBy: "<").dropFirst() {
        let name = String(piece.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber })
        let whole = piece.prefix { $0 != ">" }
        if name.isEmpty || ["meta", "br"].contains(name) || whole.hasSuffix("/") { continue }
        if piece.hasPrefix("/") {
          try #require(open.last == name, "\(sample): \(open.suffix(3)) closed by \(name)")
          open.removeLast()
        } else {
          open.append(name)
        }
      }
      #expect(open == ends)
    }
  }

  @Test func `hostile text leaves the elements of a page as they are`() throws {
    let page = Sample.hostile.text("report.html")
    for raw in ["<img", "<b>nul", "onerror=alert(1)>", "</style><b>", "<script>alert"] {
      #expect(!page.contains(raw), "\(raw)")
    }
    for file in Sample.folders[.hostile] ?? [:] where file.key != "scenario.yaml" {
      for byte in file.value {
        if byte < 0x20 && byte != 0x0A { Issue.record("\(file.key) holds byte \(byte)") }
      }
      let text = String(decoding: file.value, as: UTF8.self)
      #expect(!text.unicodeScalars.contains("\u{202E}"), "\(file.key)")
    }
    let terminal = renderTerminalSummary(
      Sample.hostile.result, folder: hostileTexts.joined(), width: 100, color: false)
    #expect(terminal.unicodeScalars.allSatisfy { $0 == "\n" || ($0.value >= 32 && $0.value < 127) })
  }

  @Test func `the one script runs by its digest`() throws {
    let page = Sample.valid.text("report.html")
    let script = try #require(
      page.components(separatedBy: "<script>").last?.components(separatedBy: "</script>").first)
    // The digest of an unchanged script, from openssl: a change of the script changes it.
    #expect(page.contains("script-src 'sha256-H3CYhmaU0TK1HXuimpwq6thWpvE39p+Tyiy5FDDtFFQ='"))
    #expect(script.split(separator: "\n").count <= 27)
    #expect(!script.contains("innerHTML"))
  }

  @Test func `the block of read-outs is JSON with one value for each column`() throws {
    for sample in [Sample.valid, .hostile, .live, .one] {
      let page = sample.text("report.html")
      let block = try #require(
        page.components(separatedBy: "id=\"series\">").last?
          .components(separatedBy: "</script>").first)
      guard case .object(let members) = try StrictJSON.read(block).value,
        case .list(let times)? = members["time"]
      else {
        Issue.record("no times")
        continue
      }
      for (key, value) in members where key != "time" {
        guard case .list(let pair) = value, case .list(let values) = pair[1] else {
          Issue.record("\(key)")
          continue
        }
        #expect(values.count == times.count)
      }
    }
  }

  @Test func `an unusable run shows its harness first and draws no latency`() {
    let page = Sample.notUsable.text("report.html")
    let harness = page.range(of: "<section id=\"harness\"")?.lowerBound
    let figures = page.range(of: "<section id=\"figures\"")?.lowerBound
    #expect(harness != nil && figures != nil && harness! < figures!)
    for id in ["fig-heat", "fig-rate", "fig-pct", "fig-backlog"] {
      #expect(!page.contains("id=\"\(id)\""))
      #expect(Sample.live.text("report.html").contains("id=\"\(id)\""))
    }
    #expect(page.contains("Measured, not to be used"))
  }

  @Test func `a saturated run has no quantiles, a quiet one no faults`() {
    let saturated = Sample.missed.text("report.html")
    #expect(!saturated.contains("Latency p99</dt>"))
    #expect(saturated.contains("no steady value"))
    let quiet = Sample.calm.text("report.html")
    #expect(!quiet.contains("outside faults"))
    #expect(!quiet.contains("class=\"band\""))
    #expect(quiet.contains("Looked for"))
  }

  @Test func `virtual time lists the cost model and what repeats`() {
    let page = Sample.valid.text("report.html")
    #expect(page.contains("on schedule by construction"))
    #expect(page.contains("client.per_record"))
    #expect(page.contains("everything repeats exactly"))
    #expect(Sample.live.text("report.html").contains("wall-clock timings vary"))
  }
}
