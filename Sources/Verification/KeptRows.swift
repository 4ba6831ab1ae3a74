import Queries

/// Rows that are kept for a while, in flat memory, addressed by number and chained: those of a key
/// in the order in which they came, and all of them in that order too.
final class KeptRows {
  let width: Int
  private var heads: [RowHead] = []
  private var cells: [Int64] = []
  /// The next row of the same key, and the next one that came; -1 is none.
  private var nextOfKey: [Int32] = []
  private var nextOfAll: [Int32] = []
  private var digests: [UInt64] = []
  private var marks: [Bool] = []
  private var free: [Int32] = []
  /// Of rows made of several events, and of rows that an operator made.
  private var evidences: [Int32: Evidence] = [:]
  private var identities: [Int32: [Int64?]] = [:]
  /// First and last row of each key, one in each half of a word.
  private let table = DigestTable()
  /// The row that came first of those that are still here.
  private(set) var first = -1
  private var last = -1

  init(width: Int) { self.width = width }

  /// Keeps a copy of a row; a row without digest belongs to no key.
  func add(_ rows: Rows, _ index: Int, of digest: UInt64?) -> Int {
    let place: Int
    if let reuse = free.popLast() {
      place = Int(reuse)
      heads[place] = rows.heads[index]
    } else {
      place = heads.count
      heads.append(rows.heads[index])
      cells.append(contentsOf: repeatElement(0, count: width))
      nextOfKey.append(-1)
      nextOfAll.append(-1)
      digests.append(0)
      marks.append(false)
    }
    nextOfKey[place] = -1
    nextOfAll[place] = -1
    digests[place] = digest ?? 0
    marks[place] = false
    let row = rows.row(index)
    for column in 0..<width { cells[place * width + column] = row[column] }
    if rows.heads[index].evidence >= 0 { evidences[Int32(place)] = rows.evidence(index) }
    if rows.heads[index].origin != 0 { identities[Int32(place)] = rows.identity(index) }
    if last >= 0 { nextOfAll[last] = Int32(place) } else { first = place }
    last = place
    if let digest { chain(place, digest) }
    return place
  }

  private func chain(_ place: Int, _ digest: UInt64) {
    let slot = table.slot(of: digest)
    guard let ends = table.value(at: slot) else {
      table.set(digest, UInt64(place) << 32 | UInt64(place))
      return
    }
    nextOfKey[Int(ends & 0xffff_ffff)] = Int32(place)
    table.set(digest, ends & ~0xffff_ffff | UInt64(place))
  }

  func head(_ place: Int) -> RowHead { heads[place] }

  func evidence(_ place: Int) -> Evidence {
    let head = heads[place]
    if head.evidence < 0 { return Evidence(source: head.source, sequence: head.sequence) }
    return evidences[Int32(place)] ?? Evidence()
  }

  func identity(_ place: Int) -> [Int64?] {
    let head = heads[place]
    if head.origin == 0 { return [0, Int64(head.high), Int64(bitPattern: head.low)] }
    return identities[Int32(place)] ?? []
  }

  func cell(_ place: Int, _ column: Int) -> Int64? {
    heads[place].nulls &>> UInt64(column) & 1 != 0 ? nil : cells[place * width + column]
  }

  /// The first row of a key, -1 when there is none.
  func first(of digest: UInt64) -> Int { table.value(of: digest).map { Int($0 >> 32) } ?? -1 }

  func next(ofKey place: Int) -> Int { Int(nextOfKey[place]) }

  func isMarked(_ place: Int) -> Bool { marks[place] }

  func mark(_ place: Int) { marks[place] = true }

  /// Lets go of the row that came first, which is the first of its key as well.
  func removeFirst() {
    let place = first
    if place < 0 { return }
    first = Int(nextOfAll[place])
    if first < 0 { last = -1 }
    unchain(place)
    forget(place)
  }

  /// Lets go of the first row of a key, in a store whose order of arrival nobody asks for.
  func removeFirst(of digest: UInt64) {
    let place = first(of: digest)
    if place < 0 { return }
    unchain(place)
    forget(place)
  }

  private func unchain(_ place: Int) {
    let digest = digests[place]
    guard let ends = table.value(of: digest), Int(ends >> 32) == place else { return }
    let next = nextOfKey[place]
    if next < 0 {
      table.remove(digest)
    } else {
      table.set(digest, UInt64(next) << 32 | ends & 0xffff_ffff)
    }
  }

  private func forget(_ place: Int) {
    evidences[Int32(place)] = nil
    identities[Int32(place)] = nil
    free.append(Int32(place))
  }

  /// Copies the columns.
  func fill(_ row: UnsafeMutablePointer<Int64>, _ place: Int) {
    for column in 0..<width { row[column] = cells[place * width + column] }
  }
}

/// Sums of times and distances that stay at the ends of the range.
func clamped(_ time: Int64, plus distance: Int64) -> Int64 {
  if time == .max || time == .min { return time }
  let (sum, overflow) = time.addingReportingOverflow(distance)
  return overflow ? (distance > 0 ? .max : .min) : sum
}
