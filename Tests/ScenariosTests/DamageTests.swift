import Draws
import Model
import Scenarios
import Testing

/// Whatever the bytes, the loader answers: with a scenario or with problems that have a place and
/// are plain ASCII.
@Suite struct DamageTests {
  private func check(_ bytes: [UInt8], _ overrides: [ScenarioOverride] = []) {
    let result = loadScenario(
      bytes: bytes, file: "damaged.yaml", name: "damaged", overrides: overrides,
      catalog: testCatalog)
    guard case .failure(let problems) = result else { return }
    #expect(!problems.list.isEmpty)
    let text = renderProblems(problems.list)
    #expect(text.utf8.allSatisfy { $0 == 10 || (0x20...0x7E).contains($0) })
  }

  @Test(arguments: UInt64(0)..<40)
  func `damaged scenarios never end in a crash`(seed: UInt64) throws {
    let original = try contents(
      seed % 2 == 0 ? "scenarios/demo.yaml" : "scenarios/finance/fraud-detection.yaml")
    let draws = DrawFamily(seed: seed, component: "tests", purpose: "damage").stream(0)
    let signs = Array("{}[],:#&*!|>'\"%@`-?\n\t <=.\\\u{e9}".utf8)
    for round in UInt64(0)..<25 {
      var bytes = original
      for change in 0...draws.below(4, round * 64) {
        let counter = round * 64 + change * 4 + 1
        let at = Int(draws.below(UInt64(bytes.count), counter))
        let word = draws.word(counter + 1)
        switch word % 4 {
        case 0: bytes[at] = UInt8(truncatingIfNeeded: word >> 8)
        case 1: bytes.insert(signs[Int((word >> 8) % UInt64(signs.count))], at: at)
        case 2: bytes.removeSubrange(at..<min(bytes.count, at + Int((word >> 8) % 30) + 1))
        default: bytes.insert(contentsOf: bytes[at...].prefix(Int((word >> 8) % 80)), at: at)
        }
        if bytes.isEmpty { bytes = [0x20] }
      }
      check(bytes)
    }
  }

  @Test(arguments: UInt64(0)..<20)
  func `random bytes and random overrides never end in a crash`(seed: UInt64) {
    let draws = DrawFamily(seed: seed, component: "tests", purpose: "noise").stream(0)
    let letters = Array("weir1:{}[],.-+= \n\"'abkload%rate/sfaultsplan0#&*".utf8)
    for round in UInt64(0)..<20 {
      let length = draws.below(120, round)
      let words = (0..<length).map { draws.word(1000 + round * 200 + $0) }
      check(words.map { UInt8(truncatingIfNeeded: $0) })
      let text = words.map { letters[Int($0 % UInt64(letters.count))] }
      check(text)
      check(
        Array(file().utf8),
        [
          .set(String(decoding: text, as: UTF8.self)),
          .unset(String(decoding: text, as: UTF8.self)),
          .set("faults.plan.+=" + String(decoding: text, as: UTF8.self)),
          .backbone(String(decoding: text, as: UTF8.self)),
        ])
    }
  }

  @Test func `limits of size, depth and encoding are told`() {
    let large = [UInt8](repeating: 0x20, count: largestYAMLFile + 1)
    #expect(parseYAML(large, file: "f").problems.first?.message.contains("at most 1 MiB") == true)
    let nested = "a: " + String(repeating: "[", count: 25) + String(repeating: "]", count: 25)
    let deep = parseYAML(Array(nested.utf8), file: "f")
    #expect(deep.problems.first?.message.hasPrefix("more than 20 levels deep") == true)
    #expect(!deep.isComplete)
    let allowed = "a: " + String(repeating: "[", count: 19) + String(repeating: "]", count: 19)
    #expect(parseYAML(Array(allowed.utf8), file: "f").problems.isEmpty)
    let latin = parseYAML(Array("a: b\nc: ".utf8) + [0xE9], file: "f")
    #expect(latin.problems.first?.line == 2 && latin.problems.first?.column == 4)
    let control = parseYAML(Array("a: b\nc: d\u{1}".utf8), file: "f")
    #expect(control.problems.first?.line == 2 && control.problems.first?.column == 5)
  }

  @Test func `large files with many mistakes are answered`() {
    let line = "k\u{e9}y" + String(repeating: "{", count: 3)
    let wide = (0..<20_000).map { "x\($0): &a b" }.joined(separator: ", ")
    let problems = parseYAML(Array("{\(wide)}".utf8), file: "f").problems
    #expect(problems.count == 20_000)
    #expect(renderProblems(problems).hasSuffix("... and 19800 more\n"))
    check(Array((file() + line).utf8))
  }

  @Test func `carets stay under what is wrong behind letters of other scripts`() {
    let text = "# x\nweir: 1\nname: \"\u{e9}\u{1F600}\"\nseed: b\n"
    let shown = complaints(text)
    #expect(shown.contains("   3 | name: \"\\u{e9}\\u{1f600}\"\n     |       ^~~~~~~~~~~~~~~~~"))
  }

  @Test func `long lines are shown around the place`() {
    let text = "# x\nweir: 1\nname: \"" + String(repeating: "a", count: 300) + " \"\nseed: 1"
    let shown = complaints(text.replacing("name: ", with: "report: {}, name: "))
    #expect(shown.split(separator: "\n").allSatisfy { $0.utf8.count < 250 })
    let far = complaints(
      "# x\n{weir: 1, name: \"" + String(repeating: "b", count: 300) + "\", seed: x}")
    #expect(far.contains("   2 | ...bbbb"))
    let lines = far.split(separator: "\n").map { Array($0) }
    let caret = lines.last?.firstIndex(of: "^") ?? 0
    #expect(lines[lines.count - 2][caret] == "x")
  }

  @Test func `many secrets in one line are masked in good time`() {
    let pairs = (0..<5_000).map { "password\($0): hunter\($0)" }.joined(separator: ", ")
    let shown = complaints("# x\nweir: 1\nbackbone: {security: {\(pairs)}}\n")
    #expect(shown.contains("unknown key 'password0'") && !shown.contains("hunter"))
  }

  @Test func `nearest names answer whatever is within two letters`() {
    #expect(nearestName(to: "rat", in: ["shape", "rate"]) == "rate")
    #expect(nearestName(to: "craxh", in: ["crash", "clash"]) == "crash")
    #expect(nearestName(to: "checkpiont_intreval", in: ["checkpoint_interval"]) != nil)
    #expect(nearestName(to: "xyz", in: ["rate", "seed"]) == nil)
  }
}
