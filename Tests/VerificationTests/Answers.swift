import Bytes
import Model
import Queries
import Scenarios
import Testing
import Verification
import Workloads

/// A result row as a test works it out: nil is null.
struct Answer {
  var key: [Int64?]
  var value: [Int64?]
  /// Nanoseconds.
  var time: Int64

  private static func cells(_ values: [Int64?]) -> [UInt8] {
    var writer = ByteWriter()
    for value in values {
      if let value { writer.cell(value) } else { writer.nullCell() }
    }
    return [UInt8](writer.bytes)
  }

  /// The same row as text, to compare.
  var text: String {
    let row = ResultRow(
      key: Self.cells(key), value: Self.cells(value), time: time, evidence: Evidence(),
      lineage: EventID(source: 0, sequence: 0))
    return Self.text(row.key, row.valueDigest)
  }

  static func text(_ key: [UInt8], _ digest: UInt64) -> String {
    key.withUnsafeBytes(cellText) + " \(digest)"
  }
}

/// An event of a workload as a test reads it: nil is null.
struct Told {
  var stream: Int
  /// Run nanoseconds at which it is to be sent.
  var sentAt: Int64 = 0
  var source: UInt32
  var sequence: UInt64
  /// Nanoseconds.
  var time: Int64
  var cells: [Int64?]
}

enum Population {
  static let start = Timestamp(ns: 1_767_225_600_000_000_000)

  static func workload(
    _ kind: String, _ query: String, sources: Int = 2, rate: Int64,
    _ parameters: [(String, ParameterValue)]
  ) throws -> Workload {
    let kind = try #require(workloadKinds.first { $0.name == kind })
    return try kind.make(
      WorkloadChoice(
        kind: kind.name,
        parameters: parameters.map { WorkloadChoice.Parameter(name: $0.0, value: $0.1) },
        query: query, sources: sources, start: start, partitions: 2),
      .constant(Rate(count: rate, per: .second)), 1)
  }

  /// Events to be sent before an instant, without markers, in event order.
  static func events(_ workload: Workload, until end: Instant) throws -> [Told] {
    var all: [Told] = []
    for (lane, stream) in workload.laneStream.enumerated() {
      guard let stream else { continue }
      var index = 0
      while workload.source.earliestSend(block: index, of: lane) < end {
        let block = try #require(workload.source.block(index, of: lane))
        for i in 0..<block.count
        where block.intendedAt[i] < end.ns && block.keyLength[i] != RecordEntry.markerKey {
          all.append(
            Told(
              stream: stream, sentAt: block.intendedAt[i], source: block.lane,
              sequence: block.baseSequence + UInt64(i),
              time: block.eventTime[i],
              cells: block.columns.enumerated().map { column, values in
                block.nulls[i] >> UInt32(column) & 1 == 1 ? nil : values[i]
              }))
        }
        index += 1
      }
    }
    return all.sorted { ($0.time, $0.source, $0.sequence) < ($1.time, $1.source, $1.sequence) }
  }

  /// What the oracle says, as texts of rows.
  static func oracle(
    _ workload: Workload, until end: Instant, excluding: Set<EventID> = [],
    repeating: Set<EventID> = []
  ) -> [String] {
    final class Rows { var texts: [String] = [] }
    let rows = Rows()
    let oracle = Oracle(
      workload: workload, endOfLoad: end, excluding: excluding, repeating: repeating
    ) { row in
      rows.texts.append(Answer.text([UInt8](row.key), row.valueDigest))
    }
    oracle.finish()
    #expect(oracle.failure == nil)
    return rows.texts.sorted()
  }

  /// The table that an engine leaves, as texts of rows, when it takes the events as they are sent,
  /// over some tasks, and dies twice. Nothing may be dropped.
  static func engine(_ workload: Workload, until end: Instant, tasks: Int) throws -> [String] {
    let arrivals = try events(workload, until: end).sorted {
      ($0.sentAt, $0.source, $0.sequence) < ($1.sentAt, $1.source, $1.sequence)
    }.map { event in
      Small(
        event.time / .millisecond, event.source, event.sequence, event.cells, stream: event.stream)
    }
    let driver = try EngineDriver(workload.plan, arrivals, tasks: tasks)
    driver.run(
      crashes: [arrivals.count / 3: 50, arrivals.count * 2 / 3: 301], pause: [])
    #expect(driver.drops.isEmpty)
    var table: [[UInt8]: String] = [:]
    for row in driver.rows {
      table[row.key] = row.isTombstone ? nil : Answer.text(row.key, row.valueDigest)
    }
    return table.values.sorted()
  }
}
