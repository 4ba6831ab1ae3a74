import Engines
import Model
import Queries
import Testing

/// A row when the key has been silent for a while; set off by its events (queries.md X-15).
private struct Silence: ProcessMachine {
  var length: Int64
  var isLate = false

  let width = 1
  let resultKey: [Int]? = nil

  func initialState() -> Int64 { 0 }

  func onEvent(_ row: MachineRow, _ state: inout Int64, _ actions: inout MachineActions) {
    actions.set(0, at: isLate ? actions.now - 1 : actions.now + length)
  }

  func onTimer(_ name: Int64, _ state: inout Int64, _ actions: inout MachineActions) {
    actions.emit([actions.now / Bench.unit])
  }
}

/// Tells what it sees, in order: events by their number, timers by minus their name. An event of
/// number n below 10 sets timers n and 20 + n for its own time, one of 10 or more takes back timer
/// n - 10; timer 7 sets itself again, five later.
private struct Witness: ProcessMachine {
  let width = 2
  let resultKey: [Int]? = [0]

  func initialState() -> [Int64] { [] }

  func onEvent(_ row: MachineRow, _ state: inout [Int64], _ actions: inout MachineActions) {
    let number = row[1] ?? 0
    state.append(number)
    if number < 10 {
      actions.set(number, at: actions.now)
      actions.set(20 + number, at: actions.now)
      actions.set(number, at: actions.now)
    } else {
      actions.cancel(number - 10)
    }
    tell(state, &actions)
  }

  func onTimer(_ name: Int64, _ state: inout [Int64], _ actions: inout MachineActions) {
    state.append(-name)
    if name == 7 { actions.set(7, at: actions.now + 5 * Bench.unit) }
    tell(state, &actions)
  }

  private func tell(_ state: [Int64], _ actions: inout MachineActions) {
    let digits = state.reduce(0) { ($0 &* 100) &+ $1 }
    actions.emit([Int64(state.count), digits])
  }
}

@Suite struct ProcessTests {
  /// A machine by itself, its events in order and time with them.
  private final class World<M: ProcessMachine> {
    let run = RunProgress()
    let faults = ProgramFaults()
    let process: ProcessOperator<M>
    let output: OutputOperator

    init(_ machine: M, replaces: Bool = false) {
      process = ProcessOperator(
        machine, key: [0], ProcessSettings(replaces: replaces, run: run, faults: faults))
      output = OutputOperator(
        width: machine.width, key: [0], value: Array(1..<machine.width), replaces: replaces)
      process.follow(with: output)
    }

    func push(_ row: Row) {
      run.greatest = max(run.greatest, row.time * Bench.unit)
      row.words(Bench.unit).withUnsafeBufferPointer { process.push($0.baseAddress!, nil) }
    }

    func advance(to time: Int64) { process.advance(to: time == .max ? .max : time * Bench.unit) }

    func take() -> [String] {
      output.take().map { $0.key.withUnsafeBytes(cellText) + $0.value.withUnsafeBytes(cellText) }
    }
  }

  @Test func `X-15: silence of ten, to the end of the run at 60`() {
    let world = World(Silence(length: unit(10)))
    for (number, time) in ([5, 20, 26, 36, 55] as [Int64]).enumerated() {
      world.push(Row(time, UInt64(number), [1, 0]))
    }
    world.run.greatest = unit(60)
    world.advance(to: .max)
    #expect(world.take() == ["[15][]", "[46][]"])
  }

  @Test func `a timer waits until the run is known to have come so far`() {
    let world = World(Silence(length: unit(10)))
    world.push(Row(5, 0, [1, 0]))
    world.advance(to: 40)
    #expect(world.take() == [], "markers alone do not make the run longer")
    world.push(Row(41, 1, [2, 0]))
    world.advance(to: 42)
    #expect(world.take() == ["[15][]"])
    world.advance(to: .max)
    #expect(world.take() == [])
  }

  @Test func `Q-96 and Q-97: events before timers of their instant, registered anew goes last`() {
    let world = World(Witness())
    world.push(Row(3, 0, [1, 1]))
    world.push(Row(3, 1, [1, 2]))
    world.push(Row(4, 2, [1, 12]))
    world.advance(to: .max)
    // Timers of 3 run before the event of 4.
    let seen: [Int64] = [1, 2, -21, -1, -22, -2, 12]
    let digits = seen.reduce(Int64(0)) { all, one in all * 100 + one }
    #expect(world.take().last == "[7][\(digits)]")
  }

  @Test func `Q-98: a timer in the past fails the run`() {
    let world = World(Silence(length: 1, isLate: true))
    world.push(Row(5, 0, [1, 0]))
    #expect(world.faults.failure?.hasPrefix("timer in the past") == true)
  }

  @Test func `Q-99: a timer that sets itself again stops at the end of the run`() {
    let world = World(Witness())
    world.push(Row(3, 0, [1, 7]))
    world.run.greatest = unit(18)
    world.advance(to: .max)
    // The event, 27, and 7 at 3, 8, 13 and 18.
    #expect(world.take().count == 6)
  }

  @Test func `Q-115: with corrections the last row of a key counts`() {
    let world = World(Witness(), replaces: true)
    world.push(Row(3, 0, [1, 11]))
    world.push(Row(3, 1, [2, 13]))
    #expect(world.take() == ["[1][13]"])
  }

  @Test func `Q-106: a restart at any event`() {
    var rows: [Row] = []
    for number in 0..<40 as Range<Int64> {
      rows.append(Row(number / 2, UInt64(number), [number % 3, number % 13]))
    }
    let whole = World(Witness())
    var due: [String] = []
    for row in rows {
      whole.advance(to: row.time)
      whole.push(row)
    }
    whole.advance(to: .max)
    due = whole.take()
    let stopped = World(Witness())
    var got: [String] = []
    for (place, row) in rows.enumerated() {
      stopped.advance(to: row.time)
      got += stopped.take()
      stopped.process.checkpoint(UInt64(place + 1))
      for ahead in rows[place..<min(place + 5, rows.count)] { stopped.push(ahead) }
      stopped.process.restore(UInt64(place + 1))
      _ = stopped.take()
      stopped.push(row)
      got += stopped.take()
    }
    stopped.advance(to: .max)
    #expect(got + stopped.take() == due)
  }
}
