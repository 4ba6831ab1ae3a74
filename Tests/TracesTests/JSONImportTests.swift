import Model
import Testing
import Traces

@Suite struct JSONImportTests {
  private let mapping = """
    stream: orders
    time: {column: meta.at, format: epoch-ms}
    key: customer
    fields:
      amount_minor: {column: value.amount, type: decimal, scale: 2}
      note: {column: a.b, type: string, optional: true}
      paid: {type: boolean}
      ratio: {type: double, optional: true}
    """

  private func load(
    _ text: String, maximumBad: Ratio? = nil
  ) throws -> (summary: ImportSummary, lines: [String], bad: String) {
    let path = temporaryPath("rows.jsonl")
    let out = temporaryPath("rows.trace")
    defer {
      remove(path)
      remove(out)
      remove(out + ".bad")
    }
    writeFile(path, Array(text.utf8))
    let summary = try importFile(
      path: path, mapping: Array(mapping.utf8), mappingFile: "map.yaml", out: out,
      badPath: out + ".bad", maximumBad: maximumBad)
    #expect(try verifyTrace(out) == nil)
    var lines: [String] = []
    try traceLines(out) { line in
      lines.append(line)
      return true
    }
    return (summary, lines, String(decoding: readFile(out + ".bad"), as: UTF8.self))
  }

  /// A good line with one part changed.
  private func line(_ old: String = "", _ new: String = "") -> String {
    let good =
      #"{"meta":{"at":1000},"customer":"c","value":{"amount":1.5},"paid":true,"more":[1,{}]}"#
    if old.isEmpty { return good }
    guard let place = good.firstRange(of: old) else { return good }
    return good[..<place.lowerBound] + new + good[place.upperBound...]
  }

  @Test func `objects become events; members may be nested, escaped, dotted, absent or null`()
    throws
  {
    let text = """
      {"paid":true,"customer":"a\\u00e9\\ud83d\\ude00\\n","value":{"x":[1,[{}]],"amount":12.30},\
      "meta":{"at":1700000000123},"a.b":"dotted","ratio":-1.25e1}

      \t
      {"meta" : {"at" : "5"} , "value":{"\\u0061mount":7}, "paid":false,"a":{"b":null},\
       "ratio":null}
      {"meta":{"at":6},"value":{"amount":-0.01},"paid":true,"a":{"b":""},"customer":12}
      """
    let (summary, lines, bad) = try load(text)
    #expect(summary.rows == 3 && summary.events == 3 && summary.bad == 0 && bad.isEmpty)
    #expect(
      Array(lines.dropFirst()) == [
        #"{"source":0,"sequence":1,"stream":"orders","key":null,"#
          + #""event_time":"1970-01-01T00:00:00.005Z","#
          + #""value":{"amount_minor":700,"note":null,"paid":false,"ratio":null}}"#,
        #"{"source":0,"sequence":2,"stream":"orders","key":"12","#
          + #""event_time":"1970-01-01T00:00:00.006Z","#
          + #""value":{"amount_minor":-1,"note":"","paid":true,"ratio":null}}"#,
      ])
    #expect(
      lines.first
        == #"{"source":0,"sequence":0,"stream":"orders","key":"aé😀\n","#
        + #""event_time":"2023-11-14T22:13:20.123Z","#
        + #""value":{"amount_minor":1230,"note":"dotted","paid":true,"ratio":-12.5}}"#)
  }

  @Test(arguments: [
    (#""c""#, #""c"#), ("1000", "01000"), ("1000", "1."), ("1000", "1e"), ("true", "True"),
    ("true", "tru"), ("[1,{}]", "[1,{}"), ("[1,{}]", "[1,]"), (#"{"meta""#, #"{meta"#),
    (#""c""#, #""\x""#), (#""c""#, #""\ud800""#), (#""c""#, #""\ud800\u0041""#),
    (#""c""#, "\"\u{1}\""), ("]}", "]}}"), ("]}", "]"), (",\"paid\"", "\"paid\""),
    (#""more""#, #""paid""#), (#"{"amount":1.5}"#, "5"), ("1.5", #"{"a":1}"#), ("1.5", "[1]"),
    ("1.5", "1.555"), ("1.5", "null"), ("true", "null"), ("{\"at\":1000}", "{}"),
  ])
  func `a damaged line is told, kept, and leaves nothing in the columns`(
    _ old: String, _ new: String
  ) throws {
    let wrong = line(old, new)
    let (summary, lines, bad) = try load(
      [line(), wrong, line()].joined(separator: "\n"), maximumBad: .one)
    #expect(summary.events == 2 && summary.bad == 1, "\(wrong)")
    #expect(lines.count == 2 && bad == wrong + "\n")
    #expect(summary.problems.count == 1 && summary.problems[0].line == 2)
  }

  @Test func `the column of a mistake is told in characters`() throws {
    let (summary, _, _) = try load(
      line() + "\n" + #"{"é":1,"paid":maybe}"#, maximumBad: .one)
    #expect(summary.problems.first?.column == 15)
    #expect(summary.problems.first?.message == "no JSON value")
  }

  @Test func `depth is bounded`() throws {
    func deep(_ n: Int) -> String {
      let list = String(repeating: "[", count: n) + String(repeating: "]", count: n)
      return line("[1,{}]", list)
    }
    #expect(try load(deep(63)).summary.events == 1)
    #expect(try load(line() + "\n" + deep(64), maximumBad: .one).summary.bad == 1)
    #expect(try load(line() + "\n" + deep(100_000), maximumBad: .one).summary.bad == 1)
  }

  @Test func `random damage is a bad row or another good one, never more`() throws {
    var draws = TestDraws(5)
    var text: [UInt8] = []
    for _ in 0..<400 {
      var bytes = Array(line().utf8)
      for _ in 0...draws.below(2) {
        let place = draws.below(bytes.count - 1) + 1
        switch draws.below(3) {
        case 0: bytes[place] = UInt8(draws.below(256))
        case 1: bytes.remove(at: place)
        default: bytes.insert(Array("{}[]\",:\\0n".utf8)[draws.below(10)], at: place)
        }
      }
      text += bytes.filter { $0 != 10 && $0 != 13 } + [10]
    }
    let path = temporaryPath("damage.jsonl")
    let out = temporaryPath("damage.trace")
    defer {
      remove(path)
      remove(out)
      remove(out + ".bad")
    }
    writeFile(path, text)
    let summary = try importFile(
      path: path, mapping: Array(mapping.utf8), mappingFile: "map.yaml", out: out,
      badPath: out + ".bad", maximumBad: .one)
    #expect(summary.rows == 400 && summary.events + summary.bad == 400 && summary.bad > 100)
    #expect(try verifyTrace(out) == nil)
  }

  @Test func `what trace cat prints is imported again to equal values`() throws {
    let (_, lines, _) = try load(line() + "\n" + line("1.5", "2"))
    let path = temporaryPath("again.jsonl")
    let out = temporaryPath("again.trace")
    defer {
      remove(path)
      remove(out)
    }
    writeFile(path, Array(lines.joined(separator: "\n").utf8))
    let back = """
      stream: orders
      time: {column: event_time, format: iso}
      key: key
      fields:
        amount_minor: {column: value.amount_minor, type: long}
        note: {column: value.note, type: string, optional: true}
        paid: {column: value.paid, type: boolean}
        ratio: {column: value.ratio, type: double, optional: true}
      """
    _ = try importFile(
      path: path, mapping: Array(back.utf8), mappingFile: "map.yaml", out: out,
      badPath: out + ".bad")
    var again: [String] = []
    try traceLines(out) { line in
      again.append(line)
      return true
    }
    #expect(again == lines)
  }
}
