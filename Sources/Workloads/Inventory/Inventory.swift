import Model
import Queries
import Scenarios

/// A shop that promises stock while its customers pay. See `docs/workloads/inventory.md`.
let inventory = WorkloadKind(
  name: "inventory", domain: "ecommerce",
  summary: "Stock is reserved, confirmed, shipped or let go; payments are captured once or not.",
  queries: [
    WorkloadQuery(
      name: "stock", summary: "Which reservations fit, how each ended, what each count found."),
    WorkloadQuery(
      name: "outcome", summary: "What each order was charged, and whether it is what it owes."),
    WorkloadQuery(
      name: "uncaptured", summary: "Confirmed orders whose payment nobody captured in time."),
  ],
  defaultSources: 8, parameters: inventoryParameters, make: makeInventory)

private let inventoryParameters = [
  WorkloadParameter(
    name: "skus", defaultValue: .count(3_774), minimum: .count(64), maximum: .count(2_600_000),
    unit: "SKUs", meaning: "Goods of the shop, each at one warehouse; 16 for each source or more.",
    origin: "measured"),
  duration(
    "ttl", 600 * .second, .second...4 * 3_600 * .second,
    "Life of a reservation that nobody confirms."),
  duration(
    "block", 2_400 * .second, 600 * .second...24 * 3_600 * .second,
    "From one count of a key to the next; at least twice ttl and five minutes."),
  WorkloadParameter(
    name: "stock_cover", defaultValue: .count(100), minimum: .count(1), maximum: .count(1_000),
    unit: "per cent", meaning: "Scales what a count finds.", origin: "assumed"),
  WorkloadParameter(
    name: "hot_sku", defaultValue: .ratio(.zero), minimum: .ratio(.zero), maximum: .ratio(.one),
    unit: "ratio", meaning: "Orders that ask for the one best-selling key on sale.",
    origin: "assumed"),
  WorkloadParameter(
    name: "double_charge", defaultValue: .count(0), minimum: .count(0), maximum: .count(1_000_000),
    unit: "per million",
    meaning: "Orders of a million that the shop charges twice, which the query must report.",
    origin: "assumed"),
  duration(
    "marker_interval", 100 * .millisecond, 10 * .millisecond...60 * .second,
    "How often a thin source says that it is alive."),
]

/// The parameters as numbers; durations in milliseconds.
struct InventorySettings: Hashable, Sendable {
  var skus: Int
  var ttl: Int
  var block: Int
  /// Per cent.
  var stockCover: Int
  var hotSku: Ratio
  /// Of a million.
  var doubleCharge: Int
  var markerInterval: Int

  /// A word below this makes an order ask for the best-selling key.
  var hotThreshold: UInt64 {
    hotSku.value >= 1 ? .max : UInt64(hotSku.value * 18_446_744_073_709_551_616)
  }

  init(_ choice: WorkloadChoice) throws(Problems) {
    let values = ParameterValues(choice, declared: inventoryParameters)
    func millis(_ name: String) throws(Problems) -> Int {
      let duration = try values.duration(name)
      if duration % .millisecond != 0 {
        throw refusal("the parameter \(name) of inventory is not a whole number of milliseconds")
      }
      return Int(duration / .millisecond)
    }
    skus = Int(try values.count("skus"))
    ttl = try millis("ttl")
    block = try millis("block")
    stockCover = Int(try values.count("stock_cover"))
    hotSku = try values.ratio("hot_sku")
    doubleCharge = Int(try values.count("double_charge"))
    markerInterval = try millis("marker_interval")
    if block < 2 * (ttl + 300_000) {
      throw refusal(
        "a block of inventory is shorter than twice ttl and five minutes: orders would be open"
          + " when their goods are counted", hint: "take a longer block or a shorter ttl")
    }
    if choice.sources > ShopCatalogue.mostShards {
      throw refusal("inventory has at most \(ShopCatalogue.mostShards) sources")
    }
    if skus < 16 * choice.sources {
      throw refusal(
        "inventory has \(skus) SKUs for \(choice.sources) sources: each needs 16",
        hint: "take more skus or fewer sources")
    }
  }
}

@Sendable private func makeInventory(
  _ choice: WorkloadChoice, _ load: LoadShape, _ seed: UInt64
) throws(Problems) -> Workload {
  let rate = try constantRate(load, choice)
  let settings = try InventorySettings(choice)
  guard let (plan, read) = inventoryPlan(query: choice.query) else {
    throw refusal(
      "the workload inventory has no query \(choice.query)",
      hint: "take stock, outcome or uncaptured")
  }
  let shards = choice.sources
  let source = try InventorySource(
    seed: seed, settings: settings, shards: shards, rate: rate, start: choice.start,
    partitions: choice.partitions)
  let laneStream = InventoryStream.allCases.flatMap { stream in
    // What the gateway says again is part of the stream of charges.
    let number = read.firstIndex(of: stream == .again ? .charges : stream)
    return [Int?](repeating: number, count: shards)
  }
  let again = InventoryStream.again.rawValue * shards
  return Workload(
    kind: choice.kind, source: source, streams: read.map(\.definition), laneStream: laneStream,
    eventNoun: choice.query == "stock" ? "bookings and moves" : "order and payment events",
    resultNoun: choice.query == "stock" ? "stock rows" : choice.query, plan: plan,
    lateLanes: Set(again..<again + shards),
    contracts: inventoryContracts(skus: settings.skus, warehouses: source.warehouses))
}

extension InventoryStream {
  var definition: WorkloadStream {
    switch self {
    case .receipts: InventorySchemas.receipts
    case .reservations: InventorySchemas.reservations
    case .charges, .again: InventorySchemas.charges
    case .orders: InventorySchemas.orders
    }
  }
}
