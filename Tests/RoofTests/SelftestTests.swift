import Foundation
import Testing

@Suite struct SelftestTests {
  @Test func `no byte differs, and one that does is found`() throws {
    let scratch = try Scratch()
    let good = try WeirProcess.run(["selftest", "determinism", "--cases", "8"])
    #expect(good.code == 0 && good.output.hasPrefix("0 differing in 8 cases"))
    // A program that prints digests which are not those of the case.
    let liar = try scratch.write(
      "#!/bin/sh\nfor n in 1 2 3 4 5 6 7 8; do echo 1f; done\n", to: "liar")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o700], ofItemAtPath: liar.path)
    let bad = try WeirProcess.run([
      "selftest", "determinism", "--cases", "8", "--with", liar.path,
    ])
    #expect(bad.code == 1 && bad.output.hasPrefix("8 differing in 8 cases"))
    #expect(bad.errors.contains("differs in a fresh process: case 0"))
    let none = try WeirProcess.run([
      "selftest", "determinism", "--cases", "8", "--with", "/bin/false",
    ])
    #expect(none.code == 64 && none.errors.contains("gave 0 digests of 8"))
  }

  @Test func `the parts of a trace together are the whole`() throws {
    let scratch = try Scratch()
    func lines(_ shard: [String]) throws -> [String] {
      let path = scratch.folder.appendingPathComponent("t.trace").path
      let made = try WeirProcess.run(
        ["trace", "generate", "fraud-detection", "--for", "300ms", "--out", path, "-q"] + shard)
      #expect(made.code == 0, "\(made.errors)")
      let text = try WeirProcess.run(["trace", "cat", path, "--limit", "100000"]).output
      try FileManager.default.removeItem(atPath: path)
      return text.split(separator: "\n").map(String.init)
    }
    let whole = try lines([])
    let parts = try (1...3).flatMap { try lines(["--shard", "\($0)/3"]) }
    #expect(whole.count > 2_000 && parts.sorted() == whole.sorted())
    let refused = try WeirProcess.run([
      "trace", "generate", "fraud-detection", "--for", "1s", "--out", "x", "--shard", "4/3",
    ])
    #expect(refused.code == 64 && refused.errors.contains("'4/3' is no shard"))
  }
}
