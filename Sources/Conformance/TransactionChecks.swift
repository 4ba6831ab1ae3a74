import Backbones
import Model

let transactionChecks = [
  ConformanceCheck(
    .transactions, "committed-visible", "records of a committed transaction are read"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    let numbers = try world.put(3, from: sink, to: .results, transaction: 1)
    try world.commit(1)
    try require(try world.read(.results).numbers, is: numbers, "a committed-only reader sees")
  },
  ConformanceCheck(
    .transactions, "aborted-hidden", "records of an aborted transaction are never read"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    try world.put(3, from: sink, to: .results, transaction: 1)
    try world.abort(1)
    try require(try world.read(.results).numbers, is: [], "a committed-only reader sees")
  },
  ConformanceCheck(
    .transactions, "abort-then-commit", "an abort does not touch the next transaction"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    try world.put(2, from: sink, to: .results, transaction: 1)
    try world.abort(1)
    let numbers = try world.put(2, from: sink, to: .results, transaction: 2)
    try world.commit(2)
    try world.put(2, from: sink, to: .results, transaction: 3)
    try world.abort(3)
    try require(try world.read(.results).numbers, is: numbers, "a committed-only reader sees")
  },
  ConformanceCheck(
    .transactions, "all-partitions", "a commit covers every partition that was written to"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    var sent: [[UInt64]] = []
    for partition in 0..<2 {
      sent.append(
        try world.put(2, from: sink, to: .results, partition: partition, transaction: 1))
    }
    try world.commit(1)
    for partition in 0..<2 {
      let read = try world.read(.results, partition: partition).numbers
      try require(read, is: sent[partition], "partition \(partition) holds")
    }
  },
  ConformanceCheck(
    .transactions, "abort-covers-partitions", "an abort covers every partition, too"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    for partition in 0..<2 {
      try world.put(2, from: sink, to: .results, partition: partition, transaction: 1)
    }
    try world.abort(1)
    for partition in 0..<2 {
      let read = try world.read(.results, partition: partition).numbers
      try require(read, is: [], "partition \(partition) shows")
    }
  },
  ConformanceCheck(
    .transactions, "empty-commit", "a transaction without records can be committed"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    try world.commit(1, positions: [4, 5], snapshot: 2)
    try require(try world.positions().positions, is: [4, 5], "the positions are")
  },
  ConformanceCheck(
    .transactions, "commit-repeated", "a commit whose answer was lost is carried out once",
    needs: [.wire]
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    let numbers = try world.put(3, from: sink, to: .results, transaction: 1)
    try world.onWire(.sink, .response, .other, .drop)
    try world.commit(1)
    try require(try world.read(.results).numbers, is: numbers, "a committed-only reader sees")
  },
  ConformanceCheck(
    .transactions, "many-in-a-row", "each of many transactions is decided by itself"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    var due: [UInt64] = []
    for number in 1...20 as ClosedRange<UInt64> {
      let sent = try world.put(2, from: sink, to: .results, transaction: number)
      if number % 3 == 0 {
        try world.abort(number)
      } else {
        try world.commit(number)
        due += sent
      }
    }
    try require(try world.read(.results).numbers, is: due, "a committed-only reader sees")
  },
]

let visibilityChecks = [
  ConformanceCheck(
    .transactions, "open-hidden", "records of an open transaction are not read"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    try world.put(3, from: sink, to: .results, transaction: 1)
    try require(try world.peek(.results).numbers, is: [], "a committed-only reader sees")
  },
  ConformanceCheck(
    .transactions, "open-holds-back",
    "records behind an open transaction wait for its end, and then come in order"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    let first = try world.put(2, from: sink, to: .results, transaction: 1)
    let other = try world.put(2, from: ClientID(.producer, 0), to: .results)
    try require(try world.peek(.results).numbers, is: [], "a committed-only reader sees")
    try world.commit(1)
    try require(try world.read(.results).numbers, is: first + other, "after the commit it sees")
  },
  ConformanceCheck(
    .transactions, "uncommitted-reader", "a reader that wants everything sees open records"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    let numbers = try world.put(3, from: sink, to: .results, transaction: 1)
    let read = try world.peek(.results, committedOnly: false).numbers
    try require(read, is: numbers, "it sees")
  },
  ConformanceCheck(
    .transactions, "reader-passes-end", "a reader gets past the end of an aborted transaction"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    try world.put(3, from: sink, to: .results, transaction: 1)
    try world.abort(1)
    let start = try world.endOffsets(.results)[0]
    let numbers = try world.put(1, from: sink, to: .results, transaction: 2)
    try world.commit(2)
    try require(
      try world.read(.results, from: start).numbers, is: numbers, "from offset \(start) it sees")
  },
]

let fencingChecks = [
  ConformanceCheck(
    .fencing, "successor-aborts", "a new instance aborts what an older one left open"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    try world.put(3, from: sink, to: .results, transaction: 1)
    world.ask(.close(sink))
    try world.initTransactions()
    try require(try world.read(.results).numbers, is: [], "a committed-only reader sees")
  },
  ConformanceCheck(
    .fencing, "successor-works", "a new instance writes and commits"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    try world.put(3, from: sink, to: .results, transaction: 1)
    world.ask(.close(sink))
    try world.initTransactions()
    let numbers = try world.put(2, from: sink, to: .results, transaction: 2)
    try world.commit(2)
    try require(try world.read(.results).numbers, is: numbers, "a committed-only reader sees")
  },
  ConformanceCheck(
    .fencing, "late-write", "a write of an older instance that arrives late has no effect",
    needs: [.wire]
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    try world.onWire(.sink, .request, .produce, .delay(400 * .millisecond))
    world.send(2, from: sink, to: .results, transaction: 1)
    try world.idle(10 * .millisecond)
    world.ask(.close(sink))
    try world.initTransactions()
    let numbers = try world.put(2, from: sink, to: .results, transaction: 2)
    try world.idle(800 * .millisecond)
    try world.commit(2)
    try require(try world.read(.results).numbers, is: numbers, "a committed-only reader sees")
  },
  ConformanceCheck(
    .fencing, "late-commit", "nor has a commit of an older instance", needs: [.wire]
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    try world.put(2, from: sink, to: .results, transaction: 1)
    try world.onWire(.sink, .request, .other, .delay(400 * .millisecond))
    world.ask(.commit(sink, transaction: 1, positions: [9, 9], snapshot: 9))
    try world.idle(10 * .millisecond)
    world.ask(.close(sink))
    try world.initTransactions()
    let numbers = try world.put(1, from: sink, to: .results, transaction: 2)
    try world.idle(800 * .millisecond)
    try world.commit(2, positions: [1, 1], snapshot: 1)
    try require(try world.read(.results).numbers, is: numbers, "a committed-only reader sees")
    try require(try world.positions().positions, is: [1, 1], "the positions are")
  },
]

let positionChecks = [
  ConformanceCheck(
    .positions, "begin-at-zero", "a fresh group stands at zero, with no snapshot"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    let found = try world.positions()
    try require(found.positions, is: [0, 0], "the positions are")
    try require(found.snapshot, is: 0, "the snapshot is")
  },
  ConformanceCheck(
    .positions, "commit-with-transaction", "a commit moves the positions that it carries"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    try world.put(1, from: sink, to: .results, transaction: 1)
    try world.commit(1, positions: [7, 3], snapshot: 4)
    try require(try world.positions().positions, is: [7, 3], "the positions are")
  },
  ConformanceCheck(
    .positions, "snapshot-travels", "the number of a snapshot comes back with its positions"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    try world.commit(1, positions: [1, 1], snapshot: 11)
    try world.commit(2, positions: [2, 2], snapshot: 12)
    try require(try world.positions().snapshot, is: 12, "the snapshot is")
  },
  ConformanceCheck(
    .positions, "not-before-commit", "an open transaction moves no position"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    try world.commit(1, positions: [1, 2], snapshot: 1)
    try world.put(1, from: sink, to: .results, transaction: 2)
    try require(try world.positions().positions, is: [1, 2], "the positions are")
  },
  ConformanceCheck(
    .positions, "abort-leaves", "an abort moves no position"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    try world.commit(1, positions: [1, 2], snapshot: 1)
    try world.put(1, from: sink, to: .results, transaction: 2)
    try world.abort(2)
    let found = try world.positions()
    try require(found.positions, is: [1, 2], "the positions are")
    try require(found.snapshot, is: 1, "the snapshot is")
  },
  ConformanceCheck(
    .positions, "outside-of-transactions", "positions can be committed by themselves"
  ) { world throws(CheckFailure) in
    try world.commitPositions([5, 6], snapshot: 3)
    let found = try world.positions()
    try require(found.positions, is: [5, 6], "the positions are")
    try require(found.snapshot, is: 3, "the snapshot is")
  },
  ConformanceCheck(
    .positions, "successor-finds-them", "a new instance finds the positions of the last commit"
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    try world.commit(1, positions: [3, 4], snapshot: 2)
    world.ask(.close(sink))
    try world.initTransactions()
    let found = try world.positions()
    try require(found.positions, is: [3, 4], "the positions are")
    try require(found.snapshot, is: 2, "the snapshot is")
  },
]
