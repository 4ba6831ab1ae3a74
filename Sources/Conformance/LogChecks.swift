import Backbones
import Model

let orderingChecks = [
  ConformanceCheck(
    .ordering, "one-producer",
    "records of one producer stand in a partition in the order in which they were sent"
  ) { world throws(CheckFailure) in
    var sent: [[UInt64]] = [[], []]
    var batches: [RecordBatch] = []
    for number in 0..<300 {
      let one = world.send(2, partition: number % 2)
      sent[number % 2] += one.numbers
      batches.append(one.batch)
      try world.idle(200 * .microsecond)
    }
    for batch in batches { try world.acknowledged(batch) }
    for partition in 0..<2 {
      let read = try world.read(.input, partition: partition).numbers
      try require(read, is: sent[partition], "partition \(partition) holds")
    }
  },
  ConformanceCheck(
    .ordering, "two-producers", "producers that share a partition each keep their order"
  ) { world throws(CheckFailure) in
    var sent: [[UInt64]] = [[], []]
    var batches: [RecordBatch] = []
    for number in 0..<60 {
      let one = world.send(3, from: ClientID(.producer, number % 2))
      sent[number % 2] += one.numbers
      batches.append(one.batch)
      try world.idle(300 * .microsecond)
    }
    for batch in batches { try world.acknowledged(batch) }
    let read = try world.read(.input).numbers
    for producer in 0..<2 {
      let own = Set(sent[producer])
      let order = read.filter { own.contains($0) }
      try require(order, is: sent[producer], "producer \(producer) sees")
    }
  },
  ConformanceCheck(
    .ordering, "dense-offsets", "offsets of a partition without transactions have no holes"
  ) { world throws(CheckFailure) in
    for number in 0..<20 { try world.put(1 + number % 3) }
    let offsets = try world.read(.input).map(\.offset)
    try require(offsets, is: (0..<Int64(offsets.count)).map { $0 }, "the offsets are")
  },
  ConformanceCheck(
    .ordering, "partitions-apart", "a send to one partition changes no other"
  ) { world throws(CheckFailure) in
    let numbers = try world.put(5, partition: 1)
    try require(try world.endOffsets(.input), is: [0, 5], "the partitions end at")
    try require(try world.read(.input, partition: 1).numbers, is: numbers, "partition 1 holds")
  },
  ConformanceCheck(
    .ordering, "topics-apart", "records of one topic do not stand in another"
  ) { world throws(CheckFailure) in
    try world.put(3, to: .input)
    let numbers = try world.put(2, to: .results)
    try require(try world.endOffsets(.results), is: [2, 0], "the results end at")
    try require(try world.read(.results).numbers, is: numbers, "the results are")
  },
]

let idempotenceChecks = [
  ConformanceCheck(
    .idempotence, "lost-response", "a lost acknowledgement leaves no second copy", needs: [.wire]
  ) { world throws(CheckFailure) in
    try world.onWire(.producer, .response, .produce, skip: 1, .drop)
    try checkOnce(world, batches: 3)
  },
  ConformanceCheck(
    .idempotence, "lost-responses", "nor do several in a row", needs: [.wire]
  ) { world throws(CheckFailure) in
    try world.onWire(.producer, .response, .produce, count: 4, .drop)
    try checkOnce(world, batches: 5)
  },
  ConformanceCheck(
    .idempotence, "doubled-request", "a request that arrives twice has one effect",
    needs: [.wire]
  ) { world throws(CheckFailure) in
    try world.onWire(
      .producer, .request, .produce, count: 5, .duplicate(after: 50 * .microsecond))
    try checkOnce(world, batches: 6)
  },
  ConformanceCheck(
    .idempotence, "late-double", "nor has one whose double comes after later requests",
    needs: [.wire]
  ) { world throws(CheckFailure) in
    try world.onWire(.producer, .request, .produce, .duplicate(after: 20 * .millisecond))
    try checkOnce(world, batches: 4)
    try world.idle(100 * .millisecond)
    try require(try world.endOffsets(.input), is: [8, 0], "the partitions end at")
  },
  ConformanceCheck(
    .idempotence, "same-offset", "a repeat is acknowledged with the offset of the first",
    needs: [.wire]
  ) { world throws(CheckFailure) in
    try world.put(3)
    try world.onWire(.producer, .response, .produce, .drop)
    let sent = world.send(2)
    try require(try world.acknowledged(sent.batch), is: 3, "the acknowledged offset is")
    try require(Array(try world.read(.input).numbers.dropFirst(3)), is: sent.numbers, "there are")
  },
  ConformanceCheck(
    .idempotence, "order-under-loss", "requests behind a lost one keep their order",
    needs: [.wire]
  ) { world throws(CheckFailure) in
    try world.onWire(.producer, .request, .produce, skip: 1, .drop)
    try checkOnce(world, batches: 8)
  },
  ConformanceCheck(
    .idempotence, "order-under-delay", "requests that overtake a late one keep their order",
    needs: [.wire]
  ) { world throws(CheckFailure) in
    try world.onWire(.producer, .request, .produce, skip: 2, .delay(60 * .millisecond))
    try checkOnce(world, batches: 8)
  },
  ConformanceCheck(
    .idempotence, "partitions-of-a-request",
    "a repeated request for two partitions has one effect in each", needs: [.wire]
  ) { world throws(CheckFailure) in
    try world.onWire(.producer, .response, .produce, .drop)
    let numbers = [world.nextNumber(), world.nextNumber()]
    let batches = (0..<2).map { world.batch([Sample(numbers[$0])], partition: $0) }
    world.ask(.submit(ClientID(.producer, 0), .input, batches, transaction: 0))
    for batch in batches { try world.acknowledged(batch) }
    for partition in 0..<2 {
      let read = try world.read(.input, partition: partition).numbers
      try require(read, is: [numbers[partition]], "partition \(partition) holds")
    }
  },
]

/// Sends batches of two at once; each must stand in the log once, and in order.
private func checkOnce(_ world: ConformanceWorld, batches count: Int) throws(CheckFailure) {
  let sent = (0..<count).map { _ in world.send(2) }
  for one in sent { try world.acknowledged(one.batch) }
  let read = try world.read(.input).numbers
  try require(read, is: sent.flatMap(\.numbers), "the log holds")
}

let durabilityChecks = [
  ConformanceCheck(
    .durability, "acknowledged-readable", "every record that was acknowledged can be read"
  ) { world throws(CheckFailure) in
    var sent: [Sent] = []
    for _ in 0..<1_200 {
      sent.append(world.send(1))
      try world.idle(100 * .microsecond)
    }
    for one in sent { try world.acknowledged(one.batch) }
    let read = Set(try world.read(.input).numbers)
    let lost = sent.flatMap(\.numbers).filter { !read.contains($0) }
    try require(lost.isEmpty, "\(lost.count) of 1200 acknowledged records are missing")
  },
  ConformanceCheck(
    .durability, "offset-is-place", "an acknowledgement names the place of the record"
  ) { world throws(CheckFailure) in
    var places: [UInt64: Int64] = [:]
    for number in 0..<20 {
      let sent = world.send(1 + number % 4)
      let base = try world.acknowledged(sent.batch)
      for (index, number) in sent.numbers.enumerated() { places[number] = base + Int64(index) }
    }
    for record in try world.read(.input) {
      let place = places[record.number ?? 0] ?? -1
      try require(record.offset, is: place, "record \(record.number ?? 0) stands at")
    }
  },
  ConformanceCheck(
    .durability, "no-record-from-nowhere", "nothing is read that was not sent"
  ) { world throws(CheckFailure) in
    try require(try world.endOffsets(.input), is: [0, 0], "a fresh topic ends at")
    let numbers = try world.put(7)
    try require(try world.read(.input).numbers, is: numbers, "the log holds")
  },
]
