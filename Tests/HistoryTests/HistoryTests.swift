import Bytes
import CShim
import Draws
import History
import Model
import Testing

func temporaryPath(_ name: String) -> String {
  "/tmp/weir-history-\(shim_monotonic_ns())-\(name)"
}

func readFile(_ path: String) -> [UInt8] {
  let file = shim_open_file(path)
  if file < 0 { return [] }
  defer { shim_close(file) }
  let size = Int(shim_file_size(file))
  return [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
    filled = max(0, shim_read_at(file, buffer.baseAddress, size, 0))
  }
}

func writeFile(_ path: String, _ bytes: [UInt8]) {
  let file = shim_create_file(path, 0)
  _ = shim_write_all(file, bytes, bytes.count)
  shim_close(file)
}

func remove(_ path: String) { _ = shim_remove(path) }

/// Entries as texts, and what the reader said of the file.
struct Reading {
  var entries: [String] = []
  var reading: HistoryReading?
  var error: String?

  init(_ path: String) {
    var entries: [String] = []
    do throws(HistoryError) {
      reading = try HistoryFile.read(path) { bytes, first, at in
        var cursor = EntryCursor(bytes, firstEntry: first, startAt: at)
        do {
          while let kind = try cursor.next() {
            entries.append(try Self.text(kind, &cursor))
          }
        } catch {
          entries.append("unreadable")
        }
        return true
      }
    } catch {
      self.error = error.message
    }
    self.entries = entries
  }

  static func text(_ kind: EntryKind, _ cursor: inout EntryCursor) throws -> String {
    var text = "\(cursor.entry) \(cursor.at.ns) \(kind.name)"
    for field in kind.fields {
      switch field {
      case .number: text += " \(try cursor.number())"
      case .signed: text += " \(try cursor.signed())"
      case .word: text += " \(try cursor.word())"
      case .text: text += " '\(try cursor.text())'"
      case .bytes: text += " \([UInt8](try cursor.bytes()))"
      case .run:
        var sequences: [UInt64] = []
        let run = try cursor.run { sequences.append($1) }
        text += " \(run.source):\(sequences)"
      case .rows:
        let count = try cursor.number()
        for _ in 0..<count { text += " \(try cursor.row().lineage.text)" }
      }
    }
    return text
  }
}

/// Writes random entries of every kind; returns their texts.
func writeRandom(_ writer: HistoryWriter, _ seed: UInt64, _ count: Int) -> [String] {
  let draws = DrawFamily(seed: seed, component: "test", purpose: "history").stream(0)
  var counter: UInt64 = 0
  func draw(_ bound: UInt64) -> UInt64 {
    counter += 1
    return draws.below(bound, counter)
  }
  var at: Int64 = 0
  var texts: [String] = []
  let kinds = EntryKind.allCases.filter { $0 != .runEnded }
  for entry in 0...count {
    let kind = entry == count ? .runEnded : kinds[Int(draw(UInt64(kinds.count)))]
    at += Int64(draw(1 << 20)) - 1_000
    writer.begin(kind, at: Instant(ns: at))
    var text = "\(entry) \(at) \(kind.name)"
    for field in kind.fields {
      switch field {
      case .number:
        let value = draw(1 << (draw(60) + 1))
        writer.number(value)
        text += " \(value)"
      case .signed:
        let value = Int64(draw(1 << 40)) - (1 << 39)
        writer.signed(value)
        text += " \(value)"
      case .word:
        let value = draw(.max)
        writer.word(value)
        text += " \(value)"
      case .text:
        let value = ["", "plain", "grüße\nand more", String(repeating: "x", count: 300)][
          Int(draw(4))]
        writer.text(value)
        text += " '\(value)'"
      case .bytes:
        let value = (0..<draw(40)).map { _ in UInt8(draw(256)) }
        writer.bytes(value)
        text += " \(value)"
      case .run:
        text += writeRun(writer, source: UInt32(draw(9)), first: draw(1 << 50), draw(40) + 1)
      case .rows: text += writeRows(writer, draw(4), draw)
      }
    }
    texts.append(text)
  }
  return texts
}

private func writeRun(
  _ writer: HistoryWriter, source: UInt32, first: UInt64, _ count: UInt64
) -> String {
  if count % 2 == 0 {
    writer.run(source: source, first: first, count: Int(count))
    return " \(source):\(Array(first..<(first + count)))"
  }
  let batch = RecordBatch(source: source, partition: 0, capacity: 4, byteCapacity: 16)
  let byte: [UInt8] = [1]
  for index in 0..<(count + 2) {
    batch.append(
      sequence: first + index * index, intendedAt: 0, keyAndValue: byte,
      keyLength: RecordEntry.noKey, valueLength: 1)
  }
  writer.run(of: batch, from: 2, count: Int(count))
  return " \(source):\((2..<(count + 2)).map { first + $0 * $0 })"
}

private func writeRows(
  _ writer: HistoryWriter, _ count: UInt64, _ draw: (UInt64) -> UInt64
) -> String {
  writer.number(count)
  var text = ""
  for _ in 0..<count {
    let lineage = EventID(source: UInt32(draw(5)), sequence: draw(1 << 30))
    writer.row(
      RowSummary(
        key: [1, UInt8(draw(256))], valueDigest: draw(.max), evidenceCount: draw(9),
        evidenceSum: draw(.max), evidenceXor: draw(.max), lineage: lineage))
    text += " \(lineage.text)"
  }
  return text
}

@Suite struct HistoryTests {
  @Test(arguments: [(1, 40), (2, 12_000)] as [(UInt64, Int)])
  func `what was written is read, over many blocks`(seed: UInt64, count: Int) throws {
    let path = temporaryPath("round")
    defer { remove(path) }
    let writer = try HistoryWriter(path: path)
    var blocks = 0
    writer.onBlock = { _, _ in blocks += 1 }
    let due = writeRandom(writer, seed, count)
    let hash = writer.finish()
    let read = Reading(path)
    #expect(read.entries == due)
    #expect(read.reading?.end == .complete)
    #expect(read.reading?.hash == hash)
    #expect(read.reading?.entryCount == writer.entryCount)
    #expect(count < 1_000 || blocks > 3)
    #expect(writer.failure == nil)
  }

  @Test func `the chain hash does not depend on where blocks were cut`() throws {
    let one = try HistoryWriter(path: nil)
    let other = try HistoryWriter(path: nil)
    for number in 0..<50 as Range<UInt64> {
      for writer in [one, other] {
        writer.begin(.checkpointBegan, at: Instant(ns: Int64(number)))
        writer.number(number)
      }
      if number % 7 == 0 { other.flush() }
    }
    #expect(one.finish() == other.finish())
    let third = try HistoryWriter(path: nil)
    third.begin(.checkpointBegan, at: .zero)
    third.number(1)
    #expect(third.finish() != one.finish())
  }

  /// A file of several small blocks, and the entries in each prefix of whole blocks.
  func blocks(_ path: String) throws -> (texts: [String], ends: [Int: Int]) {
    let writer = try HistoryWriter(path: path)
    var ends = [HistoryWriter.magic.count: 0]
    var size = HistoryWriter.magic.count
    writer.onBlock = { bytes, _ in
      size += 52 + bytes.count
      ends[size] = Int(writer.entryCount)
    }
    for number in 0..<24 as Range<UInt64> {
      writer.begin(.positionCommitted, at: Instant(ns: Int64(number) * 10))
      writer.number(number)
      writer.number(number * number)
      if number % 6 == 5 { writer.flush() }
    }
    writer.begin(.runEnded, at: Instant(ns: 900))
    writer.number(1)
    writer.text("")
    _ = writer.finish()
    return (Reading(path).entries, ends)
  }

  @Test func `cut at any byte it hands out whole blocks, and never calls itself complete`() throws {
    let path = temporaryPath("cut")
    defer { remove(path) }
    let (texts, ends) = try blocks(path)
    #expect(texts.count == 25)
    let bytes = readFile(path)
    #expect(ends[bytes.count] == 25)
    for length in 0..<bytes.count {
      writeFile(path, Array(bytes.prefix(length)))
      let read = Reading(path)
      if length < HistoryWriter.magic.count {
        #expect(read.error?.contains("no history") == true)
        continue
      }
      let whole = ends.filter { $0.key <= length }.max { $0.key < $1.key }
      #expect(read.entries == Array(texts.prefix(whole?.value ?? 0)))
      guard case .truncated(_, let byte) = read.reading?.end else {
        Issue.record("cut to \(length): \(String(describing: read.reading?.end))")
        continue
      }
      #expect(Int(byte) == whole?.key)
    }
  }

  @Test func `a changed bit anywhere is noticed`() throws {
    let path = temporaryPath("bits")
    defer { remove(path) }
    let (texts, _) = try blocks(path)
    var bytes = readFile(path)
    for place in bytes.indices {
      let bit = UInt8(1) << UInt8(place % 8)
      bytes[place] ^= bit
      writeFile(path, bytes)
      bytes[place] ^= bit
      let read = Reading(path)
      if place < HistoryWriter.magic.count {
        #expect(read.error != nil)
        continue
      }
      #expect(read.reading?.end != .complete, "byte \(place)")
      #expect(read.entries == Array(texts.prefix(read.entries.count)), "byte \(place)")
    }
  }

  @Test func `blocks that were taken out or put in do not pass`() throws {
    let path = temporaryPath("blocks")
    defer { remove(path) }
    let (_, ends) = try blocks(path)
    let bytes = readFile(path)
    let places = ends.keys.sorted()
    let second = bytes[places[1]..<places[2]]
    writeFile(path, Array(bytes[..<places[1]]) + Array(bytes[places[2]...]))
    #expect(Reading(path).reading?.end == .damaged(block: 1, byte: UInt64(places[1])))
    writeFile(path, Array(bytes[..<places[2]]) + Array(second) + Array(bytes[places[2]...]))
    #expect(Reading(path).reading?.end == .damaged(block: 2, byte: UInt64(places[2])))
    writeFile(path, bytes + Array(second))
    #expect(Reading(path).reading?.end != .complete)
  }

  @Test func `random bytes are no history, and random blocks stop no one`() {
    let path = temporaryPath("random")
    defer { remove(path) }
    let draws = DrawFamily(seed: 3, component: "test", purpose: "bytes").stream(0)
    for round in 0..<60 as Range<UInt64> {
      let noise = (0..<(round * 9)).map { UInt8(draws.below(256, round << 20 + $0)) }
      writeFile(path, noise)
      #expect(Reading(path).error != nil)
      writeFile(path, HistoryWriter.magic + noise)
      #expect(Reading(path).reading?.end != .complete)
      noise.withUnsafeBytes { bytes in
        var cursor = EntryCursor(bytes, firstEntry: 0, startAt: .zero)
        do {
          while let kind = try cursor.next() { try cursor.skip(kind) }
        } catch {
          // That it stops is what is asked of it.
        }
      }
    }
  }

  @Test func `a file that cannot be made or read says why`() {
    #expect(throws: HistoryError.self) { try HistoryWriter(path: "/no/such/folder/history") }
    #expect(Reading("/no/such/file").error?.contains("/no/such/file") == true)
  }

  @Test func `a full disk is remembered, and readers go on`() throws {
    let writer = try HistoryWriter(path: "/dev/full")
    var seen = 0
    writer.onBlock = { _, _ in seen += 1 }
    writer.begin(.engineStopped, at: .zero)
    _ = writer.finish()
    #expect(seen == 1)
    #expect(writer.failure != nil)
  }

  @Test func `kinds have names and numbers of their own`() {
    #expect(Set(EntryKind.allCases.map(\.name)).count == EntryKind.allCases.count)
    #expect(EntryKind.positionCommitted.name == "position-committed")
    #expect(EntryKind.runBegan.rawValue == 1 && EntryKind.runEnded.rawValue == 26)
  }
}
