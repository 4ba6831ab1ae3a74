import Bytes
import Queries

/// Contracts of a shop's streams for a catalogue.
func inventoryContracts(skus: Int, warehouses: [Int64]) -> [StreamContract] {
  // Names are a letter and five digits, in the order of their numbers: those behind the last one
  // are not sold.
  let names = packed(ShopCatalogue.name(0), 6)...packed(ShopCatalogue.name(UInt64(skus - 1)), 6)
  return [
    receiptContract(names, warehouses), moveContract(names, warehouses), chargeContract(),
    orderContract(),
  ]
}

private func reference(_ names: ClosedRange<Int64>, _ warehouses: [Int64]) -> [ValidityRule] {
  [
    ValidityRule(
      .reference, "sku", [.text("sku")],
      .and([.atLeast(.column(0), names.lowerBound), .atMost(.column(0), names.upperBound)])),
    ValidityRule(
      .reference, "warehouse", [.text("warehouse")], .among(.column(0), warehouses)),
  ]
}

/// A quantity of nothing says something only of nothing.
private func nothing(status: UInt8) -> ValidityRule {
  ValidityRule(
    .rule, "quantity 0 outside STATUS", [.field("kind"), .field("quantity")],
    .or([.equal(.column(0), Int64(status)), .not(.equal(.column(1), 0))]))
}

private func receiptContract(
  _ names: ClosedRange<Int64>, _ warehouses: [Int64]
) -> StreamContract {
  let schema = InventorySchemas.receipts.schema
  let symbols = #""symbols": ["COUNT", "RECEIPT", "ADJUSTMENT", "STATUS", "HEARTBEAT""#
  return StreamContract(
    stream: "receipts", schema: schema,
    changes: [
      SchemaChange(
        .compatible, "dock is added with a default",
        schema.addingField(#"{"name": "dock", "type": ["null", "string"], "default": null}"#)),
      SchemaChange(
        .backwardOnly, "kind gains TRANSFER, and STATUS for what a later reader does not know",
        schema.replacingOnce(
          symbols + "]", symbols + #", "TRANSFER"], "default": "STATUS""#)),
      SchemaChange(
        .forwardOnly, "lot is added without a default",
        schema.addingField(#"{"name": "lot", "type": "string"}"#)),
    ],
    rules: [.range("quantity", -1_000_000...1_000_000)] + reference(names, warehouses) + [
      ValidityRule(
        .rule, "COUNT below 0", [.field("kind"), .field("quantity")],
        .or([
          .not(.equal(.column(0), Int64(BookingKind.count.rawValue))), .atLeast(.column(1), 0),
        ])),
      nothing(status: BookingKind.status.rawValue),
    ])
}

private func moveContract(_ names: ClosedRange<Int64>, _ warehouses: [Int64]) -> StreamContract {
  let schema = InventorySchemas.reservations.schema
  let kind = ColumnSource.field("kind")
  return StreamContract(
    stream: "reservations", schema: schema,
    changes: [
      SchemaChange(
        .compatible, "store is added with a default",
        schema.addingField(#"{"name": "store", "type": ["null", "string"], "default": null}"#)),
      SchemaChange(
        .backwardOnly, "quantity becomes a long",
        schema.replacingOnce(
          #"{"name": "quantity", "type": "int"}"#, #"{"name": "quantity", "type": "long"}"#)),
      SchemaChange(
        .breaking, "reservation becomes hold_id without an alias",
        schema.replacingOnce(#""reservation", "type""#, #""hold_id", "type""#)),
    ],
    rules: [
      ValidityRule(
        .missingField, "ttl_ms", [kind, .field("ttl_ms")],
        .or([
          .not(.equal(.column(0), Int64(MoveKind.reserve.rawValue))), .not(.isNull(.column(1))),
        ])),
      .range("quantity", 0...10_000),
      .range("ttl_ms", 1_000...14_400_000),
    ] + reference(names, warehouses) + [nothing(status: MoveKind.status.rawValue)])
}

private func chargeContract() -> StreamContract {
  let schema = InventorySchemas.charges.schema
  return StreamContract(
    stream: "charges", schema: schema,
    changes: [
      SchemaChange(
        .compatible, "fee_minor is added with a default",
        schema.addingField(#"{"name": "fee_minor", "type": "long", "default": 0}"#)),
      SchemaChange(
        .forwardOnly, "amount_minor becomes an int",
        schema.replacingOnce(
          #"{"name": "amount_minor", "type": "long"}"#,
          #"{"name": "amount_minor", "type": "int"}"#)),
    ],
    rules: [
      .range("amount_minor", 0...1_000_000_000_000), .range("attempt", 1...1_000),
      ValidityRule(
        .reference, "currency", [.text("currency")],
        .among(.column(0), [packed(InventoryEncoder.sterling, 3)])),
    ])
}

private func orderContract() -> StreamContract {
  let schema = InventorySchemas.orders.schema
  return StreamContract(
    stream: "orders", schema: schema,
    changes: [
      SchemaChange(
        .compatible, "promo is added with a default",
        schema.addingField(#"{"name": "promo", "type": ["null", "string"], "default": null}"#)),
      SchemaChange(
        .backwardOnly, "total_minor becomes amount_minor with an alias",
        schema.replacingOnce(
          #"{"name": "total_minor", "type": "long"}"#,
          #"{"name": "amount_minor", "type": "long", "aliases": ["total_minor"]}"#)),
      SchemaChange(
        .backwardOnly, "lines is dropped",
        schema.replacingOnce(#"{"name": "lines", "type": "int"},"#, "")),
      SchemaChange(
        .breaking, "order becomes a string",
        schema.replacingOnce(
          #"{"name": "order", "type": "long"}"#, #"{"name": "order", "type": "string"}"#)),
    ],
    rules: [.range("lines", 1...50), .range("total_minor", 0...1_000_000_000_000)])
}
