import CShim
import Testing
import Traces

/// The folder of real files beside the repository; not part of it.
let realFiles: String = {
  let here = #filePath
  let root = here.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
  return root.joined(separator: "/") + "/../shared/datasets"
}()
let mappings: String = realFiles.replacingSuffix("/../shared/datasets", "/datasets/mappings")

extension String {
  fileprivate func replacingSuffix(_ old: String, _ new: String) -> String {
    hasSuffix(old) ? dropLast(old.count) + new : self
  }
}

@Suite struct RealFileTests {
  @Test func `card payments of the ULB data set become a trace`() throws {
    let path = realFiles + "/finance/ulb_creditcard_first5000.csv.zst"
    guard exists(path) else {
      print("SKIPPED: \(path) is not there, so no real file was imported")
      return
    }
    let out = temporaryPath("ulb.trace")
    defer { remove(out) }
    let mapping = mappings + "/ulb-creditcard.yaml"
    let summary = try importFile(
      path: path, mapping: readFile(mapping), mappingFile: mapping, out: out,
      badPath: out + ".bad")
    print(summary.text)
    #expect(summary.rows == 5000 && summary.events == 5000 && summary.bad == 0)
    #expect(
      summary.text.hasPrefix("5,000 rows, 5,000 events, 0 bad; 1 h 16 min 3 s; 1.10 events/s"))
    #expect(!exists(out + ".bad"))
    var lines: [String] = []
    try traceLines(out, limit: 1) { line in
      lines.append(line)
      return true
    }
    #expect(
      lines == [
        #"{"source":0,"sequence":0,"stream":"payments","key":null,"#
          + #""event_time":"2013-09-01T00:00:00Z","#
          + #""value":{"txn_seq":0,"amount_minor":14962,"fraud":false}}"#
      ])
    #expect(try verifyTrace(out) == nil)
    #expect(
      try traceStatistics(out).text == """
        rate        1.10/s; peak 21 in 1 s, 419 in 60 s; index of dispersion 1.94 (1 s), 32.1 (60 s)
        stamps      44.0 % share their time stamp with the event before; out of order 0
        """)
    let info = try traceInfo(out)
    #expect(info.events == 5000 && info.streams[0].withoutKey == 5000 && info.outOfOrder == 0)
  }
}
