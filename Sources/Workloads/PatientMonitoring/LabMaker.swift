import Draws

/// A result of the laboratory. Times are milliseconds since 1970.
struct LabResult {
  var id: Int64
  var version: Int64
  var stay: Int64
  /// Index in `LabSection.all`.
  var section: Int
  /// Index in the section's menu; past its end for lactate.
  var test: Int
  /// Thousandths of the unit, nil when it could not be obtained.
  var value: Int64?
  /// Symbols F, C, X, HEARTBEAT.
  var status: Int64
  var collectedAt: Int64
  var releasedAt: Int64

  static let heartbeat: Int64 = 3
}

/// The laboratory's results for a pair of beds, release first: when a sample was drawn follows from
/// when its results came and how long they took.
struct LabMaker {
  private let tables: PatientTables

  /// How much later a second version or the haematology of a draw may come.
  static let longestChange = 48 * hourMillis
  static let longestApart = 6 * hourMillis
  /// Greatest age of a sample at its release, and how far its time may lie ahead.
  static let oldest = 38 * 24 * hourMillis
  static let ahead = 320 * minuteMillis

  init(_ tables: PatientTables) { self.tables = tables }

  /// Everything that is released in [from, to).
  func results(_ pair: BedPair, from: Int64, to: Int64, into made: inout [LabResult]) {
    let reach = Self.longestChange + Self.longestApart
    for stepDown in [false, true] {
      let bed = Int64(2 * pair.pair + (stepDown ? 1 : 0))
      for section in LabSection.all.indices {
        let gap = LabSection.all[section].gap * minuteMillis * 100 / tables.settings.labRate
        let draws = tables.labs.indexed(UInt64(bed)).stream(UInt64(section))
        for cell in floorDivide(from - reach, gap)...floorDivide(to, gap) {
          let base = UInt64(bitPattern: cell) << 16
          for number in 0..<count(draws.word(base), draws.word(base | 1)) {
            let own = base | UInt64(number + 1) << 11
            let released = cell * gap + Int64(draws.below(UInt64(gap), own))
            if released >= to { continue }
            let panel = Panel(
              pair: pair, bed: bed, stepDown: stepDown, section: section, cell: cell,
              number: number, base: own, draws: draws)
            release(panel, at: released, from..<to, into: &made)
          }
        }
      }
    }
  }

  private struct Panel {
    var pair: BedPair
    var bed: Int64
    var stepDown: Bool
    var section: Int
    var cell: Int64
    var number: Int
    /// Counters of the panel: 2,048 of them.
    var base: UInt64
    var draws: DrawStream
  }

  /// Draws in a cell: Poisson of mean 0.3, 1 or 1.98 in 35, 40 and 25 % of the cells.
  private func count(_ kind: UInt64, _ word: UInt64) -> Int {
    let place = kind.multipliedFullWidth(by: 100).high
    let table = place < 35 ? tables.fewDraws : place < 75 ? tables.someDraws : tables.manyDraws
    return table.firstIndex { word < $0 } ?? table.count
  }

  /// A panel and, after 62 % of those of chemistry, one of haematology from the same sample.
  private func release(
    _ panel: Panel, at released: Int64, _ window: Range<Int64>, into made: inout [LabResult]
  ) {
    let word = { (i: UInt64) in panel.draws.word(panel.base | i) }
    let isPaired = panel.section == 0 && word(1) < threshold(0.62)
    // Nothing of an old panel comes now unless something of it was changed or came apart.
    if released < window.lowerBound && !isPaired && word(2) >= threshold(0.01 * 28) { return }
    let collected = released - delay(panel.section, word(3), word(4))
    guard let stay = panel.pair.occupant(stepDown: panel.stepDown, at: collected) else { return }
    var menu = members(LabSection.all[panel.section], word(5), word(6))
    if panel.section == 0 && word(7) < threshold(0.11) {
      menu.append(LabSection.chemistry.menu.count)
    }
    put(
      panel, stay, panel.section, menu, collected, released, counters: 16, window, into: &made)
    if !isPaired { return }
    let apart = word(8) < threshold(0.25) ? 1 + tables.apartDelays.sample(word(9)) : 0
    put(
      panel, stay, 1, members(LabSection.haematology, word(10), word(11)), collected,
      released + apart, counters: 512, window, into: &made)
  }

  private func put(
    _ panel: Panel, _ stay: Stay, _ section: Int, _ menu: [Int], _ collected: Int64,
    _ released: Int64, counters: UInt64, _ window: Range<Int64>, into made: inout [LabResult]
  ) {
    let isCopanel = section != panel.section
    for (place, test) in menu.enumerated() {
      let base = panel.base | (counters + 4 * UInt64(place))
      let change = panel.draws.word(base | 1)
      let isCorrected = change < threshold(tables.settings.labCorrect)
      if released < window.lowerBound && !isCorrected { continue }
      let menu = LabSection.all[section].menu
      let kind = test < menu.count ? menu[test] : LabSection.lactate
      var result = LabResult(
        id: panel.bed << 34 | (panel.cell & 0xf_ffff) << 14 | Int64(panel.number & 15) << 10
          | (isCopanel ? 4 : Int64(panel.section)) << 6 | Int64(place),
        version: 1, stay: stay.id, section: section, test: test,
        value: value(kind, panel.draws.word(base)), status: 0, collectedAt: collected,
        releasedAt: released)
      if panel.draws.word(base | 2) < threshold(0.006) {
        result.value = nil
        result.status = 2
      }
      if window.contains(released) { made.append(result) }
      if !isCorrected { continue }
      result.version = 2
      result.status = 1
      result.value = value(kind, panel.draws.word(base | 3))
      result.releasedAt = released + 1 + tables.labChangeDelays.sample(mix(change))
      if window.contains(result.releasedAt) { made.append(result) }
    }
  }

  private func value(_ test: LabTest, _ word: UInt64) -> Int64 {
    let z = NormalTable.shared.sample(word)
    return max(1, Int64(test.median * 1_000 * portableExp(test.sigma * z)))
  }

  /// Random tests for one or two, else the first of the menu.
  private func members(_ section: LabSection, _ size: UInt64, _ pick: UInt64) -> [Int] {
    let count = min(section.size(size), section.menu.count)
    if count > 2 { return Array(0..<count) }
    let all = UInt64(section.menu.count)
    if section.gap == LabSection.pointOfCare.gap {
      return pick < threshold(0.88) ? [0] : [1 + Int(mix(pick) % (all - 1))]
    }
    let first = Int(pick.multipliedFullWidth(by: all).high)
    if count == 1 { return [first] }
    let step = 1 + Int(mix(pick).multipliedFullWidth(by: all - 1).high)
    return [first, (first + step) % section.menu.count]
  }

  /// From the drawing of a sample to the release of its results.
  private func delay(_ section: Int, _ kind: UInt64, _ word: UInt64) -> Int64 {
    let rules = LabSection.all[section]
    let place = kind.multipliedFullWidth(by: 10_000).high
    if place < 120 { return tables.longLabDelays.sample(word) }
    if place < 120 + rules.zero { return 0 }
    if place < 120 + rules.zero + rules.negative {
      let isZone = mix(kind) < threshold(0.62)
      let minutes = isZone ? 270 + word % 51 : 1 + word % 60
      return -Int64(minutes) * minuteMillis
    }
    return tables.labDelays[section].sample(word)
  }
}

extension LabResult: PatientEvent {
  var sendAt: Int64 { releasedAt }
  var eventAt: Int64 { collectedAt }
  static var columnCount: Int { LabColumn.sources.count }

  static func marker(_ millis: Int64) -> LabResult {
    LabResult(
      id: 0, version: 1, stay: 0, section: 0, test: 0, value: 0, status: heartbeat,
      collectedAt: millis, releasedAt: millis)
  }

  func write(_ i: Int, of block: EventBlock, _ out: inout RecordWriter) -> RecordStart {
    let isMarker = status == Self.heartbeat
    if !isMarker { out.bigEndian(UInt64(stay)) }
    let menu = LabSection.all[section].menu
    let kind = test < menu.count ? menu[test] : LabSection.lactate
    let start = out.open(.labs, i, of: block)
    out.signed(id)
    out.signed(version)
    out.signed(stay)
    out.signed(Int64(section))
    out.string(kind.name)
    out.optional(value)
    out.string(kind.unit)
    out.signed(status)
    out.signed(collectedAt)
    out.signed(releasedAt)
    block.columns[LabColumn.id][i] = id
    block.columns[LabColumn.version][i] = version
    block.columns[LabColumn.stay][i] = stay
    block.columns[LabColumn.test][i] = kind.digest
    block.columns[LabColumn.value][i] = value ?? 0
    block.columns[LabColumn.status][i] = status
    block.columns[LabColumn.collectedAt][i] = collectedAt
    block.columns[LabColumn.releasedAt][i] = releasedAt
    if value == nil { block.nulls[i] = 1 << UInt32(LabColumn.value) }
    return RecordStart(value: start, key: isMarker ? 0 : 8)
  }
}
