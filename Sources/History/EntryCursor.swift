import Bytes
import Model

/// Steps through the entries of one block. After `next`, read the fields of the entry in the order
/// in which `EntryKind` lists them; what is left unread is an error at the next step.
public struct EntryCursor: ~Copyable {
  @usableFromInline var reader: ByteReader
  /// Number of the current entry in the history.
  public private(set) var entry: UInt64
  public private(set) var at: Instant
  private var begun = false

  /// `startAt` is the instant of the last entry before the block.
  public init(_ bytes: UnsafeRawBufferPointer, firstEntry: UInt64, startAt: Instant) {
    reader = ByteReader(bytes)
    entry = firstEntry
    at = startAt
  }

  /// The kind of the next entry, nil at the end of the block.
  public mutating func next() throws(DecodingError) -> EntryKind? {
    if reader.isAtEnd { return nil }
    let position = reader.position
    let raw = try reader.byte()
    guard let kind = EntryKind(rawValue: raw) else {
      throw .malformed("an entry of kind \(raw)", at: position)
    }
    if begun { entry &+= 1 }
    begun = true
    at = at + (try reader.signed())
    return kind
  }

  @inlinable public mutating func number() throws(DecodingError) -> UInt64 { try reader.varint() }
  public mutating func signed() throws(DecodingError) -> Int64 { try reader.signed() }
  @inlinable public mutating func word() throws(DecodingError) -> UInt64 { try reader.word() }
  public mutating func text() throws(DecodingError) -> String { try reader.text() }

  public mutating func bytes() throws(DecodingError) -> UnsafeRawBufferPointer {
    try reader.take(try reader.length())
  }

  /// Reads a run; `visit` is called with every sequence. Returns the source and the count.
  @inlinable public mutating func run(
    _ visit: (_ source: UInt32, _ sequence: UInt64) -> Void
  ) throws(DecodingError) -> (source: UInt32, count: Int) {
    let position = reader.position
    let source = UInt32(truncatingIfNeeded: try reader.varint())
    let count = try reader.length()
    if count == 0 { throw .malformed("a run without events", at: position) }
    var sequence = try reader.varint()
    visit(source, sequence)
    var left = count &- 1
    while left > 0 {
      sequence &+= try reader.varint()
      visit(source, sequence)
      left &-= 1
    }
    return (source, count)
  }

  /// Skips the fields of an entry of this kind.
  public mutating func skip(_ kind: EntryKind) throws(DecodingError) {
    for field in kind.fields {
      switch field {
      case .number: _ = try reader.varint()
      case .signed: _ = try reader.signed()
      case .word: _ = try reader.word()
      case .text: _ = try reader.text()
      case .bytes: _ = try bytes()
      case .run: _ = try run { _, _ in }
      case .rows:
        let count = try reader.length()
        for _ in 0..<count { _ = try row() }
      }
    }
  }

  /// One row of an `emitted` or `observed` entry; the number of rows comes first, by `number`.
  public mutating func row() throws(DecodingError) -> RowSummary {
    let key = [UInt8](try bytes())
    let value = try reader.word()
    let count = try reader.varint()
    let sum = try reader.word()
    let xor = try reader.word()
    let source = UInt32(truncatingIfNeeded: try reader.varint())
    let sequence = try reader.varint()
    return RowSummary(
      key: key, valueDigest: value, evidenceCount: count, evidenceSum: sum, evidenceXor: xor,
      lineage: EventID(source: source, sequence: sequence))
  }
}

/// A result row as the history keeps it.
public struct RowSummary: Hashable, Sendable {
  /// Canonical cells of the result key.
  public var key: [UInt8]
  public var valueDigest: UInt64
  public var evidenceCount: UInt64
  public var evidenceSum: UInt64
  public var evidenceXor: UInt64
  public var lineage: EventID

  public init(
    key: [UInt8], valueDigest: UInt64, evidenceCount: UInt64, evidenceSum: UInt64,
    evidenceXor: UInt64, lineage: EventID
  ) {
    self.key = key
    self.valueDigest = valueDigest
    self.evidenceCount = evidenceCount
    self.evidenceSum = evidenceSum
    self.evidenceXor = evidenceXor
    self.lineage = lineage
  }
}

extension HistoryWriter {
  /// One row of an `emitted` or `observed` entry, after the number of rows.
  public func row(_ row: RowSummary) {
    bytes(row.key)
    word(row.valueDigest)
    number(row.evidenceCount)
    word(row.evidenceSum)
    word(row.evidenceXor)
    number(UInt64(row.lineage.source))
    number(row.lineage.sequence)
  }
}

/// Types of the fields of an entry.
public enum EntryField: Sendable { case number, signed, word, text, bytes, run, rows }

extension EntryKind {
  /// The fields of an entry of this kind, in order. The one table that reader, printer and
  /// documentation share.
  public var fields: [EntryField] {
    switch self {
    case .runBegan: [.text, .text, .text]
    case .phase: [.text]
    case .sent: [.signed, .run]
    case .acknowledged: [.number, .number, .run]
    case .failed, .unknown: [.text, .run]
    case .polled, .readBack: [.number, .number, .number, .word, .run]
    case .watermark: [.number, .signed]
    case .lateDropped: [.number, .number, .number, .number, .signed]
    case .checkpointBegan, .checkpointCompleted, .checkpointAborted, .restored: [.number]
    case .transactionBegan, .committed, .aborted: [.number]
    case .commitRequested: [.number, .number]
    case .commitUnknown: [.number, .text]
    case .emitted: [.number, .number, .rows]
    case .observed: [.number, .number, .rows]
    case .faultRequested: [.number, .text, .text]
    case .faultConfirmed, .faultHealed: [.number]
    case .endOffset, .resultEndOffset, .positionCommitted: [.number, .number]
    case .runEnded: [.number, .text]
    case .engineStarted, .buffered: [.number]
    case .engineStopped, .interrupted: []
    case .undecodable: [.number, .number, .number, .text]
    case .output: [.number, .number, .number, .bytes, .bytes]
    case .flushed: [.number, .number, .number]
    case .expectedRow: [.number, .number, .bytes, .bytes]
    case .expectedRows: [.number, .number, .text]
    case .jobEnded: [.text]
    }
  }

  /// The name as texts and JSON show it: kebab-case.
  public var name: String {
    var out = ""
    for character in "\(self)" {
      if character.isUppercase {
        out += "-" + character.lowercased()
      } else {
        out.append(character)
      }
    }
    return out
  }
}
