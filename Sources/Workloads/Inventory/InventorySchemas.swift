/// Symbols of the enums `kind`, in their order; the last is the marker.
enum BookingKind: UInt8 {
  case count
  case receipt
  case adjustment
  case status
  case heartbeat
}

enum MoveKind: UInt8 {
  case reserve
  case confirm
  case release
  case ship
  case status
  case heartbeat
}

enum ChargeKind: UInt8 {
  case authorized
  case captured
  case failed
  case voided
  case refunded
  case status
  case heartbeat
}

enum OrderState: UInt8 {
  case placed
  case confirmed
  case cancelled
  case rejected
  case status
  case heartbeat
}

/// Records of the four streams, version 1.
enum InventorySchemas {
  private static let head = """
    {"name": "source", "type": "int"},
      {"name": "sequence", "type": "long"},
      {"name": "event_time", "type": {"type": "long", "logicalType": "timestamp-millis"}}
    """
  private static let channel = """
    {"name": "channel", "type": {"type": "enum", "name": "Channel",
        "symbols": ["WEB", "APP", "MARKETPLACE", "STORE"]}}
    """

  private static func record(_ name: String, _ fields: String) -> String {
    """
    {"type": "record", "name": "\(name)", "namespace": "weir.ecommerce.inventory", "fields": [
      \(head),
      \(fields)
    ]}
    """
  }

  static let receipts = WorkloadStream(
    name: "receipts",
    schema: record(
      "Receipt",
      """
      {"name": "booking", "type": "long"},
        {"name": "kind", "type": {"type": "enum", "name": "Kind",
          "symbols": ["COUNT", "RECEIPT", "ADJUSTMENT", "STATUS", "HEARTBEAT"]}},
        {"name": "sku", "type": "string"},
        {"name": "warehouse", "type": "string"},
        {"name": "quantity", "type": "int"}
      """), schemaID: 201)

  static let reservations = WorkloadStream(
    name: "reservations",
    schema: record(
      "Reservation",
      """
      {"name": "move", "type": "long"},
        {"name": "kind", "type": {"type": "enum", "name": "Kind",
          "symbols": ["RESERVE", "CONFIRM", "RELEASE", "SHIP", "STATUS", "HEARTBEAT"]}},
        {"name": "sku", "type": "string"},
        {"name": "warehouse", "type": "string"},
        {"name": "quantity", "type": "int"},
        {"name": "reservation", "type": "long"},
        {"name": "order", "type": "long"},
        {"name": "ttl_ms", "type": ["null", "int"], "default": null},
        \(channel)
      """), schemaID: 202)

  static let charges = WorkloadStream(
    name: "charges",
    schema: record(
      "Charge",
      """
      {"name": "message", "type": "long"},
        {"name": "order", "type": "long"},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["AUTHORIZED",
          "CAPTURED", "FAILED", "VOIDED", "REFUNDED", "STATUS", "HEARTBEAT"]}},
        {"name": "payment_id", "type": "string"},
        {"name": "amount_minor", "type": "long"},
        {"name": "attempt", "type": "int"},
        {"name": "currency", "type": "string"}
      """), schemaID: 203)

  static let orders = WorkloadStream(
    name: "orders",
    schema: record(
      "Order",
      """
      {"name": "order", "type": "long"},
        {"name": "kind", "type": {"type": "enum", "name": "Kind",
          "symbols": ["PLACED", "CONFIRMED", "CANCELLED", "REJECTED", "STATUS", "HEARTBEAT"]}},
        {"name": "lines", "type": "int"},
        {"name": "total_minor", "type": "long"},
        \(channel),
        {"name": "customer", "type": ["null", "int"], "default": null}
      """), schemaID: 204)
}
