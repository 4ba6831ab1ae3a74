import Model

/// Raw memory whose state at earlier checkpoints can be brought back: before a line of 64 bytes is
/// changed for the first time after a checkpoint, its old contents are kept. So a checkpoint costs
/// what changes after it, not what the state holds.
package final class UndoMemory {
  private final class Segment {
    let checkpoint: UInt64
    var lines: UnsafeMutablePointer<UInt32>
    var contents: UnsafeMutableRawPointer
    var count = 0
    var capacity = 256

    init(checkpoint: UInt64) {
      self.checkpoint = checkpoint
      lines = .allocate(capacity: capacity)
      contents = .allocate(byteCount: capacity * UndoMemory.lineSize, alignment: 64)
    }

    deinit {
      lines.deallocate()
      contents.deallocate()
    }

    func append(_ line: Int, _ bytes: UnsafeRawPointer) {
      if count == capacity { grow() }
      lines[count] = UInt32(line)
      (contents + count &* UndoMemory.lineSize).storeBytes(
        of: bytes.load(as: SIMD8<UInt64>.self), as: SIMD8<UInt64>.self)
      count += 1
    }

    private func grow() {
      let wider = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity * 2)
      wider.update(from: lines, count: count)
      lines.deallocate()
      lines = wider
      let bytes = UnsafeMutableRawPointer.allocate(
        byteCount: capacity * 2 * UndoMemory.lineSize, alignment: 64)
      bytes.copyMemory(from: contents, byteCount: count * UndoMemory.lineSize)
      contents.deallocate()
      contents = bytes
      capacity *= 2
    }
  }

  package static let lineSize = 64

  package let base: UnsafeMutableRawPointer
  let lineCount: Int
  private let clean: UnsafeMutablePointer<UInt64>
  private let cleanWords: Int
  private var segments: [Segment] = []

  /// Zeroed memory.
  package init(byteCount: Int) {
    lineCount = max((byteCount + Self.lineSize - 1) / Self.lineSize, 1)
    base = .allocate(byteCount: lineCount * Self.lineSize, alignment: 64)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: lineCount * Self.lineSize)
    cleanWords = (lineCount + 63) / 64
    clean = .allocate(capacity: cleanWords)
    clean.update(repeating: 0, count: cleanWords)
  }

  deinit {
    base.deallocate()
    clean.deallocate()
  }

  /// As new: zeroed, without marks.
  func reset() {
    base.initializeMemory(as: UInt8.self, repeating: 0, count: lineCount * Self.lineSize)
    clean.update(repeating: 0, count: cleanWords)
    segments.removeAll()
  }

  /// Must be called before bytes of the line are changed.
  @inline(__always) package func touch(line: Int) {
    let word = line >> 6
    let bit: UInt64 = 1 << UInt64(line & 63)
    if clean[word] & bit != 0 { keep(line, word, bit) }
  }

  /// The same for a byte offset.
  @inline(__always) package func touch(byte: Int) { touch(line: byte >> 6) }

  private func keep(_ line: Int, _ word: Int, _ bit: UInt64) {
    clean[word] &= ~bit
    segments[segments.count - 1].append(line, base + line * Self.lineSize)
  }

  /// Remembers the state of now under a checkpoint's number; numbers rise.
  package func mark(_ checkpoint: UInt64) {
    segments.append(Segment(checkpoint: checkpoint))
    clean.update(repeating: .max, count: cleanWords)
  }

  /// Brings back the state that was marked. Later marks are gone; this one can be brought back
  /// again.
  package func rollBack(to checkpoint: UInt64) {
    while let segment = segments.last, segment.checkpoint >= checkpoint {
      for index in stride(from: segment.count - 1, through: 0, by: -1) {
        (base + Int(segment.lines[index]) * Self.lineSize).copyMemory(
          from: segment.contents + index * Self.lineSize, byteCount: Self.lineSize)
      }
      segments.removeLast()
    }
    mark(checkpoint)
  }

  /// Checkpoints before this one will not be asked for any more.
  package func forget(before checkpoint: UInt64) {
    segments.removeAll { $0.checkpoint < checkpoint }
  }

  /// Lines kept since the last mark: what an incremental snapshot would write.
  package var changedLines: Int { segments.last?.count ?? 0 }
}

/// Memory of tables that are not needed any more, for the next one of the same size: fresh memory
/// costs a visit to the kernel for every page.
final class MemoryPool {
  private var kept: [UndoMemory] = []

  /// Zeroed memory of a size.
  func take(byteCount: Int) -> UndoMemory {
    let lines = max((byteCount + UndoMemory.lineSize - 1) / UndoMemory.lineSize, 1)
    guard let place = kept.firstIndex(where: { $0.lineCount == lines }) else {
      return UndoMemory(byteCount: byteCount)
    }
    let memory = kept.remove(at: place)
    memory.reset()
    return memory
  }

  /// Takes back what nobody else holds; one is enough, since tables are rebuilt one after another.
  func give(_ memory: UndoMemory) {
    kept.append(memory)
    if kept.count > 1 { kept.removeFirst() }
  }
}
