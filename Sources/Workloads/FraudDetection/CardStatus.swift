import Model
import Queries
import Scenarios
import Schemas

/// The stream `card_status`: cards that are lost or stolen, or get another limit. It is made of the
/// kernels that workload files are made of; `scenarios/finance/card-status.workload.yaml` says the
/// same.
enum CardStatus {
  static let schemaID: UInt32 = 20_001
  static let symbols = ["ACTIVE", "LOST", "STOLEN", "HEARTBEAT"]
  static let heartbeat: Int64 = 3
  /// Requests for each event of the stream.
  static let requestsPerEvent = 5_000.0

  private static let schema = AvroSchema(
    name: "CardStatus", namespace: "weir.finance.fraud",
    fields: [
      AvroField(name: "source", type: .int), AvroField(name: "sequence", type: .long),
      AvroField(name: "event_time", type: .timestampMillis), AvroField(name: "card", type: .long),
      AvroField(name: "status", type: .enumeration(name: "Status", symbols: symbols)),
      AvroField(name: "limit_minor", type: .long),
    ])

  /// The stream as kernels; cards are member 0 of the populations.
  static let stream = FileStream(
    name: "card_status", schema: schema, schemaJSON: schema.json, schemaID: schemaID, timeField: 2,
    keyField: 3, share: 1, arrivals: .random,
    delay: Spread(median: 35 * .millisecond, p99: 100 * .millisecond),
    markers: FileStream.Markers(field: 4, symbol: heartbeat, every: 100 * .millisecond),
    kernels: [
      FieldKernel(kernel: .time(offset: 0), nulls: 0),
      FieldKernel(
        kernel: .token(
          of: 0, bits: 50, from: 4_000_000_000_000_000,
          draws: TokenDraws(component: "finance.fraud", purpose: "token")),
        nulls: 0),
      FieldKernel(kernel: .choice([0, 1, 2], weights: [70, 20, 10]), nulls: 0),
      FieldKernel(
        kernel: .choice([100_000, 250_000, 500_000, 1_000_000], weights: [1, 1, 1, 1]), nulls: 0),
    ])

  /// The lanes of the stream, generated.
  static func generated(
    seed: UInt64, cards: UInt64, firstLane: Int, lanes: Int, perSecond: Double,
    startMillis: Int64, columns: [ColumnSource], partitions: Int
  ) -> KernelStream {
    let population = Population(name: "cards", count: cards, exponent: 0, shift: 0)
    return KernelStream(
      stream, populations: [MemberDraw(population, seed: seed)], seed: seed,
      firstLane: firstLane, lanes: lanes, perSecond: perSecond, startMillis: startMillis,
      columns: columns, partitions: partitions)
  }
}
