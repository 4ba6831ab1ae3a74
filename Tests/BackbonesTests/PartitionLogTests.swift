import Backbones
import Draws
import Model
import Testing

/// Records numbered from `first`.
func batch(_ count: Int, first: UInt64 = 0, partition: Int32 = 0) -> RecordBatch {
  let batch = RecordBatch(source: 0, partition: partition, capacity: count, byteCapacity: 64)
  let byte: [UInt8] = [7]
  for index in 0..<count {
    batch.append(
      sequence: first + UInt64(index), intendedAt: 0, keyAndValue: byte,
      keyLength: RecordEntry.noKey, valueLength: 1)
  }
  return batch
}

/// A partition and what a test does to it.
struct Log {
  var log = PartitionLog()
  var at: Int64 = 0

  mutating func admit(_ first: Int64, _ count: Int, epoch: Int32 = 0, id: Int32 = 0)
    -> PartitionLog.Admission
  {
    log.admit(
      ProducerIdentity(id: id, epoch: epoch), first: first, count: count, deduplicates: true)
  }

  /// Admits and appends; the records are durable at `durable`.
  mutating func put(
    _ first: Int64, _ count: Int, epoch: Int32 = 0, id: Int32 = 0, visible: Int64 = 0,
    durable: Int64 = 0, in transaction: TransactionRecord? = nil
  ) {
    #expect(admit(first, count, epoch: epoch, id: id) == .append)
    _ = log.append(
      batch(count, first: UInt64(first)), producer: ProducerIdentity(id: id, epoch: epoch),
      first: first, visibleAt: Instant(ns: visible), durableAt: Instant(ns: durable),
      transaction: transaction)
  }

  func offsets(from start: Int64 = 0, at now: Int64 = .max, committed: Bool = true, limit: Int = 99)
    -> (offsets: [Int64], next: Int64)
  {
    let read = log.read(
      from: start, at: Instant(ns: now), committedOnly: committed, limit: limit)
    var offsets: [Int64] = []
    for delivery in read.deliveries {
      for index in delivery.first..<delivery.batch.count {
        offsets.append(delivery.baseOffset + Int64(index))
      }
    }
    return (offsets, read.next)
  }
}

@Suite struct PartitionLogTests {
  @Test func `a repeat among the last five batches is answered with the first offset`() {
    var log = Log()
    for number in 0..<6 { log.put(Int64(number) * 2, 2) }
    for number in 1..<6 {
      #expect(log.admit(Int64(number) * 2, 2) == .duplicate(base: Int64(number) * 2))
    }
    #expect(log.admit(0, 2) == .outOfOrder, "older than five batches: error 45 (KAF-11)")
    #expect(log.admit(2, 1) == .outOfOrder, "another batch than the one that was sent")
    #expect(log.admit(12, 1) == .append)
    #expect(log.admit(13, 1) == .outOfOrder, "a hole")
  }

  @Test func `numbers belong to a producer and to an epoch`() {
    var log = Log()
    log.put(0, 3)
    log.put(0, 3, id: 4)
    #expect(log.admit(3, 1) == .append)
    log.put(0, 2, epoch: 1)
    #expect(log.admit(3, 1, epoch: 0) == .fenced)
    #expect(log.admit(5, 1, epoch: 2) == .outOfOrder, "an epoch begins with number zero")
    #expect(log.admit(3, 1, id: 4) == .append)
  }

  @Test func `without numbers everything is appended`() {
    var log = PartitionLog()
    for _ in 0..<3 {
      #expect(log.admit(.anonymous, first: -1, count: 1, deduplicates: true) == .append)
      _ = log.append(
        batch(1), producer: .anonymous, first: -1, visibleAt: .zero, durableAt: .zero,
        transaction: nil)
    }
    #expect(log.endOffset == 3)
  }

  @Test func `a crash takes what was not durable, and forgets its numbers`() {
    var log = Log()
    log.put(0, 2, durable: 10)
    log.put(2, 2, durable: 20)
    log.put(4, 2, durable: 30)
    log.log.truncate(notDurableAt: Instant(ns: 20))
    #expect(log.log.endOffset == 4)
    #expect(log.offsets().offsets == [0, 1, 2, 3])
    #expect(log.admit(2, 2) == .duplicate(base: 2))
    #expect(log.admit(4, 2) == .append)
    log.log.truncate(notDurableAt: Instant(ns: 5))
    #expect(log.log.endOffset == 0 && log.log.retainedBytes == 0)
    #expect(log.admit(0, 2) == .append)
  }

  @Test func `numbers of an older epoch say nothing after a crash`() {
    var log = Log()
    log.put(0, 50, epoch: 1)
    log.put(0, 2, epoch: 2)
    log.put(2, 2, epoch: 2, durable: 30)
    log.log.truncate(notDurableAt: Instant(ns: 20))
    #expect(log.admit(2, 2, epoch: 2) == .append)
  }

  @Test func `what was trimmed keeps its numbers`() {
    var log = Log()
    log.put(0, 4)
    log.put(4, 4)
    log.put(8, 1, durable: 30)
    log.log.trim(below: 7)
    #expect(log.log.startOffset == 4)
    log.log.trim(below: 8)
    #expect(log.log.startOffset == 8)
    log.log.truncate(notDurableAt: Instant(ns: 20))
    #expect(log.log.endOffset == 8)
    #expect(log.admit(8, 1) == .append)
    #expect(log.offsets(from: 8).offsets == [])
  }

  @Test func `a reader waits for an open transaction and steps over an aborted one`() {
    var log = Log()
    let first = TransactionRecord(producer: .anonymous, number: 1)
    let second = TransactionRecord(producer: .anonymous, number: 2)
    log.put(0, 2)
    log.put(0, 2, id: 1, in: first)
    log.put(2, 1)
    #expect(log.offsets().offsets == [0, 1])
    #expect(log.offsets().next == 2)
    #expect(log.offsets(committed: false).offsets == [0, 1, 2, 3, 4])
    first.state = .aborted
    log.log.appendMarker()
    #expect(log.offsets().offsets == [0, 1, 4])
    #expect(log.offsets().next == 6, "the marker takes an offset (KAF-36)")
    log.put(2, 1, id: 1, in: second)
    second.state = .committed
    log.log.appendMarker()
    #expect(log.offsets(from: 5).offsets == [6])
    #expect(log.offsets(from: 7) == ([], 8))
  }

  @Test func `nothing is seen before it is visible, and whole batches are given`() {
    var log = Log()
    log.put(0, 3, visible: 10)
    log.put(3, 3, visible: 20)
    #expect(log.offsets(at: 9) == ([], 0))
    #expect(log.offsets(at: 10) == ([0, 1, 2], 3))
    #expect(log.offsets(from: 1, at: 20, limit: 1) == ([1, 2], 3))
    #expect(log.offsets(from: 3, at: 20, limit: 1) == ([3, 4, 5], 6))
  }

  @Test func `random appends, trims and crashes leave what a list would hold`() {
    let draws = DrawFamily(seed: 5, component: "test", purpose: "partition").stream(0)
    var log = Log()
    // Offset and instant from which it is durable, of every record that is there.
    var model: [(offset: Int64, durable: Int64)] = []
    var next: Int64 = 0
    var now: Int64 = 0
    var start: Int64 = 0
    for step in 0..<2_000 as Range<UInt64> {
      now += 10
      switch draws.below(10, step * 4) {
      case 0..<7:
        let count = Int(draws.below(4, step * 4 + 1)) + 1
        // A flush makes durable in order.
        let durable = max(now + Int64(draws.below(60, step * 4 + 2)), model.last?.durable ?? 0)
        let base = log.log.endOffset
        log.put(next, count, durable: durable)
        for index in 0..<count { model.append((base + Int64(index), durable)) }
        next += Int64(count)
      case 7, 8:
        let durable = model.filter { $0.durable <= now }
        if durable.count < 5 { continue }
        start = durable[durable.count - 3].offset
        log.log.trim(below: start)
      default:
        log.log.truncate(notDurableAt: Instant(ns: now))
        model.removeAll { $0.durable > now }
        next = model.last.map { $0.offset + 1 } ?? next
      }
      #expect(log.log.endOffset == next)
      let read = log.offsets(from: start, limit: .max)
      #expect(read.offsets == model.map(\.offset).filter { $0 >= start })
      #expect(read.next == next)
    }
  }
}
