import Bytes
import Model

/// What is common to the records of all streams.
protocol PatientEvent {
  /// When it is sent, in milliseconds since 1970.
  var sendAt: Int64 { get }
  /// Its event time, in milliseconds since 1970.
  var eventAt: Int64 { get }
  static var columnCount: Int { get }
  /// Writes key and value, after the identity, and the columns; returns where the value begins.
  func write(_ i: Int, of block: EventBlock, _ out: inout RecordWriter) -> RecordStart
}

/// Where a value begins, and the length of its key; 0 for a marker.
struct RecordStart {
  var value: UnsafeMutablePointer<UInt8>
  var key: Int
}

/// The frame of a block of a lane. Times are milliseconds since 1970.
struct PatientBlock {
  let lane: Int
  let index: Int
  let from: Int64
  let start: Int64
  let clock: PopulationClock

  /// Bytes of key and value at most, of all streams.
  private static let longest = 136

  /// Sorts by send, then by the order of making, and writes.
  func encode<Event: PatientEvent>(_ made: [Event]) -> EventBlock {
    var order = SendOrder()
    for (number, event) in made.enumerated() {
      order.append(millis: event.sendAt - from, number: number)
    }
    order.sort()
    let block = EventBlock(
      lane: UInt32(lane), baseSequence: UInt64(index) << UInt64(BlockGrid.sequenceBits),
      count: made.count, byteCapacity: made.count * Self.longest, columnCount: Event.columnCount)
    var out = RecordWriter(block.bytes)
    for i in 0..<made.count {
      let event = made[order.number(i)]
      block.intendedAt[i] = clock.run(event.sendAt - start)
      block.eventTime[i] = event.eventAt &* .millisecond
      block.nulls[i] = 0
      let begin = event.write(i, of: block, &out)
      block.close(
        i, key: begin.key, isMarker: begin.key == 0, value: begin.value, end: out.at)
    }
    return block
  }
}

extension RecordWriter {
  /// Frame and identity of event `i`; returns where the value begins.
  @inline(__always) mutating func open(
    _ stream: PatientStream, _ i: Int, of block: EventBlock
  ) -> UnsafeMutablePointer<UInt8> {
    let value = at
    frame(stream.schemaID)
    unsigned(UInt64(block.lane))
    unsigned(block.baseSequence &+ UInt64(i))
    return value
  }

  /// A letter and a number of at least so many digits, as an Avro string of fixed length.
  mutating func name(_ letter: Character, _ number: Int64, digits: Int) {
    unsigned(UInt64(digits + 1))
    byte(letter.asciiValue ?? 63)
    var power: Int64 = 1
    for _ in 1..<digits { power *= 10 }
    while power > 0 {
      byte(UInt8(48 + number / power % 10))
      power /= 10
    }
  }

  mutating func string(_ text: String) {
    unsigned(UInt64(text.utf8.count))
    for character in text.utf8 { byte(character) }
  }

  /// A string of ASCII letters.
  mutating func text(_ text: StaticString) {
    unsigned(UInt64(text.utf8CodeUnitCount))
    for i in 0..<text.utf8CodeUnitCount { byte(text.utf8Start[i]) }
  }
}

extension Admission: PatientEvent {
  var sendAt: Int64 { sentAt }
  var eventAt: Int64 { at }
  static var columnCount: Int { AdmissionColumn.sources.count }

  static func marker(_ millis: Int64) -> Admission {
    Admission(
      stay: 0, kind: .heartbeat, at: millis, sentAt: millis, bed: 0, priorBed: nil, scale: 1)
  }

  func write(_ i: Int, of block: EventBlock, _ out: inout RecordWriter) -> RecordStart {
    let isMarker = kind == .heartbeat
    if !isMarker { out.bigEndian(UInt64(bed)) }
    let value = out.open(.adt, i, of: block)
    out.signed(stay)
    out.signed(kind.rawValue)
    out.signed(at)
    out.name("W", bed / 12, digits: 6)
    out.signed(bed)
    out.optional(priorBed)
    out.signed(scale)
    block.columns[AdmissionColumn.stay][i] = stay
    block.columns[AdmissionColumn.kind][i] = kind.rawValue
    block.columns[AdmissionColumn.bed][i] = bed
    block.columns[AdmissionColumn.priorBed][i] = priorBed ?? 0
    block.columns[AdmissionColumn.scale][i] = scale
    if priorBed == nil { block.nulls[i] = 1 << UInt32(AdmissionColumn.priorBed) }
    return RecordStart(value: value, key: isMarker ? 0 : 8)
  }
}

extension VitalReading: PatientEvent {
  var sendAt: Int64 { sentAt }
  var eventAt: Int64 { sentAt }
  static var columnCount: Int { VitalColumn.sources.count }

  static func marker(_ millis: Int64) -> VitalReading {
    VitalReading(bed: 0, code: .heartbeat, value: nil, takenAt: millis, sentAt: millis)
  }

  func write(_ i: Int, of block: EventBlock, _ out: inout RecordWriter) -> RecordStart {
    let isMarker = code == .heartbeat
    if !isMarker { out.bigEndian(UInt64(bed)) }
    let start = out.open(.vitals, i, of: block)
    out.signed(bed)
    out.name("M", bed, digits: 7)
    out.signed(code.rawValue)
    out.optional(value)
    // F, X
    let status: Int64 = value == nil ? 1 : 0
    out.signed(status)
    out.signed(takenAt)
    out.signed(sentAt)
    block.columns[VitalColumn.bed][i] = bed
    block.columns[VitalColumn.code][i] = code.rawValue
    block.columns[VitalColumn.value][i] = value ?? 0
    block.columns[VitalColumn.status][i] = status
    block.columns[VitalColumn.takenAt][i] = takenAt
    if value == nil { block.nulls[i] = 1 << UInt32(VitalColumn.value) }
    return RecordStart(value: start, key: isMarker ? 0 : 8)
  }
}

extension Observation: PatientEvent {
  var sendAt: Int64 { enteredAt }
  var eventAt: Int64 { enteredAt }
  static var columnCount: Int { ObservationColumn.sources.count }

  static func marker(_ millis: Int64) -> Observation {
    Observation(
      id: 0, stay: 0, code: .heartbeat, value: 0, status: .final, takenAt: millis,
      enteredAt: millis, role: nil)
  }

  func write(_ i: Int, of block: EventBlock, _ out: inout RecordWriter) -> RecordStart {
    let isMarker = code == .heartbeat
    if !isMarker { out.bigEndian(UInt64(stay)) }
    let start = out.open(.observations, i, of: block)
    out.signed(id)
    out.signed(stay)
    out.signed(code.rawValue)
    out.signed(value)
    out.signed(status.rawValue)
    out.signed(takenAt)
    out.signed(enteredAt)
    if let role {
      out.byte(2)
      switch role {
      case 0: out.text("NURSE")
      case 1: out.text("DOCTOR")
      case 2: out.text("STUDENT")
      default: out.text("THERAPIST")
      }
    } else {
      out.byte(0)
    }
    block.columns[ObservationColumn.id][i] = id
    block.columns[ObservationColumn.stay][i] = stay
    block.columns[ObservationColumn.code][i] = code.rawValue
    block.columns[ObservationColumn.value][i] = value
    block.columns[ObservationColumn.status][i] = status.rawValue
    block.columns[ObservationColumn.takenAt][i] = takenAt
    return RecordStart(value: start, key: isMarker ? 0 : 8)
  }
}
