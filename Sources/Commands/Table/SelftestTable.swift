import Model

extension CommandSpec {
  static let selftest = CommandSpec(
    ["selftest"], section: "TRUST", "Weir held against itself", members: [selftestDeterminism])

  static let selftestDeterminism = CommandSpec(
    ["selftest", "determinism"], "the same bytes everywhere",
    details: [
      "Draws configurations of every workload (query, sources, rate, partitions, seed) and blocks "
        + "of events anywhere in them, and makes each four times: here, on other threads, in "
        + "another order after a restart in the middle, by the lanes of a shard alone, and in a "
        + "fresh process. Not one byte may differ. --with names another build of weir for the "
        + "fresh process, such as a debug one."
    ],
    options: [
      OptionSpec("cases", .text("N"), "configurations to draw", standard: "2000"),
      OptionSpec(
        "seed", .count("N", 0...UInt64.max, words: []), "seed of the draws", standard: "1"),
      OptionSpec("with", .path("WEIR"), "the program of the fresh process", standard: "this one"),
      OptionSpec("digests", "print the digest of each case, for another process to compare"),
    ],
    examples: [
      ExampleSpec("weir selftest determinism", "2,000 cases"),
      ExampleSpec(
        "weir selftest determinism --cases 200 --with .build/debug/weir", "release and debug"),
    ],
    exits: [
      ExitMeaning(.holds, "no byte differs"),
      ExitMeaning(.violated, "some do: the first case is named"),
    ])
}
