import Bytes
import Draws
import Foundation
import Model
import Queries
import Scenarios
import Schemas
import Testing

@testable import Workloads

private let shop = """
  # A small shop.
  weir-workload: 1
  name: shop
  sources: 2
  populations:
    customers: {count: 500, exponent: 1.1, shift: 3}
    skus: {count: 100k, exponent: 1.2}
  streams:
    orders:
      schema: '{"type":"record","name":"O","fields":[
        {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
        {"name":"id","type":"long"},{"name":"customer","type":"long"},
        {"name":"amount","type":"int"},
        {"name":"status","type":{"type":"enum","name":"S","symbols":["PAID","OPEN","BEAT"]}},
        {"name":"country","type":"string"},{"name":"token","type":"string"},
        {"name":"weight","type":["null","double"]},{"name":"gift","type":"boolean"}]}'
      event_time: at
      key: customer
      arrivals: {kind: bursty, rate: 12/s, dispersion: {1s: 1.9, 10s: 7.4}}
      markers: {field: status, symbol: BEAT, every: 250ms}
      fields:
        id: {kernel: counter, from: 1000}
        customer: {kernel: member, of: customers}
        amount: {kernel: lognormal, median: 30, sigma: 1.2, from: 1, to: 100000}
        status: {kernel: choice, values: [PAID, OPEN], weights: [9, 1]}
        country: {kernel: attribute, of: customer, draw: {kernel: choice, values: [DE, FR, NL]}}
        token: {kernel: letters, length: 22}
        weight: {kernel: normal, mean: 2.5, deviation: 0.5, nulls: 20%}
        gift: {kernel: choice, values: [true, false]}
    clicks:
      schema: '{"type":"record","name":"C","fields":[{"name":"at","type":"long"},
        {"name":"sku","type":"long"}]}'
      event_time: at
      share: 5
      arrivals: {kind: even}
      fields: {sku: {kernel: member, of: skus}}
  queries:
    by_country:
      steps:
        - read: orders
        - filter: "amount >= 10 and (status = 'PAID' or country in ('DE', 'NL'))"
        - tumbling: {key: [customer], size: 2s, aggregates: {n: count, land: first(country)}}
      key: [customer, start]
      value: [n, land]
  """

private func make(_ query: String, seed: UInt64 = 1, partitions: Int = 2) throws -> Workload {
  let file = try parseWorkloadFile(Array(shop.utf8), file: "shop")
  return try workloadKind(file, name: "shop").make(
    WorkloadChoice(
      kind: "shop", query: query, sources: 2, start: start, partitions: partitions),
    .constant(Rate(count: 400, per: .second)), seed)
}

private func problems(_ text: String) -> [String] {
  do throws(Problems) {
    _ = try parseWorkloadFile(Array(text.utf8), file: "f")
    return []
  } catch {
    return error.list.map { "\($0.line ?? 0): \($0.message)" }
  }
}

@Suite struct WorkloadFileTests {
  @Test func `events decode to the columns that the block says`() throws {
    let workload = try make("by_country")
    #expect(workload.laneStream == [0, 0, nil, nil])
    let input = workload.plan.input
    let reader = try ColumnReader(
      schema: try AvroSchema.parse(workload.schema), schemaID: workload.schemaID,
      columns: input.columns, eventTime: input.eventTime)
    for event in events(workload.source, blocks: 0..<3, lanes: 0..<2) {
      var columns = [Int64](repeating: 0, count: reader.columnCount)
      var nulls: UInt32 = 0
      let header = try event.value.withUnsafeBytes {
        try reader.read($0, into: &columns, nulls: &nulls)
      }
      #expect(columns == event.columns && nulls == event.nulls)
      #expect(header.eventTime == event.eventTime && header.sequence == event.sequence)
    }
  }

  @Test func `any block alone has the same bytes, and another seed has others`() throws {
    let (one, other) = (try make("copy").source, try make("copy").source)
    let forward = (0..<4).map { lane in events(one.block(5, of: lane)!) }
    let backward = (0..<4).reversed().map { lane in events(other.block(5, of: lane)!) }
    #expect(forward == Array(backward.reversed()))
    #expect(try make("copy", seed: 2).source.block(5, of: 0).map(events) != forward[0])
    let far = try #require(one.block(1 << 30, of: 2))
    #expect(far.count > 500 && far.baseSequence == UInt64(1) << 50)
  }

  @Test func `sends never fall within a source and never come before the block`() throws {
    let source = try make("copy").source
    for lane in 0..<4 {
      var last = Int64.min
      for index in 0..<6 {
        let block = try #require(source.block(index, of: lane))
        for i in 0..<block.count {
          #expect(block.intendedAt[i] >= last)
          #expect(block.intendedAt[i] >= source.earliestSend(block: index, of: lane).ns)
          #expect(block.eventTime[i] >= source.eventTimeFloor(block: index, of: lane))
          last = block.intendedAt[i]
        }
      }
    }
  }

  @Test func `markers reach every partition in every interval`() throws {
    let source = try make("copy", partitions: 3).source
    let block = try #require(source.block(2, of: 0))
    var groups: [[UInt64]] = []
    for i in 0..<block.count where block.keyLength[i] == RecordEntry.markerKey {
      let sequence = block.baseSequence + UInt64(i)
      if let last = groups.last?.last, last + 1 == sequence, groups[groups.count - 1].count < 3 {
        groups[groups.count - 1].append(sequence)
      } else {
        groups.append([sequence])
      }
    }
    #expect(groups.count == 4)
    for group in groups { #expect(Set(group.map { $0 % 3 }) == [0, 1, 2]) }
  }

  @Test func `kernels give what they say`() throws {
    let workload = try make("by_country")
    let columns = workload.plan.input.columns
    let orders = events(workload.source, blocks: 0..<20, lanes: 0..<2).filter { !$0.key.isEmpty }
    func column(_ name: String) throws -> [Int64] {
      let index = try #require(columns.firstIndex { $0 == .field(name) || $0 == .text(name) })
      return orders.map { $0.columns[index] }
    }
    let count = Double(orders.count)
    #expect(count > 6_000)
    #expect(Set(try column("id")).count == orders.count)
    #expect(try column("amount").allSatisfy { $0 >= 1 && $0 <= 100_000 })
    let median = try column("amount").sorted()[orders.count / 2]
    #expect(median >= 28 && median <= 32)
    let paid = Double(try column("status").count { $0 == 0 }) / count
    #expect(abs(paid - 0.9) < 0.02)
    var lands: [Int64: Set<Int64>] = [:]
    for (customer, land) in zip(try column("customer"), try column("country")) {
      lands[customer, default: []].insert(land)
    }
    #expect(lands.values.allSatisfy { $0.count == 1 } && lands.count > 300)
    #expect(Set(lands.values.flatMap { $0 }).count == 3)
  }

  @Test func `members are met as Zipf and Mandelbrot say, by table and by formula`() {
    for count in [60_000, 70_000] as [UInt64] {
      let draw = MemberDraw(
        Population(name: "p", count: count, exponent: 1.1, shift: 3), seed: 1)
      let words = DrawFamily(seed: 2, component: "test", purpose: "members").stream(0)
      var seen: [UInt64: Int] = [:]
      for i in 0..<40_000 as Range<UInt64> { seen[draw.sample(words.word(i)), default: 0] += 1 }
      var weights = 0.0
      for rank in 1...count { weights += portableExp(-1.1 * portableLog(Double(rank) + 3)) }
      let top = portableExp(-1.1 * portableLog(4)) / weights * 40_000
      let found = Double(seen.values.max() ?? 0)
      #expect(found > top * 0.85 && found < top * 1.2)
      #expect(seen.keys.allSatisfy { $0 < count })
    }
  }

  @Test func `the stream card_status is the same from Swift and from its file`() throws {
    let path = "scenarios/finance/card-status.workload.yaml"
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let bytes = Array(try Data(contentsOf: root.appending(path: path)))
    let file = try parseWorkloadFile(bytes, file: path)
    let choice = WorkloadChoice(
      kind: "f", query: "copy", sources: 4, start: start, partitions: 2)
    let read = try workloadKind(file, name: "f").make(
      choice, .constant(Rate(count: 50, per: .second)), 7)
    let swift = CardStatus.generated(
      seed: 7, cards: 10_000_000, firstLane: 0, lanes: 4, perSecond: 50,
      startMillis: floorMillis(start), columns: read.plan.input.columns, partitions: 2)
    for lane in 0..<4 {
      for index in [0, 3, 1 << 30] {
        let block = try #require(read.source.block(index, of: lane))
        #expect(events(block) == events(swift.block(index, lane: lane)) && block.count > 0)
      }
    }
  }

  @Test func `a draft from a schema is a workload file`() throws {
    let schema = try AvroSchema.parse(
      """
      {"type":"record","name":"Order","fields":[
      {"name":"when","type":{"type":"long","logicalType":"timestamp-micros"}},
      {"name":"who","type":"string"},{"name":"n","type":["null","int"]},{"name":"x","type":"float"},
      {"name":"raw","type":"bytes"},{"name":"id","type":{"type":"fixed","name":"I","size":16}},
      {"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}}]}
      """)
    let draft = try WorkloadDraft(schema: schema, name: "My Orders")
    let file = try parseWorkloadFile(Array(draft.text.utf8), file: "draft")
    #expect(file.name == "my-orders" && draft.fieldCount == 7)
    let samples = try sampleStreams(of: file, events: 300)
    #expect(samples.map(\.events) == [300])
    #expect(try AvroSchema.parse(file.streams[0].schemaJSON) == file.streams[0].schema)
  }
}

/// Mistakes, each told with its place.
@Suite struct WorkloadFileMistakes {
  @Test func `the model itself has none`() { #expect(problems(shop) == []) }

  @Test(arguments: [
    ("weir-workload: 1", "weir-workload: 2", "'2' is no version"),
    ("name: shop", "name: My Shop", "is no name"),
    ("key: customer", "key: custmer", "no field 'custmer'"),
    ("event_time: at\n    key", "event_time: status\n    key", "is no timestamp"),
    ("kernel: member, of: customers", "kernel: membr, of: customers", "no such choice: 'membr'"),
    ("kernel: member, of: customers", "kernel: member, of: people", "no such choice: 'people'"),
    ("from: 1, to: 100000", "from: 9, to: 1", "from is above to"),
    ("from: 1, to: 100000", "from: 1, to: 99999999999", "does not fit the field"),
    ("values: [PAID, OPEN]", "values: [PAID, OPNE]", "no such choice: 'OPNE'"),
    ("weights: [9, 1]", "weights: [9]", "do not fit together"),
    ("nulls: 20%", "nulls: 120%", "above 1"),
    ("kernel: letters, length: 22", "kernel: uniform, from: 1, to: 2", "fills numbers alone"),
    ("length: 22", "length: 22, mean: 3", "means nothing for the kernel letters"),
    ("dispersion: {1s: 1.9", "dispersion: {1ms: 1.9", "a window of 1ms"),
    ("every: 250ms", "every: 20ms", "from 100ms are wanted"),
    ("- read: orders", "- read: order", "no such choice: 'order'"),
    ("amount >= 10", "amuont >= 10", "no column 'amuont'"),
    ("'PAID' or", "'PAYED' or", "is none of its names"),
    ("amount >= 10", "amount >= 'x'", "compared with a number"),
    ("first(country)", "frist(country)", "no aggregate 'frist'"),
    ("first(country)", "first(land)", "no column 'land'"),
    ("value: [n, land]", "value: [n, lnd]", "no column 'lnd'"),
    ("- filter", "- fitler", "unknown key 'fitler'"),
  ])
  func `one change, one message`(from: String, to: String, message: String) {
    #expect(shop.contains(from))
    let found = problems(
      shop.replacingOccurrences(of: from, with: to, range: shop.range(of: from)))
    #expect(found.count == 1 && found.first?.contains(message) == true, "\(found)")
  }

  @Test func `random damage is refused or read, and never more`() {
    let dice = DrawFamily(seed: 5, component: "test", purpose: "damage").stream(0)
    let text = Array(shop.utf8)
    for round in 0..<300 as Range<UInt64> {
      var bytes = text
      for change in 0..<3 as Range<UInt64> {
        let word = dice.word(round * 8 + change)
        let place = Int(word >> 8) % bytes.count
        switch word & 3 {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: word >> 40)
        case 1: bytes.remove(at: place)
        case 2: bytes.removeSubrange(place..<min(place + 20, bytes.count))
        default: bytes.insert(UInt8(truncatingIfNeeded: word >> 40) & 127, at: place)
        }
      }
      do throws(Problems) {
        let file = try parseWorkloadFile(bytes, file: "damaged")
        #expect(!file.streams.isEmpty)
      } catch {
        #expect(!error.list.isEmpty)
      }
    }
  }
}

/// Expressions as text.
@Suite struct ExpressionTextTests {
  private static let columns = [
    NamedColumn(name: "a", kind: .number), NamedColumn(name: "e", kind: .names(["X", "Y"])),
    NamedColumn(name: "t", kind: .text), NamedColumn(name: "d", kind: .digest),
  ]

  @Test func `operators bind as they should`() throws {
    func condition(_ text: String) throws -> Queries.Predicate {
      try ExpressionText.condition(text, Self.columns)
    }
    let a = Queries.Expression.column(0)
    #expect(
      try condition("a = 1 or a = 2 and not a < 3")
        == .or([.equal(a, 1), .and([.equal(a, 2), .not(.less(a, .constant(3)))])]))
    #expect(
      try condition("a + 2 * 3 >= -4")
        == .atLeast(.add(a, .multiply(.constant(2), .constant(3))), -4))
    #expect(
      try condition("(a = 1 or a = 2) and e = 'Y'")
        == .and([.or([.equal(a, 1), .equal(a, 2)]), .equal(.column(1), 1)]))
    #expect(
      try condition("(a + 1) div 2 != 3")
        == .not(.equal(.divide(.add(a, .constant(1)), .constant(2), .floor), 3)))
    #expect(try condition("t is not null") == .not(.isNull(.column(2))))
    #expect(try condition("t in ('DE')") == .among(.column(2), [packedText("DE")!]))
  }

  @Test(arguments: [
    "", "a", "a =", "= 1", "a = 1 b", "a = 'x'", "e = 'Z'", "t = 'longer than seven'", "a in ()",
    "a in (t)", "(a = 1", "a = 1)", "a is 3", "'x' + 1 = 2", "e + 1 = 2", "a & 1", "a = 'x",
    "a = 99999999999999999999", "not", "b = 1",
  ])
  func `what is no condition is refused`(text: String) {
    #expect(throws: ExpressionRefusal.self) {
      try ExpressionText.condition(text, Self.columns)
    }
  }

  @Test func `deep nesting is refused before the stack ends`() {
    let deep = String(repeating: "(", count: 5_000) + "a" + String(repeating: ")", count: 5_000)
    #expect(throws: ExpressionRefusal.self) {
      try ExpressionText.value(deep, Self.columns)
    }
    let nots = String(repeating: "not ", count: 5_000) + "a = 1"
    #expect(throws: ExpressionRefusal.self) {
      try ExpressionText.condition(nots, Self.columns)
    }
  }
}
