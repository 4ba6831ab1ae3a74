import Engines
import Model
import Testing

@Suite struct UndoMemoryTests {
  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func `any mark comes back, however often it was rolled back before`(seed: UInt64) {
    var dice = Dice(seed, "undo")
    let lines = 70
    let memory = UndoMemory(byteCount: lines * 64)
    let words = memory.base.assumingMemoryBound(to: Int64.self)
    var model = [Int64](repeating: 0, count: lines * 8)
    var marks: [(number: UInt64, contents: [Int64])] = []
    var next: UInt64 = 1
    for _ in 0..<400 {
      switch dice.below(10) {
      case 0:
        memory.mark(next)
        marks.append((next, model))
        next += 1
      case 1 where !marks.isEmpty:
        let place = max(0, marks.count - 1 - dice.below(4))
        memory.rollBack(to: marks[place].number)
        model = marks[place].contents
        marks.removeSubrange((place + 1)...)
      case 2 where marks.count > 3:
        memory.forget(before: marks[1].number)
        marks.removeFirst()
      default:
        for _ in 0..<dice.below(30) {
          let word = dice.below(lines * 8)
          memory.touch(byte: word * 8)
          words[word] = Int64(dice.below(1 << 40))
          model[word] = words[word]
        }
      }
      #expect((0..<model.count).allSatisfy { words[$0] == model[$0] })
    }
  }

  @Test func `a mark costs what changes after it`() {
    let memory = UndoMemory(byteCount: 1 << 20)
    memory.mark(1)
    for _ in 0..<9 { memory.touch(byte: 64) }
    memory.touch(byte: 127)
    memory.touch(byte: 128)
    #expect(memory.changedLines == 2)
    memory.mark(2)
    #expect(memory.changedLines == 0)
  }
}

@Suite struct KeyedTableTests {
  /// Random changes, marks and restores of a table beside a dictionary.
  @Test(arguments: [(2, 1), (4, 2), (8, 3), (13, 4), (16, 5)] as [(Int, UInt64)])
  func `equals a dictionary under changes, marks and restores`(words: Int, seed: UInt64) {
    var dice = Dice(seed, "table")
    var table = KeyedTable(words: words, capacity: 16)
    var model: [UInt64: Int64] = [:]
    var marks: [(number: UInt64, table: KeyedTable, model: [UInt64: Int64])] = []
    var next: UInt64 = 1
    for _ in 0..<1_500 {
      switch dice.below(20) {
      case 0:
        marks.append((next, table.mark(next), model))
        next += 1
      case 1 where !marks.isEmpty:
        let place = max(0, marks.count - 1 - dice.below(3))
        table.restore(marks[place].table, marks[place].number)
        model = marks[place].model
        marks.removeSubrange((place + 1)...)
      case 2 where marks.count > 2:
        table.forget(before: marks[1].number)
        marks.removeFirst()
      case 3:
        let bound = Int64(dice.below(1_000))
        table.remove { $0[1] < bound }
        model = model.filter { $0.value >= bound }
      default:
        // Few different low bits, so that keys collide.
        let key = UInt64(dice.below(300)) << 3 | 1
        let value = Int64(dice.below(2_000))
        let (index, isNew) = table.findOrAdd(key)
        #expect(isNew == (model[key] == nil))
        if !isNew { table.touch(index) }
        table.row(index)[1] = value
        if words > 2 { table.row(index)[words - 1] = -value }
        model[key] = value
      }
      #expect(table.count == model.count)
    }
    check(table, model, words)
  }

  private func check(_ table: KeyedTable, _ model: [UInt64: Int64], _ words: Int) {
    var seen = 0
    table.eachRow { row in
      seen += 1
      #expect(model[UInt64(bitPattern: row[0])] == row[1])
      if words > 2 { #expect(row[words - 1] == -row[1]) }
    }
    #expect(seen == model.count)
    for key in model.keys { #expect(table.find(key).map { table.row($0)[1] } == model[key]) }
    #expect(table.find(2) == nil)
  }

  @Test func `rows that nobody needs are dropped instead of growing`() {
    var table = KeyedTable(words: 2)
    for round in 0..<20 as Range<Int64> {
      table.now = round * 100
      for key in 0..<500 as Range<Int64> {
        let (index, _) = table.findOrAdd(UInt64(round * 500 + key + 1))
        table.row(index)[1] = round * 100 + 50
      }
    }
    #expect(table.count < 1_600)
    #expect(table.find(UInt64(19 * 500 + 1)) != nil)
    #expect(table.find(1) == nil)
  }
}

@Suite struct SortBufferTests {
  private func row(_ time: Int64, _ source: UInt32, _ sequence: UInt64) -> [Int64] {
    [time, RowLayout.identity(source: source, nulls: 0), Int64(bitPattern: sequence), time &* 3]
  }

  private func release(_ buffer: inout SortBuffer, below watermark: Int64) -> [[Int64]] {
    var out: [[Int64]] = []
    let keep = { (row: UnsafePointer<Int64>) in
      out.append(Array(UnsafeBufferPointer(start: row, count: 4)))
    }
    buffer.release(below: watermark, expect: { _ in }, keep)
    return out
  }

  private static func precedes(_ a: [Int64], _ b: [Int64]) -> Bool {
    (a[0], UInt32(truncatingIfNeeded: a[1]), UInt64(bitPattern: a[2]))
      < (b[0], UInt32(truncatingIfNeeded: b[1]), UInt64(bitPattern: b[2]))
  }

  /// Width of a bucket, how far times scatter, seed.
  @Test(
    arguments: [
      (1, 50, 1), (10, 500, 2), (10, 100_000, 3), (1_000, 2_000, 4), (1 << 33, 1 << 36, 5),
    ] as [(Int64, Int, UInt64)])
  func `hands on what a sorted list would`(width: Int64, scatter: Int, seed: UInt64) {
    var dice = Dice(seed, "buffer")
    var buffer = SortBuffer(rowWords: 4, width: width)
    var model: [[Int64]] = []
    var watermark = Int64.min
    var base = -Int64(scatter) * 3
    for step in 0..<300 as Range<UInt64> {
      for number in 0..<UInt64(dice.below(12)) {
        let time = base + Int64(dice.below(scatter))
        if time < watermark { continue }
        let new = row(time, UInt32(dice.below(3)), step * 100 + number)
        buffer.add(new)
        model.append(new)
      }
      base += Int64(dice.below(scatter / 2 + 1))
      if dice.below(3) == 0 {
        let next = buffer.floor(base - Int64(dice.below(scatter)))
        if next <= watermark { continue }
        watermark = next
        let due = model.filter { $0[0] < watermark }.sorted(by: Self.precedes)
        #expect(release(&buffer, below: watermark) == due)
        model.removeAll { $0[0] < watermark }
      }
      if dice.below(20) == 0 {
        let rows = buffer.contents()
        #expect(rows.count == model.count * 4)
        buffer.restore(rows, watermark: watermark)
      }
      #expect(buffer.count == model.count)
    }
    #expect(release(&buffer, below: .max) == model.sorted(by: Self.precedes))
    #expect(buffer.count == 0)
  }

  @Test func `a hole in event time is no matter, nor is a row far ahead`() {
    var buffer = SortBuffer(rowWords: 4, width: 10)
    let rows = [0, 7, 1_000_000_000_000, 5_000_000, 12].enumerated().map {
      row($0.element, 0, UInt64($0.offset))
    }
    for row in rows { buffer.add(row) }
    #expect(release(&buffer, below: 10).map { $0[0] } == [0, 7])
    #expect(release(&buffer, below: 6_000_000).map { $0[0] } == [12, 5_000_000])
    #expect(release(&buffer, below: .max).map { $0[0] } == [1_000_000_000_000])
  }

  @Test func `an older row before the first watermark is taken`() {
    var buffer = SortBuffer(rowWords: 4, width: 10)
    for time in [100_000, 50_000, -70_000] as [Int64] { buffer.add(row(time, 0, 1)) }
    #expect(release(&buffer, below: .max).map { $0[0] } == [-70_000, 50_000, 100_000])
  }

  @Test func `a watermark is floored to a bucket`() {
    let buffer = SortBuffer(rowWords: 4, width: 10)
    #expect(buffer.floor(19) == 10 && buffer.floor(20) == 20)
    #expect(buffer.floor(-1) == -10 && buffer.floor(.max) == .max)
  }
}
