import Model
import Queries

/// What the plans read of receipts (the first five) and reservations.
enum InventoryColumn {
  static let sku = 0
  static let warehouse = 1
  static let kind = 2
  static let quantity = 3
  static let id = 4
  static let reservation = 5
  static let ttl = 6

  static let receipts: [ColumnSource] = [
    .text("sku"), .text("warehouse"), .field("kind"), .field("quantity"), .field("booking"),
  ]
  static let reservations: [ColumnSource] = [
    .text("sku"), .text("warehouse"), .field("kind"), .field("quantity"), .field("move"),
    .field("reservation"), .field("ttl_ms"),
  ]

  static func count(of stream: InventoryStream) -> Int {
    switch stream {
    case .receipts: receipts.count
    case .reservations: reservations.count
    case .charges, .again: ChargeColumn.sources.count
    case .orders: OrderColumn.sources.count
    }
  }
}

enum ChargeColumn {
  static let order = 0
  static let kind = 1
  static let amount = 2
  static let payment = 3
  static let sources: [ColumnSource] = [
    .field("order"), .field("kind"), .field("amount_minor"), .textDigest("payment_id"),
  ]
}

enum OrderColumn {
  static let order = 0
  static let kind = 1
  static let total = 2
  static let sources: [ColumnSource] = [.field("order"), .field("kind"), .field("total_minor")]
}

/// The plan of a query and the streams that it reads, nil when there is none of that name.
func inventoryPlan(query: String) -> (plan: Plan, streams: [InventoryStream])? {
  switch query {
  case "stock": (stockPlan, [.receipts, .reservations])
  case "outcome": (outcomePlan, [.orders, .charges])
  case "uncaptured": (uncapturedPlan, [.orders, .charges])
  default: nil
  }
}

private func input(
  _ stream: WorkloadStream, _ columns: [ColumnSource], kind: Int, marker: UInt8
) -> PlanInput {
  PlanInput(
    stream: stream.name, columns: columns, isMarker: .equal(.column(kind), Int64(marker)))
}

private func columns(_ numbers: Int...) -> [Expression] { numbers.map { .column($0) } }

private let stockPlan = Plan(
  name: "stock",
  inputs: [
    input(
      InventorySchemas.receipts, InventoryColumn.receipts, kind: InventoryColumn.kind,
      marker: BookingKind.heartbeat.rawValue),
    input(
      InventorySchemas.reservations, InventoryColumn.reservations, kind: InventoryColumn.kind,
      marker: MoveKind.heartbeat.rawValue),
  ],
  watermarkDelay: 300 * .millisecond,
  operators: [
    .input(0),
    .input(1),
    .select(0, columns(0, 1, 2, 3, 4) + [.null, .null]),
    .select(
      1,
      columns(0, 1) + [.add(.column(InventoryColumn.kind), .constant(StockLedger.moves))]
        + columns(3, 4, 5, 6)),
    .union([2, 3]),
    .process(
      4, key: [InventoryColumn.sku, InventoryColumn.warehouse],
      .stockLedger(
        StockLedger(
          kind: InventoryColumn.kind, quantity: InventoryColumn.quantity, id: InventoryColumn.id,
          reservation: InventoryColumn.reservation, ttl: InventoryColumn.ttl))),
  ],
  keyColumns: [0, 1], valueColumns: [2, 3, 4],
  labels: [
    ResultLabel("row", .names(["count", "decision", "end", "misfit"])), ResultLabel("id"),
    ResultLabel("first"), ResultLabel("second"), ResultLabel("third"),
  ])

private let paymentInputs = [
  input(
    InventorySchemas.orders, OrderColumn.sources, kind: OrderColumn.kind,
    marker: OrderState.heartbeat.rawValue),
  input(
    InventorySchemas.charges, ChargeColumn.sources, kind: ChargeColumn.kind,
    marker: ChargeKind.heartbeat.rawValue),
]

private let outcomePlan = Plan(
  name: "outcome", inputs: paymentInputs, watermarkDelay: 6 * .second, emission: .corrections,
  operators: [
    .input(0),
    .input(1),
    .deduplicate(1, by: [ChargeColumn.payment, ChargeColumn.kind], horizon: 1_800 * .second),
    .select(
      2,
      [
        .column(ChargeColumn.order),
        .add(.column(ChargeColumn.kind), .constant(ChargeKeeper.charges)),
        .column(ChargeColumn.amount),
      ]),
    .union([0, 3]),
    .process(4, key: [0], .chargeKeeper(ChargeKeeper(kind: 1, amount: 2, pass: [0]))),
  ],
  keyColumns: [0], valueColumns: [1, 2, 3, 4, 5],
  labels: [
    ResultLabel("order"),
    ResultLabel("state", .names(["PLACED", "CONFIRMED", "CANCELLED", "REJECTED"])),
    ResultLabel("captures"), ResultLabel("captured"), ResultLabel("refunded"),
    ResultLabel("verdict", .names(["OK", "UNDERCHARGED", "OVERCHARGED"])),
  ])

private let uncapturedPlan = Plan(
  name: "uncaptured", inputs: paymentInputs, watermarkDelay: 6 * .second,
  operators: [
    .input(0),
    .input(1),
    .select(0, columns(0, 1) + [.time]),
    .select(
      1, [.column(0), .add(.column(1), .constant(ChargeKeeper.charges)), .time]),
    .union([2, 3]),
    .match(
      4, key: [0],
      Match(
        steps: [.equal(.column(1), Int64(OrderState.confirmed.rawValue))], within: .millisecond,
        contiguity: .relaxed,
        absence: MissingRow(
          .equal(.column(1), ChargeKeeper.charges + Int64(ChargeKind.captured.rawValue)),
          within: 300 * .second, sameInstant: true),
        measures: [Measure(step: 0, column: 2)])),
  ],
  keyColumns: [0], valueColumns: [1],
  labels: [ResultLabel("order"), ResultLabel("confirmed_at", .time)])
