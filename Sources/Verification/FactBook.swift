import Model

/// Collects facts while the history is read.
final class FactBook {
  private var facts: [String: Fact] = [:]

  func add(
    _ id: String, count: Int = 1, event: EventID? = nil, _ make: () -> Case
  ) {
    var fact = facts[id] ?? Fact(id: id)
    fact.count += count
    if fact.cases.count < Fact.toldCases {
      fact.cases.append(make())
    } else if let event, fact.others.count < Fact.listedCases {
      fact.others.append(event)
    }
    facts[id] = fact
  }

  func addCause(_ id: String, _ cause: String) {
    guard var fact = facts[id] else { return }
    if let place = fact.causes.firstIndex(where: { $0.id == cause }) {
      fact.causes[place].count += 1
    } else {
      fact.causes.append(.init(id: cause, count: 1))
    }
    facts[id] = fact
  }

  func inOrder() -> [Fact] { catalogue.compactMap { facts[$0.id] } }
}
