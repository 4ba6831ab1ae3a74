import Model
import Queries
import Scenarios
import Testing
import Workloads

/// What is open at a key.
private struct Held {
  var quantity: Int64
  var expiry: Int64
  var isHard = false
}

/// A key's stock, walked in event order with nothing but the sentences of the workload's page.
private struct Shelf {
  var onHand: Int64 = 0
  var open: [Int64: Held] = [:]
  var available: Int64 { onHand - open.values.reduce(0) { $0 + $1.quantity } }

  mutating func expire(before time: Int64) {
    open = open.filter { $0.value.isHard || $0.value.expiry > time }
  }
}

private let kinds = (reserve: Int64(0), confirm: Int64(1), release: Int64(2), ship: Int64(3))

private func trace(_ query: String, seconds: Int64, rate: Int64 = 20, seed: UInt64 = 1) throws
  -> (workload: Workload, events: [Event])
{
  let test = ShopCase(kind: "inventory", query: query, rate: rate, parameters: ShopCase.shop)
  let workload = try test.make(seed: seed)
  let blocks = Int(seconds * .second / 1_024 / .millisecond)
  let lanes = (0..<workload.source.laneCount).filter { workload.laneStream[$0] != nil }
  let all = lanes.flatMap { events(workload.source, blocks: 0..<blocks, lanes: $0..<$0 + 1) }
    .filter { !$0.key.isEmpty }
    .sorted { ($0.eventTime, $0.lane, $0.sequence) < ($1.eventTime, $1.lane, $1.sequence) }
  return (workload, all)
}

@Suite struct InventoryTests {
  /// Over several sales every move fits, nothing is oversold, nothing is open at a count.
  @Test func `a replay of the trace gives the shop's own decisions`() throws {
    let (workload, events) = try trace("stock", seconds: 1_200)
    var shelves: [[Int64]: Shelf] = [:]
    var counts = 0
    var accepted = 0
    var refused: Set<Int64> = []
    var released = 0
    for event in events {
      let time = event.eventTime / .millisecond
      var shelf = shelves[Array(event.columns[0...1])] ?? Shelf()
      shelf.expire(before: time)
      let quantity = event.columns[3]
      if workload.laneStream[event.lane] == 0 {
        switch event.columns[2] {
        case 0:
          #expect(shelf.open.isEmpty)
          shelf.onHand = quantity
          counts += 1
        case 1, 2: shelf.onHand += quantity
        default: #expect(quantity == 0)
        }
        #expect(shelf.available >= 0)
      } else {
        let reservation = event.columns[5]
        let held = shelf.open[reservation]
        switch event.columns[2] {
        case kinds.reserve:
          #expect(held == nil && quantity > 0 && event.columns[6] == 60_000)
          if quantity <= shelf.available {
            shelf.open[reservation] = Held(quantity: quantity, expiry: time + 60_000)
            accepted += 1
          } else {
            refused.insert(reservation)
          }
        case kinds.confirm:
          #expect(held?.isHard == false)
          shelf.open[reservation]?.isHard = true
        case kinds.release:
          #expect(held != nil)
          shelf.open[reservation] = nil
          released += 1
        case kinds.ship:
          #expect(held?.isHard == true)
          shelf.onHand -= held?.quantity ?? 0
          shelf.open[reservation] = nil
        default: #expect(quantity == 0)
        }
      }
      shelves[Array(event.columns[0...1])] = shelf
    }
    #expect(shelves.count == 256)
    #expect(counts >= 256 * 2)
    #expect(released > 100)
    // About one line in a hundred asks for more than there is.
    let share = Double(refused.count) / Double(refused.count + accepted)
    #expect(share > 0.003 && share < 0.03, "\(share)")
  }

  @Test func `every order is charged what it owes once all is over`() throws {
    let (workload, events) = try trace("outcome", seconds: 1_300)
    struct Account {
      var states: [Int64] = []
      var total: Int64 = 0
      var placed: Int64 = 0
      var captured: [Int64: Int64] = [:]
      var refunded: Int64 = 0
      var copies = 0
    }
    var accounts: [Int64: Account] = [:]
    let end = try #require(events.last).eventTime
    for event in events {
      var account = accounts[event.columns[0]] ?? Account()
      if workload.laneStream[event.lane] == 0 {
        if event.columns[1] == 0 { account.placed = event.eventTime }
        if event.columns[1] < 4 { account.states.append(event.columns[1]) }
        account.total = event.columns[2]
      } else if event.columns[1] == 1 {
        #expect(event.columns[2] == account.total)
        account.copies += 1
        account.captured[event.columns[3]] = event.columns[2]
      } else if event.columns[1] == 4 {
        account.refunded += event.columns[2]
      }
      accounts[event.columns[0]] = account
    }
    var judged = 0
    for account in accounts.values where account.placed < end - 400 * .second {
      judged += 1
      let captured = account.captured.values.reduce(0, +)
      let due = account.states.last == 1 ? account.total : 0
      #expect(captured - account.refunded == due)
      #expect(account.captured.count <= 1 && [1, 3].contains(max(account.copies, 1)))
      #expect(account.states[0] == 0 && account.states.count <= 3)
    }
    #expect(judged > 10_000)
  }

  @Test func `orders are of their kinds in the page's shares, at the page's times`() throws {
    let (_, events) = try trace("outcome", seconds: 360)
    var states: [Int64: [Event]] = [:]
    for event in events where event.lane / 2 == 3 {
      states[event.columns[0], default: []].append(event)
    }
    let old = try #require(events.first).eventTime + 150 * .second
    let first = states.values.filter { $0[0].eventTime < old }
    let abandoned = first.filter { $0.count == 1 }.count
    let share = Double(abandoned) / Double(first.count)
    #expect(abs(share - 0.176) < 0.02, "\(share)")
    let cancelled = first.filter { $0.count == 3 }.count
    #expect(abs(Double(cancelled) / Double(first.count) - 0.056) < 0.012)
    // Paid at the very end of the reservation: eight in a thousand.
    let boundary = first.filter {
      $0.count == 2 && $0[1].eventTime - $0[0].eventTime == 60 * .second
    }
    #expect(abs(Double(boundary.count) / Double(first.count) - 0.008) < 0.004)
  }

  @Test func `webhooks come as late as real ones, and some three times`() throws {
    let (workload, events) = try trace("outcome", seconds: 400)
    let main = events.filter { $0.lane / 2 == 2 }
    let copies = events.filter { $0.lane / 2 == 4 }
    let delays = main.map { $0.intendedAt - ($0.eventTime - start.ns) }.sorted()
    func quantile(_ share: Double) -> Double {
      Double(delays[Int(Double(delays.count) * share)]) / 1e9
    }
    for (share, seconds) in [(0.5, 0.30), (0.9, 0.84), (0.99, 1.93)] {
      #expect(
        quantile(share) > seconds / 1.5 && quantile(share) < seconds * 1.5,
        "\(share): \(quantile(share))")
    }
    let share = Double(copies.count) / Double(main.count + copies.count)
    #expect(abs(share - 0.0376) < 0.006, "\(share)")
    #expect(workload.lateLanes == [8, 9])
    var originals: [[Int64]: Event] = [:]
    for event in main where event.columns[1] == 1 { originals[event.columns] = event }
    for copy in copies where copy.columns[1] == 1 {
      let original = try #require(originals[copy.columns])
      #expect(original.eventTime == copy.eventTime)
      let gap = copy.intendedAt - original.intendedAt
      #expect(gap > 490 * .millisecond && gap < 4_010 * .millisecond)
    }
  }

  @Test func `a shop that charges twice does so under another number`() throws {
    var test = ShopCase(kind: "inventory", query: "outcome", rate: 20, parameters: ShopCase.shop)
    test.parameters.append(("double_charge", .count(500_000)))
    let workload = try test.make()
    var payments: [Int64: Set<Int64>] = [:]
    for event in events(workload.source, blocks: 0..<300, lanes: 4..<6) where event.columns[1] == 1
    {
      payments[event.columns[0], default: []].insert(event.columns[3])
    }
    let twice = payments.values.filter { $0.count == 2 }.count
    #expect(abs(Double(twice) / Double(payments.count) - 0.5) < 0.05)
  }

  @Test func `one key is asked for by as many orders as the parameter says`() throws {
    var test = ShopCase(kind: "inventory", query: "stock", rate: 20, parameters: ShopCase.shop)
    test.parameters.append(("hot_sku", .ratio(Ratio(3, 10))))
    let workload = try test.make(sources: 1)
    var asked: [Int64: Int] = [:]
    for event in events(workload.source, blocks: 0..<100, lanes: 1..<2) where event.columns[2] == 0
    {
      asked[event.columns[0], default: 0] += 1
    }
    let all = asked.values.reduce(0, +)
    #expect(Double(asked.values.max() ?? 0) / Double(all) > 0.3 / 1.9 * 0.9)
  }
}

/// Gates against the sales of a UK gift shop; figures as in the workload's page.
@Suite struct InventoryStatisticsTests {
  @Test func `a few keys sell as much as in the real shop`() throws {
    var test = ShopCase(kind: "inventory", query: "stock", rate: 40, parameters: ShopCase.shop)
    test.parameters[2] = ("skus", .count(3_774))
    let workload = try test.make(sources: 1)
    var lines: [Int64: Int] = [:]
    // Two sales of half the goods each.
    for event in events(workload.source, blocks: 0..<540, lanes: 1..<2) where event.columns[2] == 0
    {
      lines[event.columns[0], default: 0] += 1
    }
    let sorted = lines.values.sorted(by: >)
    let all = Double(sorted.reduce(0, +))
    func share(_ top: Int) -> Double { Double(sorted.prefix(top).reduce(0, +)) / all }
    for (top, measured) in [(1, 0.0051), (10, 0.037), (38, 0.101)] {
      #expect(share(top) > measured / 1.5 && share(top) < measured * 1.5, "\(top): \(share(top))")
    }
  }
}
