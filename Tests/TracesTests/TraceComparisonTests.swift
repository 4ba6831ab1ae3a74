import Bytes
import Model
import Testing
import Traces

@Suite struct TraceComparisonTests {
  private let schema = """
    {"type":"record","name":"sample","fields":[{"name":"amount","type":"long"},
      {"name":"size","type":["null","double"]},{"name":"name","type":"string"}]}
    """

  /// What a trace of the comparison is made with.
  private struct Recipe {
    /// Milliseconds between events, by turns.
    var steps: [Int] = [10, 0, 40, 250]
    var keys = 50
    var amount = 100
    var spread = 900
    var late = 0
    var delay: Int?
  }

  private func trace(_ recipe: Recipe) throws -> String {
    var draws = TestDraws(6)
    var time = 1_700_000_000_000
    let events = (0..<3_000).map { index in
      time += recipe.steps[draws.below(recipe.steps.count)]
      let isLate = recipe.late > 0 && draws.below(1_000) < recipe.late
      let at = Int64(isLate ? time - 5_000 : time) * 1_000_000
      var writer = ByteWriter()
      writer.byte(0)
      writer.word32(UInt32(7).byteSwapped)
      writer.signed(Int64(recipe.amount + draws.below(recipe.spread)))
      writer.signed(1)
      writer.word(Double(1 + draws.below(30)).bitPattern)
      writer.signed(0)
      return TestEvent(
        sequence: UInt64(index), eventTime: at,
        arrival: recipe.delay.map { at + Int64($0 * (1 + draws.below(20))) * 1_000_000 },
        key: Array("k\(draws.below(recipe.keys))".utf8), value: writer.array())
    }
    return try writeTrace(events, "compared.trace", schema: TraceSchema(id: 7, json: schema))
  }

  private func failing(_ change: (inout Recipe) -> Void) throws -> [String] {
    var base = Recipe()
    base.late = 20
    base.delay = 100
    var other = base
    change(&other)
    let paths = [try trace(base), try trace(other)]
    defer { paths.forEach(remove) }
    let comparison = try compareTraces(paths[0], paths[1])
    #expect(comparison.gates.count == 13)
    #expect(comparison.passes == comparison.gates.allSatisfy(\.passes))
    return comparison.gates.filter { !$0.passes }.map(\.statistic)
  }

  @Test func `a trace passes against itself`() throws {
    #expect(try failing { _ in } == [])
  }

  @Test func `each gate fails on what it looks at, and passes on a little of it`() throws {
    #expect(try failing { $0.late = 22 } == [])
    #expect(try failing { $0.late = 60 } == ["out of order"])
    #expect(try failing { $0.keys = 45 } == [])
    #expect(try failing { $0.keys = 20 } == ["top key", "top 1 % of keys"])
    #expect(try failing { $0.delay = 140 } == [])
    #expect(
      try failing { $0.delay = 160 } == ["delay p50, ms", "delay p90, ms", "delay p99, ms"])
    #expect(try failing { $0.spread = 950 } == [])
    #expect(try failing { $0.spread = 500 } == ["amount log-sd"])
    #expect(try failing { $0.amount = 2_000 }.contains("amount log-mean"))
    #expect(try failing { $0.steps = [10, 40, 250, 0, 0, 0, 0] }.contains("same stamp"))
    #expect(
      try failing { $0.steps = [10, 0, 40, 250] + [Int](repeating: 0, count: 40) + [3_000] }
        .contains("dispersion 1 s"))
    #expect(try failing { $0.delay = nil }.count == 3)
  }

  @Test func `the table says what is allowed`() {
    let comparison = TraceComparison(gates: [
      .init(
        statistic: "dispersion 1 s", real: 1.94, synthetic: 1.71, allowed: 0.97...3.88,
        isShare: false),
      .init(
        statistic: "same stamp", real: 0.44, synthetic: 0.554, allowed: 0.34...0.54,
        isShare: true),
    ])
    #expect(
      comparison.text == """
        statistic                  real   synthetic    allowed             result
        dispersion 1 s             1.94        1.71    0.970 to 3.88       pass
        same stamp               44.0 %      55.4 %    34.0 to 54.0 %      FAIL
        1 of 2 gates pass.
        """)
  }

  @Test func `a field that is not there is refused by name`() throws {
    let path = try trace(Recipe())
    defer { remove(path) }
    #expect(throws: TraceError.self) { try compareTraces(path, path, fields: ["nope"]) }
    let one = try compareTraces(path, path, fields: ["size"])
    #expect(one.gates.suffix(2).map(\.statistic) == ["size log-mean", "size log-sd"])
  }
}
