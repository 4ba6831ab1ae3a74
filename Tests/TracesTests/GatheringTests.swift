import Model
import Testing
import Traces

/// Long files that become wide events, times in several columns, and named zones.
@Suite struct GatheringTests {
  private let mapping = """
    stream: panels
    time: {column: at, format: epoch-s}
    arrival: {column: sent, format: epoch-s}
    key: who
    pivot: {name: what, value: value}
    fields:
      who: {type: string}
      heat: {row: temperature, type: double}
      count: {row: count, type: int}
      mood: {row: "my mood", type: string}
    """

  private func load(
    _ csv: String, _ mapping: String, maximumBad: Ratio? = nil
  ) throws -> (summary: ImportSummary, lines: [String]) {
    let path = temporaryPath("rows.csv")
    let out = temporaryPath("rows.trace")
    defer {
      remove(path)
      remove(out)
      remove(out + ".bad")
    }
    writeFile(path, Array(csv.utf8))
    let summary = try importFile(
      path: path, mapping: Array(mapping.utf8), mappingFile: "map.yaml", out: out,
      badPath: out + ".bad", maximumBad: maximumBad)
    #expect(try verifyTrace(out) == nil)
    var lines: [String] = []
    try traceLines(out) { line in
      lines.append(line)
      return true
    }
    return (summary, lines)
  }

  @Test func `rows of one time and key become one event`() throws {
    let csv = """
      at,sent,who,what,value
      1,2,a,temperature,36.5
      1,2,a,noise,9
      1,2,a,count,3
      1,2,b,count,4
      1,2,b,count,5
      1,2,b,count,many
      1,3,b,my mood,"good, ""real"" ones"
      2,,b,temperature,
      2,,b,count
      x,,b,count,1

      """
    let (summary, lines) = try load(csv, mapping, maximumBad: .one)
    #expect(summary.rows == 10 && summary.events == 5)
    #expect(summary.bad == 3 && summary.leftOut == 1)
    #expect(summary.problems.map(\.line) == [7, 10, 11])
    let values = lines.map { line in line.components(after: "\"value\":") }
    #expect(
      values == [
        #"{"who":"a","heat":36.5,"count":3,"mood":null}}"#,
        #"{"who":"b","heat":null,"count":4,"mood":null}}"#,
        #"{"who":"b","heat":null,"count":5,"mood":null}}"#,
        #"{"who":"b","heat":null,"count":null,"mood":"good, \"real\" ones"}}"#,
        #"{"who":"b","heat":null,"count":null,"mood":null}}"#,
      ])
    #expect(lines[3].contains("\"arrival_time\":\"1970-01-01T00:00:03Z\""))
    #expect(!lines[4].contains("arrival_time"))
  }

  @Test(
    arguments: [
      ("pivot: {name: what}", "pivot.value is missing"),
      ("pivot: {value: value}", "pivot.name is missing"),
      ("", "fields.heat.row means nothing without pivot"),
      ("pivot: {name: whatt, value: value}", "has no column 'whatt'"),
    ])
  func `a pivot that is none is told`(line: String, message: String) {
    let wrong = mapping.split(separator: "\n").map {
      $0.hasPrefix("pivot:") ? line : String($0)
    }
    let error = #expect(throws: ImportError.self) {
      try load("at,sent,who,what,value\n", wrong.joined(separator: "\n"))
    }
    #expect(error?.text.contains(message) ?? false, "\(error?.text ?? "")")
  }

  @Test func `a row named by two fields, or beside a column, is told`() {
    let twice = mapping + "\n  again: {row: count, type: int}"
    let error = #expect(throws: ImportError.self) { try load("at\n", twice) }
    #expect(error?.text.contains("fields.again.row: 'count' is that of the field count") ?? false)
    let both = mapping + "\n  again: {row: more, column: value, type: int}"
    let other = #expect(throws: ImportError.self) { try load("at\n", both) }
    #expect(other?.text.contains("a field with row has none") ?? false)
  }

  @Test func `a time may stand in several columns`() throws {
    let mapping = """
      stream: air
      time: {column: [year, month, day, hour], format: "yyyy M d H", zone: "+08:00"}
      fields:
        x: {type: int}
      """
    let csv = """
      year,month,day,hour,x
      2013,3,1,0,1
      2013,13,1,0,2
      2013,12,31,23,3

      """
    let (summary, lines) = try load(csv, mapping, maximumBad: .one)
    #expect(summary.events == 2 && summary.bad == 1)
    #expect(lines[0].contains("\"event_time\":\"2013-02-28T16:00:00Z\""))
    #expect(lines[1].contains("\"event_time\":\"2013-12-31T15:00:00Z\""))
    #expect(
      summary.problems[0].message
        == "year month day hour '2013 13 1 0' is not of the form yyyy M d H (mapping line 2)")
  }

  @Test(.enabled(if: exists("/usr/share/zoneinfo/Europe/London"), "no zone tables here"))
  func `clocks of a named zone are read, and times that they skipped are bad`() throws {
    let mapping = """
      stream: sales
      time: {column: at, format: "yyyy-MM-dd HH:mm", zone: Europe/London}
      fields:
        x: {type: int}
      """
    let csv = """
      at,x
      2011-01-01 12:00,1
      2011-07-01 12:00,2
      2011-03-27 01:30,3
      2011-10-30 01:30,4

      """
    let (summary, lines) = try load(csv, mapping, maximumBad: .one)
    #expect(summary.events == 3 && summary.bad == 1)
    #expect(lines[0].contains("2011-01-01T12:00:00Z") && lines[1].contains("2011-07-01T11:00:00Z"))
    #expect(lines[2].contains("2011-10-30T00:30:00Z"))
    #expect(
      summary.problems[0].message
        == "at '2011-03-27 01:30' is a time that the clocks of the zone skipped")
  }

  @Test func `a zone that is none is told`() {
    let mapping = """
      stream: sales
      time: {column: at, format: "yyyy-MM-dd HH:mm", zone: Europe/Atlantis}
      fields:
        x: {type: int}
      """
    let error = #expect(throws: ImportError.self) { try load("at,x\n", mapping) }
    #expect(error?.text.contains("map.yaml:2:") ?? false)
    #expect(error?.text.contains("the zone 'Europe/Atlantis' is not among the zones") ?? false)
  }
}

extension String {
  /// What follows the first appearance of a text.
  fileprivate func components(after text: String) -> String {
    guard let range = firstRange(of: text) else { return "" }
    return String(self[range.upperBound...])
  }
}
