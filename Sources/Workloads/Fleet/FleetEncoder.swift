import Bytes
import Model
import Queries

/// Writes positions and assignments into blocks: bytes, digests, columns.
enum FleetEncoder {
  static let positionsID: UInt32 = 301
  static let assignmentsID: UInt32 = 302

  /// Bytes of key and value at most: key 8, frame 5, source 5, sequence 10, vehicle 5, trip 6, two
  /// times 10 each, place 10, speed 2, bearing 3, odometer 10, and 6 single bytes.
  private static let longest = 104

  static func positions(
    _ made: [FleetPosition], _ order: SendOrder, clock: PopulationClock, lane: Int, index: Int
  ) -> EventBlock {
    let block = EventBlock(
      lane: UInt32(lane), baseSequence: UInt64(index) << UInt64(BlockGrid.sequenceBits),
      count: order.count, byteCapacity: order.count * longest,
      columnCount: PositionColumn.sources.count)
    let start = clock.start(of: index)
    var out = RecordWriter(block.bytes)
    for i in 0..<order.count {
      let position = made[order.number(i)]
      block.intendedAt[i] = clock.run(start + order.millis(i))
      block.eventTime[i] = position.fixAt &* .millisecond
      block.nulls[i] = 0
      write(position, i, of: block, &out)
      fill(block, i, position)
    }
    return block
  }

  private static func write(
    _ position: FleetPosition, _ i: Int, of block: EventBlock, _ out: inout RecordWriter
  ) {
    let isMarker = position.status == .heartbeat
    if !isMarker { out.bigEndian(UInt64(position.vehicle)) }
    let value = out.at
    out.frame(positionsID)
    out.unsigned(UInt64(block.lane))
    out.unsigned(block.baseSequence &+ UInt64(i))
    out.signed(position.vehicle)
    out.optional(position.trip)
    out.signed(position.fixAt)
    out.signed(position.latitude)
    out.signed(position.longitude)
    out.signed(position.milesPerHour)
    out.optional(position.bearing)
    out.signed(position.odometer)
    out.signed(position.status.rawValue)
    out.signed(position.hdop)
    out.signed(position.satellites)
    out.byte(1)
    out.signed(position.sentAt)
    out.byte(position.isHistory ? 1 : 0)
    block.close(i, key: 8, isMarker: isMarker, value: value, end: out.at)
  }

  @inline(__always) private static func fill(
    _ block: EventBlock, _ i: Int, _ position: FleetPosition
  ) {
    block.columns[PositionColumn.vehicle][i] = position.vehicle
    block.columns[PositionColumn.fixAt][i] = position.fixAt
    block.columns[PositionColumn.latitude][i] = position.latitude
    block.columns[PositionColumn.longitude][i] = position.longitude
    block.columns[PositionColumn.speed][i] = position.milesPerHour
    block.columns[PositionColumn.odometer][i] = position.odometer
    block.columns[PositionColumn.hdop][i] = position.hdop
    block.columns[PositionColumn.satellites][i] = position.satellites
    block.columns[PositionColumn.status][i] = position.status.rawValue
  }

  static func assignments(
    _ made: [FleetAssignment], _ order: SendOrder, clock: PopulationClock, lane: Int, index: Int
  ) -> EventBlock {
    let block = EventBlock(
      lane: UInt32(lane), baseSequence: UInt64(index) << UInt64(BlockGrid.sequenceBits),
      count: order.count, byteCapacity: order.count * longest,
      columnCount: AssignmentColumn.sources.count)
    let start = clock.start(of: index)
    var out = RecordWriter(block.bytes)
    for i in 0..<order.count {
      let assignment = made[order.number(i)]
      let isMarker = assignment.direction == FleetAssignment.heartbeat
      block.intendedAt[i] = clock.run(start + order.millis(i))
      block.eventTime[i] = assignment.startsAt &* .millisecond
      block.nulls[i] = 0
      if !isMarker { out.bigEndian(UInt64(assignment.vehicle)) }
      let value = out.at
      out.frame(assignmentsID)
      out.unsigned(UInt64(block.lane))
      out.unsigned(block.baseSequence &+ UInt64(i))
      out.signed(assignment.vehicle)
      out.signed(assignment.route)
      out.signed(assignment.trip)
      out.signed(assignment.direction)
      out.signed(assignment.startsAt)
      out.signed(assignment.driver)
      block.close(i, key: 8, isMarker: isMarker, value: value, end: out.at)
      block.columns[AssignmentColumn.vehicle][i] = assignment.vehicle
      block.columns[AssignmentColumn.route][i] = assignment.route
      block.columns[AssignmentColumn.direction][i] = assignment.direction
    }
    return block
  }

  static let positionsSchema = """
    {"type": "record", "name": "Position", "namespace": "weir.iot.fleet", "fields": [
      {"name": "source", "type": "int"},
      {"name": "sequence", "type": "long"},
      {"name": "vehicle_id", "type": "int"},
      {"name": "trip_id", "type": ["null", "int"], "default": null},
      {"name": "fix_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
      {"name": "lat_e6", "type": "int"},
      {"name": "lon_e6", "type": "int"},
      {"name": "speed_mph", "type": "int"},
      {"name": "bearing_deg", "type": ["null", "int"], "default": null},
      {"name": "odometer_m", "type": "long"},
      {"name": "current_status", "type": {"type": "enum", "name": "CurrentStatus",
        "symbols": ["IN_TRANSIT_TO", "STOPPED_AT", "INCOMING_AT", "HEARTBEAT"]}},
      {"name": "hdop_tenths", "type": "int"},
      {"name": "satellites", "type": "int"},
      {"name": "ignition", "type": "boolean"},
      {"name": "sent_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
      {"name": "historical", "type": "boolean"}
    ]}
    """

  static let assignmentsSchema = """
    {"type": "record", "name": "Assignment", "namespace": "weir.iot.fleet", "fields": [
      {"name": "source", "type": "int"},
      {"name": "sequence", "type": "long"},
      {"name": "vehicle_id", "type": "int"},
      {"name": "route_id", "type": "int"},
      {"name": "trip_id", "type": "int"},
      {"name": "direction", "type": {"type": "enum", "name": "Direction",
        "symbols": ["OUT", "BACK", "HEARTBEAT"]}},
      {"name": "starts_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
      {"name": "driver_id", "type": "int"}
    ]}
    """
}

extension RecordWriter {
  /// A value of the union [null, int] or [null, long].
  @inline(__always) mutating func optional(_ value: Int64?) {
    if let value {
      byte(2)
      signed(value)
    } else {
      byte(0)
    }
  }
}

extension EventBlock {
  /// Notes where event `i` ends, its digest and its key; a marker has none.
  @inline(__always) func close(
    _ i: Int, key: Int, isMarker: Bool, value: UnsafeMutablePointer<UInt8>,
    end: UnsafeMutablePointer<UInt8>
  ) {
    digest[i] = digest64(value, end - value)
    start[i &+ 1] = UInt32(truncatingIfNeeded: end - bytes)
    keyLength[i] = isMarker ? RecordEntry.markerKey : UInt16(truncatingIfNeeded: key)
  }
}
