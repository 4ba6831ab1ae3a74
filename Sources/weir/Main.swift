import Harness
import Model
import Scenarios
@main struct Main { static func main() throws {
  try probe(rate: 100_000, seconds: 50, slots: 2, partitions: 4, parameters: [.init(name: "cards", value: .count(100_000)), .init(name: "again_every", value: .count(0)), .init(name: "velocity_window", value: .duration(1200 * .millisecond)), .init(name: "drain_window", value: .duration(30 * .second))])
} }
