import Model
import Scenarios
import Testing

/// The mistakes of the reference, each as it is shown.
@Suite struct TypicalMistakeTests {
  @Test func `four mistakes are told at once, with place, caret and advice`() {
    let text = """
      # Demonstrates: mistakes.
      weir: 1
      seed: banana
      workload: {kind: fraud-detecton}
      load: {shape: constant, rat: 20k/s}
      phases: {measure: 5m}

      """
    let shown = """
      try.yaml:3:7: error: seed: 'banana' is not a seed
         3 | seed: banana
           |       ^~~~~~ a whole number from 0 to 2^64 - 1, digits only
      try.yaml:4:18: error: workload.kind: no such choice: 'fraud-detecton'
         4 | workload: {kind: fraud-detecton}
           |                  ^~~~~~~~~~~~~~ did you mean 'fraud-detection'?
      try.yaml:5:25: error: unknown key 'rat' in load
         5 | load: {shape: constant, rat: 20k/s}
           |                         ^~~ did you mean 'rate'?
      try.yaml:6:19: error: phases.measure: 'm' is no unit of time
         6 | phases: {measure: 5m}
           |                   ^~ minutes are written 5min

      """
    #expect(complaints(text) == shown)
    #expect(
      problemCountLine(4, file: "try.yaml")
        == "weir: 4 problems in try.yaml; nothing was run")
  }

  @Test func `a rate without unit is told how to be written`() {
    let text = file().replacing("20k/s", with: "20000")
    #expect(
      complaints(text) == """
        try.yaml:4:31: error: load.rate: '20000' has no unit; a rate is wanted
           4 | load: {shape: constant, rate: 20000}
             |                               ^~~~~ write 20000/s

        """)
  }

  @Test func `a ratio above one is taken for per cent`() {
    let text = file().replacing("-detection", with: "-detection, parameters: {fraud: 5}")
    #expect(
      complaints(text) == """
        try.yaml:3:55: error: workload.parameters.fraud: 5 is above 1
           3 | workload: {kind: fraud-detection, parameters: {fraud: 5}}
             |                                                       ^ did you mean 5%?

        """)
  }

  @Test func `a key given twice names both lines`() {
    let text = file("sink: {kind: append}", "seed: 3", "sink: {kind: upsert}")
    #expect(
      complaints(text) == """
        try.yaml:7:1: error: 'sink' is given twice in the file
           7 | sink: {kind: upsert}
             | ^~~~ first given at line 5

        """)
  }

  @Test func `an anchor is refused where it stands`() {
    let text = file().replacing("\nload: {", with: "\nload: &l {")
    #expect(
      complaints(text) == """
        try.yaml:4:7: error: anchor '&l' is not allowed
           4 | load: &l {shape: constant, rate: 20k/s}
             |       ^~ write the value out

        """)
  }

  @Test func `a plain greater-than is explained and ends the reading`() {
    let block = file("expect:", "  throughput: >= 99%", "seed: banana")
    #expect(
      complaints(block) == """
        try.yaml:6:15: error: not YAML: a plain '>' begins a block of text; \
        the rest of the file was not read
           6 |   throughput: >= 99%
             |               ^ put quotes around it: ">= 99%"

        """)
    let flow = file("expect: {throughput: >= 99%}")
    #expect(complaints(flow).contains("not YAML: a plain '>' begins a block of text"))
    #expect(complaints(flow).contains("put quotes around it: \">= 99%\""))
  }

  @Test func `a fault that outlives the measure phase is called late`() {
    let text = file(
      "faults: {plan: [{kind: pause, target: broker, at: 50s, for: 20s}]}",
      "phases: {measure: 60s}")
    #expect(
      complaints(text) == """
        try.yaml:5:51: error: the fault ends at 70s, after the measure phase (60s)
           5 | faults: {plan: [{kind: pause, target: broker, at: 50s, for: 20s}]}
             |                                                   ^~~ \
        start it earlier, shorten it, or lengthen phases.measure

        """)
    #expect(complaints(text.replacing("for: 20s", with: "for: 10s")) == "")
    // With a faulty measure phase no fault is called late.
    let faulty = complaints(text.replacing("measure: 60s", with: "measure: 5m"))
    #expect(!faulty.contains("the fault ends"))
    #expect(faulty.contains("'m' is no unit of time"))
  }

  @Test func `a secret is refused and not shown`() {
    let text = file("backbone:", "  security: {user: bob, password: hunter2}")
    let shown = complaints(text)
    #expect(
      shown.contains(
        """
        try.yaml:6:35: error: backbone.security.password: a secret may not stand in a scenario
           6 |   security: {user: ***, password: *******}
             |                                   ^~~~~~~ write env:NAME or file:PATH
        """))
    #expect(!shown.contains("hunter2") && !shown.contains("bob"))
    let misspelt = complaints(file("backbone: {securty: {pasword: hunter2}}"))
    #expect(!misspelt.contains("hunter2"))
    let broken = complaints(file("backbone: {security: {password: hunter2: x}}"))
    #expect(broken.contains("not YAML") && !broken.contains("hunter2"))
    let set = complaints(file(), [.set("backbone.security.password=hunter2")])
    #expect(set.contains("--set 'backbone.security.password=*******':28: error"))
    #expect(!set.contains("hunter2"))
    let openSet = complaints(file(), [.set("backbone={security: {password: hunter2}")])
    #expect(openSet.contains("not YAML") && !openSet.contains("hunter2"))
  }

  @Test func `a backbone without transactions takes no transactional sink`() {
    let text = file("backbone: {kind: kinesis}", "sink: {kind: transactional}")
    #expect(
      complaints(text).contains(
        """
        try.yaml:6:14: error: backbone 'kinesis' has no transactions
           6 | sink: {kind: transactional}
             |              ^~~~~~~~~~~~~ use upsert: results are then idempotent
        """))
    #expect(
      !complaints(file("backbone: {kind: kinesis}", "sink: {kind: upsert}"))
        .contains("transactions"))
  }

  @Test func `a key without value is told to go`() {
    let text = file("resources:", "  slots:", "  partitions: 4")
    #expect(
      complaints(text) == """
        try.yaml:6:3: error: resources.slots has no value
           6 |   slots:
             |   ^~~~~ leave the key out to get the default

        """)
  }
}
