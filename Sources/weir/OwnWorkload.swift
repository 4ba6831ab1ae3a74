import Commands
import Model
import Scenarios
import Workloads

/// A workload that a scenario takes from a file.
struct OwnWorkload {
  var path: String
  var bytes: [UInt8]
  var kind: WorkloadKind

  static let suffix = ".workload.yaml"
  /// Longer ones are none.
  static let limit = 1 << 20

  /// The workload file that a kind names, looked for beside the file that names it, then from the
  /// current folder; nil when the kind is no file's, or no file is there.
  static func find(_ kind: String, beside file: String) throws(Problems) -> OwnWorkload? {
    if !kind.hasSuffix(suffix) { return nil }
    let folder = Files.parent(file)
    let candidates = ["\(folder)/\(kind)", "\(folder)/\(Files.lastPart(kind))", kind]
    guard let path = candidates.first(where: { Files.kind($0) == .file }) else { return nil }
    let bytes = try Files.read(path, limit: limit + 1)
    if bytes.count > limit { throw failure("\(path) is longer than a workload file can be") }
    let workload = try parseWorkloadFile(bytes, file: path)
    return OwnWorkload(path: path, bytes: bytes, kind: workloadKind(workload, name: kind))
  }

  /// The one that a scenario names, or an override of it.
  static func find(
    in scenario: [UInt8], _ overrides: Overrides, beside file: String
  ) throws(Problems) -> OwnWorkload? {
    var named: String?
    for change in overrides.changes {
      named = change.assigned(to: "workload.kind") ?? named
    }
    let root = parseYAML(scenario, file: file).root
    guard let kind = named ?? root?["workload"]?["kind"]?.scalar else { return nil }
    return try find(kind, beside: file)
  }
}
