import Bytes
import Schemas

/// A record as it was found in a topic. The memory of key and value belongs to the caller.
public struct CapturedRecord {
  public var partition: Int32
  public var offset: Int64
  /// What the broker says of its time, in nanoseconds since 1970; nil when it says nothing.
  public var time: Int64?
  public var key: UnsafeRawBufferPointer?
  public var value: UnsafeRawBufferPointer?
  public var headers: [TraceHeader]

  public init(
    partition: Int32, offset: Int64, time: Int64?, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, headers: [TraceHeader]
  ) {
    self.partition = partition
    self.offset = offset
    self.time = time
    self.key = key
    self.value = value
    self.headers = headers
  }
}

/// How the values of captured records are read.
public enum CaptureDecoding: Hashable, Sendable {
  /// Nothing is known of them.
  case raw
  /// One JSON object each.
  case json
  /// Avro with Confluent's framing. A schema without an id has that of the first framed value.
  case avro([CaptureSchema])
}

/// A schema of the values of a topic, as JSON.
public struct CaptureSchema: Hashable, Sendable {
  public var id: UInt32?
  public var json: String

  public init(id: UInt32?, json: String) {
    self.id = id
    self.json = json
  }
}

/// What is recorded, and how.
public struct CaptureSettings: Sendable {
  public var stream: String
  public var decoding: CaptureDecoding
  public var rules = MaskRules.none
  /// Needed when the rules ask for pseudonyms.
  public var key: PseudonymKey?
  /// The field of the value that has the time of the event; nil: the broker's time of the record.
  public var timeField: String?

  public init(stream: String, decoding: CaptureDecoding) {
    self.stream = stream
    self.decoding = decoding
  }
}

/// What a recording took.
public struct CaptureCounts: Hashable, Sendable {
  public var records: UInt64 = 0
  /// Values that did not decode: kept as bytes, or left out under a mask.
  public var undecodable: UInt64 = 0
  /// Fields of the schemas by what became of them.
  public var keptFields = 0
  public var pseudonymFields = 0
  public var droppedFields = 0
}

/// Writes captured records into a trace: a lane for each partition, its sequences are the offsets.
/// Whatever is masked is masked here, in memory, before anything is handed to the file.
public final class CaptureWriter {
  private let settings: CaptureSettings
  private let writer: TraceWriter
  private let stream: Int
  private var masks: [(id: UInt32, mask: FieldMask)] = []
  private var waiting: [(json: String, mask: FieldMask)] = []
  private var masked = ByteWriter()
  private var lastTimes: [Int32: Int64] = [:]
  /// Where each partition goes on, for a recording that is resumed.
  public private(set) var nextOffsets: [Int32: Int64] = [:]
  public private(set) var counts = CaptureCounts()

  /// Makes a new trace, or with `resuming` goes on with one that was recorded with the same
  /// settings, whole or stopped. Throws `request` where the settings do not fit the schemas or the
  /// file.
  public init(
    path: String, settings: CaptureSettings, resuming: Bool = false,
    options: TraceWriter.Options = .init()
  ) throws(TraceError) {
    self.settings = settings
    if !settings.rules.pseudonyms.isEmpty && settings.key == nil {
      throw TraceError(.request, file: path, message: "pseudonyms need a key")
    }
    let prepared = try Self.masks(settings, path)
    let check = settings.rules.pseudonyms.isEmpty ? nil : settings.key?.check
    let origin =
      "recorded from topic \(settings.stream); "
      + settings.rules.text(keyCheck: check)
    if resuming {
      nextOffsets = try Self.positions(of: path, origin: origin, stream: settings.stream)
      writer = try TraceWriter(appendingTo: path, options: options)
      stream = 0
    } else {
      writer = try TraceWriter(path: path, origin: origin, options: options)
      stream = writer.addStream(TraceStream(name: settings.stream, schemas: []))
    }
    let known = writer.streams[stream].schemas
    for (given, mask) in prepared {
      let json = mask.schema.text()
      if let old = known.first(where: { $0.json == json && (given.id ?? $0.id) == $0.id }) {
        masks.append((old.id, mask))
      } else if let id = given.id {
        try add(TraceSchema(id: id, json: json), mask)
      } else {
        waiting.append((json, mask))
      }
      counts.keptFields += mask.counts.kept
      counts.pseudonymFields += mask.counts.pseudonyms
      counts.droppedFields += mask.counts.dropped
    }
  }

  private static func masks(
    _ settings: CaptureSettings, _ path: String
  ) throws(TraceError) -> [(CaptureSchema, FieldMask)] {
    guard case .avro(let schemas) = settings.decoding else {
      if settings.timeField != nil {
        throw TraceError(.request, file: path, message: "a time field needs an Avro schema")
      }
      if settings.decoding == .raw, let field = settings.rules.fields.first {
        throw TraceError(
          .request, file: path,
          message: "the field '\(field)' cannot be found in values that are not decoded")
      }
      return []
    }
    var prepared: [(CaptureSchema, FieldMask)] = []
    var names: [String] = []
    do throws(SchemaError) {
      for given in schemas {
        let schema = try Schema.parse(given.json, checkingDefaults: false)
        let mine = FieldMask.fieldNames(of: schema)
        names += mine
        let time = settings.timeField.flatMap { mine.contains($0) ? $0 : nil }
        let rules = settings.rules
        prepared.append(
          (given, try FieldMask(schema, timeField: time) { rules.fate(of: $0) }))
      }
    } catch {
      throw TraceError(.request, file: path, message: error.message)
    }
    let wanted = settings.rules.fields + (settings.timeField.map { [$0] } ?? [])
    if let missing = wanted.first(where: { !names.contains($0) }) {
      throw TraceError(
        .request, file: path, message: "no schema has a field '\(missing)'")
    }
    return prepared
  }

  /// Where the recording that is in a file ended, partition by partition.
  private static func positions(
    of path: String, origin: String, stream: String
  ) throws(TraceError) -> [Int32: Int64] {
    let reader = try TraceReader(path: path, recovering: true)
    // Stopped before the first block, it says nothing of itself yet.
    let description = reader.description
    if description.origin != origin || description.streams.map(\.name) != [stream] {
      throw TraceError(
        .request, file: path,
        message: "it was recorded with other settings: \(description.origin)")
    }
    var next: [Int32: Int64] = [:]
    for lane in reader.lanes {
      guard let last = lane.blocks.last, let partition = Int32(exactly: lane.source) else {
        continue
      }
      next[partition] = Int64(bitPattern: reader.blocks[last].summary.lastSequence &+ 1)
    }
    return next
  }

  private func add(_ schema: TraceSchema, _ mask: FieldMask) throws(TraceError) {
    try writer.addSchema(schema, to: stream)
    masks.append((schema.id, mask))
  }

  /// Takes a record; one that was taken before, by its offset, is passed over.
  public func append(_ record: CapturedRecord) throws(TraceError) {
    if record.offset < nextOffsets[record.partition] ?? 0 { return }
    masked.removeAll()
    let outcome = try mask(record.value)
    counts.records += 1
    if !outcome.decodes { counts.undecodable += 1 }
    let time = outcome.time ?? record.time ?? lastTimes[record.partition] ?? 0
    lastTimes[record.partition] = time
    let capture = TraceCapture(
      partition: record.partition, offset: record.offset, brokerTime: record.time,
      headers: record.headers.compactMap(mask))
    let key = mask(key: record.key)
    // Where the value says when it happened, the broker says when it came.
    let arrival = outcome.time == nil ? nil : record.time
    let (writer, stream) = (writer, stream)
    func write(
      _ key: UnsafeRawBufferPointer?, _ value: UnsafeRawBufferPointer?
    ) throws(TraceError) {
      try writer.append(
        stream: stream, source: UInt32(bitPattern: record.partition),
        sequence: UInt64(bitPattern: record.offset), eventTime: time, arrival: arrival, key: key,
        value: value, capture: capture)
    }
    let value: UnsafeRawBufferPointer? =
      switch outcome.value {
      case .none: nil
      case .whole: record.value
      case .masked: masked.bytes
      }
    switch key {
    case .none: try write(nil, value)
    case .whole: try write(record.key, value)
    case .replaced(let bytes):
      let failed = bytes.withUnsafeBytes { bytes -> TraceError? in
        do throws(TraceError) {
          try write(bytes, value)
          return nil
        } catch {
          return error
        }
      }
      if let failed { throw failed }
    }
    nextOffsets[record.partition] = record.offset + 1
  }

  /// Writes what waits and gives the file its name.
  public func finish() throws(TraceError) -> TraceSummary { try writer.finish() }

  /// Forgets everything; nothing is left behind of a new trace.
  public func discard() { writer.discard() }

  // Masking

  private enum ShownValue { case none, whole, masked }
  private enum ShownKey {
    case none, whole
    case replaced([UInt8])
  }

  private struct Outcome {
    var value: ShownValue
    var decodes = true
    var time: Int64?
  }

  private func mask(_ value: UnsafeRawBufferPointer?) throws(TraceError) -> Outcome {
    guard let value else { return Outcome(value: .none) }
    switch settings.decoding {
    case .raw: return undecodable
    case .json: return maskJSON(value)
    case .avro: return try maskAvro(value)
    }
  }

  private var undecodable: Outcome {
    Outcome(value: settings.rules.keepsUndecodable ? .whole : .none, decodes: false)
  }

  private func maskJSON(_ value: UnsafeRawBufferPointer) -> Outcome {
    let rules = settings.rules
    guard let text = maskedJSON(value, key: settings.key, fate: { rules.fate(of: $0) }) else {
      return undecodable
    }
    // Bytes that nobody asked to change stay as they are.
    if rules.isNone { return Outcome(value: .whole) }
    masked.append(Array(text.utf8))
    return Outcome(value: .masked)
  }

  private func maskAvro(_ value: UnsafeRawBufferPointer) throws(TraceError) -> Outcome {
    guard let id = Framing.schemaID(of: value) else { return undecodable }
    let body = UnsafeRawBufferPointer(rebasing: value[Framing.length...])
    if let known = masks.first(where: { $0.id == id }) {
      return apply(known.mask, to: body, id) ?? undecodable
    }
    for (index, candidate) in waiting.enumerated() {
      guard let outcome = apply(candidate.mask, to: body, id) else { continue }
      waiting.remove(at: index)
      try add(TraceSchema(id: id, json: candidate.json), candidate.mask)
      return outcome
    }
    return undecodable
  }

  /// Nil when the bytes are no record of the schema.
  private func apply(_ mask: FieldMask, to body: UnsafeRawBufferPointer, _ id: UInt32) -> Outcome? {
    masked.removeAll()
    masked.byte(0)
    masked.word32(id.byteSwapped)
    do throws(DecodingError) {
      let time = try mask.apply(to: body, key: settings.key, into: &masked)
      return Outcome(value: settings.rules.isNone ? .whole : .masked, time: time)
    } catch {
      masked.removeAll()
      return nil
    }
  }

  private func mask(key: UnsafeRawBufferPointer?) -> ShownKey {
    guard let key else { return .none }
    switch settings.rules.fate(of: ":key") {
    case .keep: return .whole
    case .drop: return .none
    case .pseudonym:
      return settings.key.map { .replaced($0.text(for: Array(key))) } ?? .none
    }
  }

  private func mask(_ header: TraceHeader) -> TraceHeader? {
    switch settings.rules.fate(of: ":header.\(header.name)") {
    case .keep: return header
    case .drop: return nil
    case .pseudonym:
      guard let key = settings.key else { return nil }
      return TraceHeader(name: header.name, value: header.value.map(key.text))
    }
  }
}

extension CaptureWriter {
  /// Whether a file holds nothing that a recording could go on with: it was stopped before its
  /// first block.
  public static func isEmpty(_ path: String) throws(TraceError) -> Bool {
    do throws(TraceError) {
      return try TraceReader(path: path, recovering: true).blocks.isEmpty
    } catch {
      if error.reason == .truncated { return true }
      throw error
    }
  }
}
