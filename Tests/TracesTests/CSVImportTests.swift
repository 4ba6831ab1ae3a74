import Bytes
import Model
import Queries
import Testing
import Traces
import Workloads

@Suite struct CSVImportTests {
  private let mapping = """
    stream: orders
    time: {column: at, format: "M/d/yyyy H:mm", zone: UTC}
    key: [customer, country]
    fields:
      amount_minor: {column: amount, type: decimal, scale: 2, unit: EUR cents}
      item: {type: string}
      count: {type: int, optional: true}
      paid: {type: boolean, true: "yes", false: "no"}
    """

  private func load(
    _ csv: String, mapping: String? = nil, maximumBad: Ratio? = nil
  ) throws -> (summary: ImportSummary, lines: [String], bad: String) {
    let path = temporaryPath("rows.csv")
    let out = temporaryPath("rows.trace")
    defer {
      remove(path)
      remove(out)
      remove(out + ".bad")
    }
    writeFile(path, Array(csv.utf8))
    let summary = try importFile(
      path: path, mapping: Array((mapping ?? self.mapping).utf8), mappingFile: "map.yaml",
      out: out, badPath: out + ".bad", maximumBad: maximumBad)
    #expect(try verifyTrace(out) == nil)
    var lines: [String] = []
    try traceLines(out) { line in
      lines.append(line)
      return true
    }
    return (summary, lines, String(decoding: readFile(out + ".bad"), as: UTF8.self))
  }

  @Test func `rows become events with key, time and typed fields`() throws {
    let csv = """
      at,customer,country,amount,item,count,paid
      12/1/2010 8:26,17850,UK,2.55,"WHITE ""T-LIGHT"", HOLDER",6,yes
      12/1/2010 8:28,,,-1.5,line
      1/31/2011 23:59,1,FR,12,"two
      lines",,no

      """
    let bare = String(csv.map { $0 == "\n" ? "\r\n" : $0 })
    let (summary, lines, bad) = try load(bare, maximumBad: .one)
    #expect(summary.rows == 3 && summary.events == 2 && summary.bad == 1)
    #expect(
      lines == [
        #"{"source":0,"sequence":0,"stream":"orders","key":"17850|UK","#
          + #""event_time":"2010-12-01T08:26:00Z","value":{"amount_minor":255,"#
          + #""item":"WHITE \"T-LIGHT\", HOLDER","count":6,"paid":true}}"#,
        #"{"source":0,"sequence":1,"stream":"orders","key":"1|FR","#
          + #""event_time":"2011-01-31T23:59:00Z","value":{"amount_minor":1200,"#
          + #""item":"two\r\nlines","count":null,"paid":false}}"#,
      ])
    #expect(summary.problems.count == 1)
    #expect(summary.problems[0].line == 3 && summary.problems[0].column == 1)
    #expect(summary.problems[0].message == "5 columns where the header has 7")
    #expect(bad == "at,customer,country,amount,item,count,paid\n12/1/2010 8:28,,,-1.5,line\n")
  }

  @Test(
    arguments: [
      ("13/1/2010 8:26,a,b,1,x,,yes", 1, "at '13/1/2010 8:26' is not of the form M/d/yyyy H:mm"),
      ("1/1/2010 8:26,a,b,1.555,x,,yes", 19, "amount '1.555' is no decimal of at most 2 decimals"),
      ("1/1/2010 8:26,a,b,1e3,x,,yes", 19, "amount '1e3' is no decimal of at most 2 decimals"),
      ("1/1/2010 8:26,a,b,,x,,yes", 19, "amount has no value"),
      ("1/1/2010 8:26,ä,b,1,x,2147483648,yes", 23, "count '2147483648' is no int"),
      ("1/1/2010 8:26,a,b,1,x,1,maybe", 25, "paid 'maybe' is no boolean"),
      ("1/1/2010 8:26,a,b,1,x\"y,1,yes", 22, "a quote inside a field"),
      ("1/1/2010 8:26,a,b,1,\"x\"y,1,yes", 24, "text after the closing quote"),
      ("1/1/2010 8:26,a,b,1,\"x,1,yes", 21, "a quote that is not closed"),
      ("1/1/2010 8:26,a,b", 1, "3 columns where the header has 7"),
    ])
  func `a bad row is told with line, column and reason`(
    row: String, column: Int, message: String
  ) throws {
    let header = "at,customer,country,amount,item,count,paid\n"
    let good = "1/1/2010 8:26,a,b,1,x,1,yes\n"
    let (summary, _, bad) = try load(
      header + good + row + "\n" + good, maximumBad: Ratio(1, 2))
    #expect(summary.rows == 3 && summary.events == 2 && summary.bad == 1)
    #expect(summary.problems.map(\.line) == [3] && summary.problems.map(\.column) == [column])
    #expect(summary.problems[0].message.hasPrefix(message), "\(summary.problems[0].message)")
    #expect(bad == header + row + "\n")
  }

  @Test func `too many bad rows leave no trace, and say what to do`() throws {
    let path = temporaryPath("orders.csv")
    let out = temporaryPath("orders.trace")
    defer {
      remove(path)
      remove(out + ".bad")
    }
    writeFile(
      path, Array("at,amount\n12/1/2010 8:26,1\n12/1/2010 8:27,1\n12/1/2010 8:28,1\n".utf8))
    let mapping = """
      stream: orders
      # The form is wrong.
      time:
        column: at
        format: iso
      fields: {amount: {type: long}}
      """
    let error = #expect(throws: ImportError.self) {
      try importFile(
        path: path, mapping: Array(mapping.utf8), mappingFile: "map.yaml", out: out,
        badPath: out + ".bad")
    }
    #expect(!exists(out) && !exists(out + ".partial") && exists(out + ".bad"))
    #expect(
      error?.text == """
        \(path):2:1: error: at '12/1/2010 8:26' is not of the form yyyy-MM-dd'T'HH:mm:ssZ \
        (mapping line 5)
        \(path):3:1: error: the same, and 1 row more: all are in \(out).bad
        weir: error: 3 of 3 rows are bad, allowed is 1 %; \(out) was not written
          to fix: give the column's format in the mapping, here "M/d/yyyy H:mm"

        """)
  }

  @Test func `mistakes of a mapping are told all at once with their places`() throws {
    let mapping = """
      stream: orders
      tiem: {column: at, format: iso}
      time: {column: at, format: isoo, zone: Europe/Atlantis}
      fields:
        amount: {type: lnog}
        9lives: {type: long}
        source: {type: int}
        flag: {type: boolean, scale: 2}
      """
    let error = #expect(throws: Problems.self) {
      try parseImportMapping(Array(mapping.utf8), file: "map.yaml")
    }
    let places = error?.list.map { "\($0.line ?? 0):\($0.column ?? 0)" }
    #expect(places == ["2:1", "3:28", "3:40", "5:18", "6:3", "7:3", "8:25"])
    #expect(error?.list[3].hint == "did you mean 'long'?")
  }

  @Test func `a column that the file does not have is told where the mapping names it`() throws {
    let error = #expect(throws: ImportError.self) {
      try load("at,customer,country,amuont,item,count,paid\n")
    }
    guard case .mapping(let problems)? = error else {
      Issue.record("no problem of the mapping")
      return
    }
    #expect(problems.list.count == 1)
    #expect(problems.list[0].line == 5 && problems.list[0].column == 26)
    #expect(problems.list[0].hint == "did you mean 'amuont'?")
  }

  @Test func `rows are chosen by the mapping, and times may come in any form`() throws {
    let mapping = """
      stream: trades
      separator: ";"
      missing: ["", NA]
      where: {kind: [trade, quote]}
      time: {column: t, format: epoch-ms}
      arrival: {column: r, format: epoch-ns}
      fields: {price: {type: double, optional: true}, kind: {type: enum, symbols: [trade, quote]}}
      """
    let csv = """
      \u{FEFF}t;r;kind;price
      1723161256299;1723161256300000001;trade;1.25
      1723161256300;;book;2
      1723161256300;;quote;NA
      """
    let (summary, lines, _) = try load(csv, mapping: mapping)
    #expect(summary.rows == 3 && summary.leftOut == 1 && summary.events == 2)
    #expect(
      lines == [
        #"{"source":0,"sequence":0,"stream":"trades","key":null,"#
          + #""event_time":"2024-08-08T23:54:16.299Z","#
          + #""arrival_time":"2024-08-08T23:54:16.300000001Z","#
          + #""value":{"price":1.25,"kind":"trade"}}"#,
        #"{"source":0,"sequence":1,"stream":"trades","key":null,"#
          + #""event_time":"2024-08-08T23:54:16.3Z","value":{"price":null,"kind":"quote"}}"#,
      ])
  }

  @Test func `random text never crashes the import`() throws {
    let alphabet = Array("\",\n\r;a1.-/: ä".utf8)
    var draws = TestDraws(8)
    for _ in 0..<100 {
      var csv = Array("at,customer,country,amount,item,count,paid\n".utf8)
      for _ in 0..<draws.below(300) { csv.append(alphabet[draws.below(alphabet.count)]) }
      let (summary, lines, _) = try load(
        String(decoding: csv, as: UTF8.self), maximumBad: .one)
      #expect(summary.events + summary.bad == summary.rows)
      #expect(lines.count == Int(summary.events))
    }
  }

  @Test func `numbers are the nearest doubles, however they are written`() throws {
    var draws = TestDraws(12)
    var texts = ["0", "-0.5", ".5", "5.", "1e3", "-2.5E-7", "0.1", "123456789012345.6", "1e308"]
    for _ in 0..<500 {
      let digits = String(draws.word() % 1_000_000_000_000_000_000).prefix(1 + draws.below(18))
      let point = draws.below(digits.count + 1)
      texts.append(
        (draws.below(2) == 0 ? "-" : "") + digits.prefix(point) + "."
          + digits.dropFirst(point))
    }
    let mapping = """
      stream: numbers
      time: {column: at, format: epoch-ms}
      fields: {value: {type: double}}
      """
    let rows = texts.map { "1,\($0)" }.joined(separator: "\n")
    let (summary, lines, _) = try load("at,value\n" + rows, mapping: mapping)
    #expect(summary.events == texts.count)
    for (text, line) in zip(texts, lines) {
      let shown = line.split(separator: ":").last.map { $0.filter { $0 != "}" } } ?? ""
      #expect(Double(shown) == Double(text), "\(text)")
    }
    for wrong in ["", ".", "-", "1.2.3", "1e", "1e999", "nan", "inf", "0x10", "--1", "1-"] {
      let (summary, _, _) = try load(
        "at,value\n1,\(wrong)\n", mapping: mapping, maximumBad: .one)
      #expect(summary.bad == 1, "\(wrong)")
    }
  }

  @Test func `a masked import writes pseudonyms, and no file has a word of the rest`() throws {
    let masked = """
      stream: people
      time: {column: at, format: epoch-s}
      key: [card, name]
      key_pseudonym: true
      max_bad: 100%
      fields:
        card: {type: int, pseudonym: true}
        holder: {column: name, type: string, pseudonym: true, optional: true}
        amount: {type: long}
      """
    let csv = """
      at,card,name,secret,amount
      1,4711,Augusta,hidden,5
      2,4711,Augusta,hidden,6
      3,4712,,hidden,7
      4,Augusta,Augusta,hidden,8

      """
    let (path, out) = (temporaryPath("people.csv"), temporaryPath("people.trace"))
    defer {
      remove(path)
      remove(out)
    }
    writeFile(path, Array(csv.utf8))
    let load = { (key: PseudonymKey?) in
      try importFile(
        path: path, mapping: Array(masked.utf8), mappingFile: "map.yaml", out: out,
        badPath: out + ".bad", pseudonyms: key)
    }
    #expect(throws: ImportError.self) { try load(nil) }
    #expect(!exists(out))
    let key = try #require(PseudonymKey(Array("a key of many bytes".utf8)))
    let summary = try load(key)
    #expect(summary.events == 3 && summary.bad == 1 && !exists(out + ".bad"))
    #expect(!summary.problems.contains { $0.message.contains("Augusta") })
    var lines: [String] = []
    try traceLines(out) { line in
      lines.append(line)
      return true
    }
    let name = String(decoding: key.text(for: Array("Augusta".utf8)), as: UTF8.self)
    let both = String(decoding: key.text(for: Array("4711|Augusta".utf8)), as: UTF8.self)
    let card = key.number(for: Array("4711".utf8))
    #expect(lines[0].contains(#""key":"\#(both)""#) && lines[1].contains(#""key":"\#(both)""#))
    #expect(lines[0].contains(#"{"card":\#(card),"holder":"\#(name)","amount":5}"#))
    #expect(lines[2].contains(#""holder":null"#) && !lines[2].contains(both))
    let bytes = readFile(out).map { $0 < 128 ? String(UnicodeScalar($0)) : "?" }.joined()
    for secret in ["Augusta", "hidden", "4711"] { #expect(!bytes.contains(secret)) }
  }

  @Test func `a mapping whose key shows what a field hides is refused`() {
    for (mapping, text) in [
      ("key: n\nfields: {n: {type: long, pseudonym: true}}", "key_pseudonym"),
      ("fields: {n: {type: double, pseudonym: true}}", "cannot have one"),
    ] {
      let whole = "stream: s\ntime: {column: t, format: iso}\n" + mapping
      let error = #expect(throws: Problems.self) {
        try parseImportMapping(Array(whole.utf8), file: "map.yaml")
      }
      let told = error?.list.map { $0.message + ($0.hint ?? "") }.joined() ?? ""
      #expect(told.contains(text), "\(told)")
    }
  }

  @Test func `rows of one file become several sources`() throws {
    let mapping = """
      stream: readings
      time: {column: at, format: epoch-s}
      source: sensor
      max_bad: 50%
      fields: {n: {type: long}}
      """
    let csv = "at,sensor,n\n1,b,10\n2,a,20\n3,,30\n4,b,40\n5,a,x\n6,a,60\n"
    let (summary, lines, bad) = try load(csv, mapping: mapping)
    #expect(summary.events == 4 && summary.bad == 2)
    #expect(bad == "at,sensor,n\n3,,30\n5,a,x\n")
    #expect(summary.problems.map(\.message).contains("sensor tells no source"))
    let starts = lines.map { $0.prefix(26) }
    #expect(
      starts == [
        #"{"source":0,"sequence":0,""#, #"{"source":1,"sequence":0,""#,
        #"{"source":0,"sequence":1,""#, #"{"source":1,"sequence":1,""#,
      ])
    #expect(
      lines.map { $0.suffix(9) } == [#"{"n":10}}"#, #"{"n":20}}"#, #"{"n":40}}"#, #"{"n":60}}"#])
  }
}
