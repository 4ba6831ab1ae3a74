import Model
import Statistics

/// Everything that is rendered from a result, in order of name, with `report.html` among it. The
/// history itself is not part of it.
public func runFiles(_ result: RunResult) -> [(name: String, bytes: [UInt8])] {
  let others = runFilesWithoutPage(result)
  let page = Array(report(result, files: others).text.utf8)
  return (others + [("report.html", page)]).sorted { $0.name < $1.name }
}

/// All but the page, which lists the others with their digests.
func runFilesWithoutPage(_ result: RunResult) -> [(name: String, bytes: [UInt8])] {
  [
    ("result.json", Array(renderResultJSON(result).utf8)),
    ("summary.md", Array(renderSummaryMarkdown(result).utf8)),
    ("junit.xml", Array(renderJUnit(result).utf8)),
    ("latency.hlog", renderHdrLog(result)),
    ("metrics.prom", Array(renderOpenMetrics(result).utf8)),
    ("scenario.yaml", Array(result.identity.scenarioText.utf8)),
  ]
}
