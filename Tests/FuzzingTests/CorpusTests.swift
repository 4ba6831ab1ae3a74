import Foundation
import Testing

/// Every case that fuzzing found, and the seeds that it began with, run through their parsers: none
/// may trap. `Fuzzing/run` adds to them.
@Suite struct CorpusTests {
  private static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fuzzing/corpus")

  @Test(arguments: fuzzedParsers.map(\.name))
  func `no case of the corpus stops its parser`(parser: String) throws {
    let run = try #require(fuzzedParsers.first { $0.name == parser }?.run)
    let folder = Self.folder.appendingPathComponent(parser)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(!names.isEmpty, "no case for \(parser)")
    for name in names {
      run([UInt8](try Data(contentsOf: folder.appendingPathComponent(name))))
    }
    run([])
  }
}
