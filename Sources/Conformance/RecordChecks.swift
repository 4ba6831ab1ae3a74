import Backbones
import Model

let recordChecks = [
  ConformanceCheck(
    .records, "bytes-unchanged", "any byte may stand in a key and in a value"
  ) { world throws(CheckFailure) in
    let all = (0...255).map { UInt8($0) }
    try checkUnchanged(
      world, [Sample(key: all, value: all.reversed()), Sample(key: [0], value: [0, 255])])
  },
  ConformanceCheck(
    .records, "empty", "an empty value is a record, with and without key"
  ) { world throws(CheckFailure) in
    try checkUnchanged(
      world,
      [Sample(key: nil, value: []), Sample(key: [1], value: []), Sample(key: nil, value: [])])
  },
  ConformanceCheck(
    .records, "empty-key", "an empty key is another thing than none"
  ) { world throws(CheckFailure) in
    try checkUnchanged(world, [Sample(key: [], value: [1]), Sample(key: nil, value: [2])])
  },
  ConformanceCheck(
    .records, "large", "a record of 900,000 bytes comes back as it was sent"
  ) { world throws(CheckFailure) in
    let value = (0..<900_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    try checkUnchanged(
      world, [Sample(7), Sample(key: [1, 2], value: value), Sample(8)])
  },
  ConformanceCheck(
    .records, "large-key", "so does a key of 10,000 bytes"
  ) { world throws(CheckFailure) in
    let key = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 >> 2) }
    try checkUnchanged(world, [Sample(key: key, value: [1])])
  },
  ConformanceCheck(
    .records, "many", "a batch of 5,000 records is read to its end"
  ) { world throws(CheckFailure) in
    let numbers = try world.put(5_000)
    try require(try world.read(.input).numbers, is: numbers, "the log holds")
  },
  ConformanceCheck(
    .records, "equal-records", "two records that are equal are two records"
  ) { world throws(CheckFailure) in
    try checkUnchanged(world, Array(repeating: Sample(key: [1], value: [2]), count: 4))
  },
]

private func checkUnchanged(
  _ world: ConformanceWorld, _ samples: [Sample]
) throws(CheckFailure) {
  for sample in samples {
    let batch = world.batch([sample])
    world.ask(.submit(ClientID(.producer, 0), .input, [batch], transaction: 0))
    try world.acknowledged(batch)
  }
  let read = try world.read(.input)
  try require(read.count, is: samples.count, "the number of records read is")
  for (seen, sample) in zip(read, samples) {
    try require(seen.key, is: sample.key, "the key at offset \(seen.offset) is")
    try require(seen.value, is: sample.value, "the value at offset \(seen.offset) is")
  }
}

let readingChecks = [
  ConformanceCheck(
    .reading, "end-offsets", "end offsets count what was written"
  ) { world throws(CheckFailure) in
    try world.put(3)
    try world.put(4, partition: 1)
    try world.put(2)
    try require(try world.endOffsets(.input), is: [5, 4], "the partitions end at")
  },
  ConformanceCheck(
    .reading, "from-the-middle", "a poll from the middle of a batch gives the records from there"
  ) { world throws(CheckFailure) in
    let numbers = try world.put(6)
    let read = try world.read(.input, from: 4)
    try require(read.numbers, is: Array(numbers[4...]), "from offset 4 there are")
    try require(read.map(\.offset), is: [4, 5], "their offsets are")
  },
  ConformanceCheck(
    .reading, "again", "the same offset gives the same records again"
  ) { world throws(CheckFailure) in
    try world.put(3)
    try world.put(3)
    let first = try world.read(.input)
    try require(try world.read(.input), is: first, "the second reading is")
  },
  ConformanceCheck(
    .reading, "waits", "a poll at the end is answered by what comes next"
  ) { world throws(CheckFailure) in
    try world.put(2)
    world.ask(.poll(reader, .input, partition: 0, offset: 2, committedOnly: true))
    try world.idle(20 * .millisecond)
    let numbers = try world.put(1)
    var (seen, next) = try world.polled(.input, 0, as: reader)
    while next < 3 {
      (seen, next) = try world.poll(.input, 0, from: next, true, as: reader)
    }
    try require(seen.numbers, is: numbers, "it is answered with")
  },
  ConformanceCheck(
    .reading, "nothing-old", "a poll at the end never gives what stands before it"
  ) { world throws(CheckFailure) in
    try world.put(4)
    try require(try world.peek(.input, from: 4).numbers, is: [], "at offset 4 there are")
  },
  ConformanceCheck(
    .reading, "two-readers", "two readers of a partition both see everything"
  ) { world throws(CheckFailure) in
    try world.put(3)
    try world.put(2)
    let one = try world.read(.input, as: ClientID(.consumer, 0))
    try require(try world.read(.input), is: one, "the other sees")
  },
  ConformanceCheck(
    .reading, "next-offset", "where to read on is behind the last record that was given"
  ) { world throws(CheckFailure) in
    try world.put(3)
    let (seen, next) = try world.poll(.input, 0, from: 0, true, as: reader)
    try require(next, is: (seen.last?.offset ?? -1) + 1, "the next offset is")
  },
]

let clientChecks = [
  ConformanceCheck(
    .clients, "closed-is-silent", "a client that was closed gets no more answers"
  ) { world throws(CheckFailure) in
    let consumer = ClientID(.consumer, 0)
    world.ask(.poll(consumer, .input, partition: 0, offset: 0, committedOnly: true))
    world.ask(.close(consumer))
    try world.put(2)
    try world.idle(100 * .millisecond)
    let isAnswered = world.holds { completion in
      if case .polled(consumer, _, _, _, _) = completion { true } else { false }
    }
    try require(!isAnswered, "a poll of before was answered")
  },
  ConformanceCheck(
    .clients, "comes-back", "a client that was closed can be used again"
  ) { world throws(CheckFailure) in
    let consumer = ClientID(.consumer, 0)
    let numbers = try world.put(2)
    _ = try world.read(.input, as: consumer)
    world.ask(.close(consumer))
    try require(try world.read(.input, as: consumer).numbers, is: numbers, "it sees")
  },
  ConformanceCheck(
    .clients, "writer-comes-back",
    "a client that was closed with a request under way can write again", needs: [.wire]
  ) { world throws(CheckFailure) in
    let producer = ClientID(.producer, 0)
    try world.put(2)
    try world.onWire(.producer, .request, .produce, .drop)
    world.send(1)
    world.ask(.close(producer))
    let numbers = try world.put(3)
    try require(Array(try world.read(.input).numbers.dropFirst(2)), is: numbers, "it adds")
  },
  ConformanceCheck(
    .clients, "others-go-on", "the end of one client is no matter to another"
  ) { world throws(CheckFailure) in
    let sent = world.send(2)
    world.ask(.close(ClientID(.consumer, 0)))
    try world.acknowledged(sent.batch)
    try require(try world.read(.input).numbers, is: sent.numbers, "the log holds")
  },
]
