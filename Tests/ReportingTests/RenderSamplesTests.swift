import Foundation
import Reporting
import Testing

/// Writes the sample pages where an environment variable says, to be looked at in a browser.
@Test func `samples are written to a folder on request`() throws {
  guard let folder = ProcessInfo.processInfo.environment["WEIR_REPORT_SAMPLES"] else { return }
  for sample in Sample.allCases {
    let place = URL(fileURLWithPath: folder).appendingPathComponent(sample.rawValue)
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    for file in runFiles(sample.result) {
      try Data(file.bytes).write(to: place.appendingPathComponent(file.name))
    }
    for width in [60, 100, 120] {
      let text = renderTerminalSummary(
        sample.result, folder: "reports/x", width: width, color: false)
      try Data((text + usageLine(sample.result) + "\n").utf8)
        .write(to: place.appendingPathComponent("terminal-\(width).txt"))
    }
  }
}
