import Backbones
import Model

let restartChecks = [
  ConformanceCheck(
    .restart, "acknowledged-survives", "acknowledged records are there after a crash",
    needs: [.nodes]
  ) { world throws(CheckFailure) in
    var numbers: [UInt64] = []
    for _ in 0..<40 { numbers += try world.put(2) }
    try crash(world)
    try require(try world.read(.input).numbers, is: numbers, "after the restart the log holds")
  },
  ConformanceCheck(
    .restart, "committed-survives", "a committed transaction is there after a crash",
    needs: [.nodes]
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    let numbers = try world.put(3, from: sink, to: .results, transaction: 1)
    try world.commit(1, positions: [2, 2], snapshot: 1)
    try crash(world)
    try require(try world.read(.results).numbers, is: numbers, "a committed-only reader sees")
  },
  ConformanceCheck(
    .restart, "aborted-stays-hidden", "an aborted transaction stays so over a crash",
    needs: [.nodes]
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    try world.put(3, from: sink, to: .results, transaction: 1)
    try world.abort(1)
    try crash(world)
    try require(try world.read(.results).numbers, is: [], "a committed-only reader sees")
  },
  ConformanceCheck(
    .restart, "positions-survive", "committed positions are there after a crash",
    needs: [.nodes]
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    try world.commit(1, positions: [6, 5], snapshot: 4)
    try crash(world)
    let found = try world.positions()
    try require(found.positions, is: [6, 5], "the positions are")
    try require(found.snapshot, is: 4, "the snapshot is")
  },
  ConformanceCheck(
    .restart, "clients-go-on", "what was sent to a dead node is acknowledged after its restart",
    needs: [.nodes]
  ) { world throws(CheckFailure) in
    var numbers = try world.put(2)
    try world.control(.crash)
    let sent = (0..<3).map { _ in world.send(2) }
    try world.idle(700 * .millisecond)
    try require(!sent.contains { world.isAnswered($0.batch) }, "a dead node answered")
    try world.control(.restart)
    for one in sent {
      try world.acknowledged(one.batch)
      numbers += one.numbers
    }
    try require(try world.read(.input).numbers, is: numbers, "the log holds")
  },
  ConformanceCheck(
    .restart, "in-flight-once", "what was on its way at a crash stands in the log once",
    needs: [.nodes]
  ) { world throws(CheckFailure) in
    var sent: [Sent] = []
    for _ in 0..<30 {
      sent.append(world.send(2))
      try world.idle(150 * .microsecond)
    }
    try crash(world)
    for one in sent { try world.acknowledged(one.batch) }
    let read = try world.read(.input).numbers
    try require(read, is: sent.flatMap(\.numbers), "the log holds")
  },
  ConformanceCheck(
    .restart, "offsets-go-on", "records after a restart stand behind those of before",
    needs: [.nodes]
  ) { world throws(CheckFailure) in
    try world.put(5)
    try crash(world)
    let sent = world.send(1)
    try require(try world.acknowledged(sent.batch), is: 5, "the acknowledged offset is")
  },
  ConformanceCheck(
    .restart, "twice", "two crashes lose no more than one", needs: [.nodes]
  ) { world throws(CheckFailure) in
    var numbers: [UInt64] = []
    for _ in 0..<2 {
      for _ in 0..<5 { numbers += try world.put(2) }
      try crash(world)
    }
    try require(try world.read(.input).numbers, is: numbers, "the log holds")
  },
]

private func crash(_ world: ConformanceWorld) throws(CheckFailure) {
  try world.control(.crash)
  try world.idle(200 * .millisecond)
  try world.control(.restart)
}

let pauseChecks = [
  ConformanceCheck(
    .pause, "no-answers", "a node that stands still answers nothing", needs: [.nodes]
  ) { world throws(CheckFailure) in
    try world.control(.pause)
    let sent = world.send(1)
    try world.idle(300 * .millisecond)
    try require(!world.isAnswered(sent.batch), "a batch was acknowledged during the pause")
    try world.control(.resume)
    try world.acknowledged(sent.batch)
  },
  ConformanceCheck(
    .pause, "nothing-lost", "a short pause loses nothing and keeps the order", needs: [.nodes]
  ) { world throws(CheckFailure) in
    try checkPause(world, for: 200 * .millisecond)
  },
  ConformanceCheck(
    .pause, "longer-than-patience",
    "a pause in which clients repeat their requests leaves no second copies", needs: [.nodes]
  ) { world throws(CheckFailure) in
    try checkPause(world, for: 1_700 * .millisecond)
  },
  ConformanceCheck(
    .pause, "transactions-go-on", "a transaction that was open can be committed afterwards",
    needs: [.nodes]
  ) { world throws(CheckFailure) in
    try world.initTransactions()
    let numbers = try world.put(2, from: sink, to: .results, transaction: 1)
    try world.control(.pause)
    try world.idle(300 * .millisecond)
    try world.control(.resume)
    try world.commit(1)
    try require(try world.read(.results).numbers, is: numbers, "a committed-only reader sees")
  },
]

private func checkPause(
  _ world: ConformanceWorld, for length: Nanoseconds
) throws(CheckFailure) {
  var sent = [world.send(2), world.send(2)]
  try world.control(.pause)
  for _ in 0..<4 { sent.append(world.send(2)) }
  try world.idle(length)
  try world.control(.resume)
  for one in sent { try world.acknowledged(one.batch) }
  try require(
    try world.read(.input).numbers, is: sent.flatMap(\.numbers), "the log holds")
}
