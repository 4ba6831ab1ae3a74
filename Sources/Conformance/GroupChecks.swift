import Backbones
import Model

let groupChecks = [
  ConformanceCheck(
    .groups, "sole-member", "the only member of a group reads every partition"
  ) { world throws(CheckFailure) in
    let given = try world.join(0)
    try require(given.partitions, is: [0, 1], "it is assigned")
  },
  ConformanceCheck(
    .groups, "join", "a member that joins takes partitions over, and no two have the same"
  ) { world throws(CheckFailure) in
    let alone = try world.join(0)
    world.ask(.join(member(1), keepsPlace: false))
    try world.revoked(0, alone.generation)
    try requireDivided(try world.settled([0, 1]), after: alone.generation)
  },
  ConformanceCheck(
    .groups, "more-members-than-partitions",
    "a member for which there is no partition has none, and the others keep apart"
  ) { world throws(CheckFailure) in
    for number in 0..<3 { world.ask(.join(member(number), keepsPlace: false)) }
    let division = try world.settled([0, 1, 2])
    try requireDivided(division, after: 0)
    try require(division.filter(\.partitions.isEmpty).count, is: 1, "members without a partition")
  },
  ConformanceCheck(
    .groups, "leave", "what a member that leaves has read goes to the others at once"
  ) { world throws(CheckFailure) in
    let before = try world.joined([0, 1])
    let left = world.now
    world.ask(.leave(member(0)))
    let given = try world.assignment(1, after: before)
    try require(given.partitions, is: [0, 1], "the one that is left is assigned")
    try require(
      world.now - left < 4 * .second, "it took as long as for one that says nothing")
  },
  ConformanceCheck(
    .groups, "take-over", "what a member that was killed has read goes to the others"
  ) { world throws(CheckFailure) in
    let before = try world.joined([0, 1])
    world.ask(.close(member(0)))
    let given = try world.assignment(1, after: before)
    try require(given.partitions, is: [0, 1], "the one that is left is assigned")
  },
  ConformanceCheck(
    .groups, "keeps-place",
    "a member that keeps its place comes back to it, and the others notice nothing"
  ) { world throws(CheckFailure) in
    for number in 0..<2 { world.ask(.join(member(number), keepsPlace: true)) }
    let division = try world.settled([0, 1])
    world.ask(.close(member(0)))
    world.ask(.join(member(0), keepsPlace: true))
    let again = try world.assignment(0, after: -1)
    try require(again.partitions, is: division[0].partitions, "it is assigned")
    try require(again.generation, is: division[0].generation, "its division is")
    try world.idle(1_200 * .millisecond)
    let disturbed = world.holds {
      if case .revoked(member(1), _) = $0 { true } else { false }
    }
    try require(!disturbed, "the other member lost its partitions")
  },
  ConformanceCheck(
    .groups, "reads-what-it-has", "a member is given the records of its partitions"
  ) { world throws(CheckFailure) in
    var sent: [[UInt64]] = []
    for partition in 0..<2 { sent.append(try world.put(4, partition: partition)) }
    _ = try world.join(0)
    for partition in 0..<2 {
      let read = try world.read(.input, partition: partition, as: member(0)).numbers
      try require(read, is: sent[partition], "of partition \(partition) it reads")
    }
  },
]

let groupCommitChecks = [
  ConformanceCheck(
    .groups, "commit", "a transaction commits the positions of the members it works for"
  ) { world throws(CheckFailure) in
    let members = try world.joined([0, 1])
    try world.initTransactions()
    let numbers = try world.put(2, from: sink, to: .results, transaction: 1)
    let outcome = try world.commitAs(members, 1, positions: [3, 4], snapshot: 5)
    try require(outcome, is: .acknowledged(base: 0), "the commit ended as")
    try require(try world.positions().positions, is: [3, 4], "the positions are")
    try require(try world.positions().snapshot, is: 5, "the snapshot is")
    try require(try world.read(.results).numbers, is: numbers, "a committed-only reader sees")
  },
  ConformanceCheck(
    .groups, "old-generation", "a commit of an older division of the partitions is refused"
  ) { world throws(CheckFailure) in
    let alone = try world.join(0)
    try world.initTransactions()
    let first = try world.commitAs([alone], 1, positions: [1, 1], snapshot: 1)
    try require(first, is: .acknowledged(base: 0), "the commit of a member ended as")
    try world.put(2, from: sink, to: .results, transaction: 2)
    world.ask(.join(member(1), keepsPlace: false))
    _ = try world.settled([0, 1])
    let outcome = try world.commitAs([alone], 2, positions: [9, 9], snapshot: 9)
    try requireRefused(world, outcome)
  },
  ConformanceCheck(
    .groups, "dead-member", "a commit for a member that was taken for dead is refused"
  ) { world throws(CheckFailure) in
    let before = try world.joined([0, 1])
    try world.initTransactions()
    let first = try world.commitAs(before, 1, positions: [1, 1], snapshot: 1)
    try require(first, is: .acknowledged(base: 0), "the commit of members ended as")
    try world.put(2, from: sink, to: .results, transaction: 2)
    world.ask(.close(member(0)))
    _ = try world.assignment(1, after: before)
    let outcome = try world.commitAs([before[0]], 2, positions: [9, 9], snapshot: 9)
    try requireRefused(world, outcome)
  },
  ConformanceCheck(
    .groups, "goes-on", "who takes over goes on where the last commit was, and nothing is left out"
  ) { world throws(CheckFailure) in
    let numbers = try world.put(6)
    let first = try world.join(0)
    try world.initTransactions()
    let (seen, next) = try world.poll(.input, 0, from: 0, true, as: member(0))
    try require(seen.numbers, is: Array(numbers.prefix(seen.count)), "the first one reads")
    let outcome = try world.commitAs([first], 1, positions: [next, 0], snapshot: 1)
    try require(outcome, is: .acknowledged(base: 0), "its commit ended as")
    let later = try world.put(3)
    world.ask(.leave(member(0)))
    _ = try world.join(1)
    let found = try world.positions().positions
    try require(found, is: [next, 0], "the positions are")
    let rest = try world.read(.input, from: found[0], as: member(1)).numbers
    try require(seen.numbers + rest, is: numbers + later, "both together read")
  },
]

private func member(_ number: Int) -> ClientID { ClientID(.consumer, number) }

/// Every partition has one reader, and the division is a new one.
private func requireDivided(
  _ division: [Membership], after generation: Int64
) throws(CheckFailure) {
  try require(division.flatMap(\.partitions).sorted(), is: [0, 1], "partitions that are read")
  try require(
    division.allSatisfy { $0.generation > generation },
    "the division has not a greater number than \(generation)")
}

/// The commit had no effect: neither on positions nor on results.
private func requireRefused(
  _ world: ConformanceWorld, _ outcome: Outcome
) throws(CheckFailure) {
  guard case .failed = outcome else { throw .violated("the commit ended as \(outcome)") }
  try require(try world.positions().positions, is: [1, 1], "the positions are")
  try require(try world.read(.results).numbers, is: [], "a committed-only reader sees")
}

extension ConformanceWorld {
  /// Joins and waits for the partitions of a member.
  fileprivate func join(_ number: Int) throws(CheckFailure) -> Membership {
    ask(.join(member(number), keepsPlace: false))
    return try assignment(number, after: -1)
  }

  /// Lets members join and waits until they have divided the partitions.
  fileprivate func joined(_ numbers: [Int]) throws(CheckFailure) -> [Membership] {
    for number in numbers { ask(.join(member(number), keepsPlace: false)) }
    return try settled(numbers)
  }

  /// The next assignment of a member of a division later than the one given.
  fileprivate func assignment(
    _ number: Int, after generation: Int64
  ) throws(CheckFailure) -> Membership {
    try answer("a member's request for partitions") { completion in
      if case .assigned(let given) = completion, given.client == member(number),
        given.generation > generation
      {
        return given
      }
      return nil
    }
  }

  fileprivate func assignment(
    _ number: Int, after before: [Membership]
  ) throws(CheckFailure) -> Membership {
    try assignment(number, after: before.map(\.generation).max() ?? -1)
  }

  /// Waits until all of these belong to one division; older divisions on the way are passed over.
  fileprivate func settled(_ numbers: [Int]) throws(CheckFailure) -> [Membership] {
    var given: [Membership] = []
    for number in numbers { given.append(try assignment(number, after: -1)) }
    while true {
      let newest = given.map(\.generation).max() ?? -1
      guard let behind = given.firstIndex(where: { $0.generation < newest }) else { return given }
      given[behind] = try assignment(
        Int(given[behind].client.index), after: given[behind].generation)
    }
  }

  fileprivate func revoked(_ number: Int, _ generation: Int64) throws(CheckFailure) {
    _ = try answer("a taking back of partitions") { (completion) -> Bool? in
      if case .revoked(member(number), generation) = completion { true } else { nil }
    }
  }

  fileprivate func commitAs(
    _ members: [Membership], _ transaction: UInt64, positions: [Int64], snapshot: UInt64
  ) throws(CheckFailure) -> Outcome {
    ask(
      .commitAs(
        members, sink, transaction: transaction, positions: positions, snapshot: snapshot))
    return try commitOutcome(transaction)
  }
}
