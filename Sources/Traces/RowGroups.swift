/// Gathers rows of a long file into wide events: rows that follow each other and share event time,
/// arrival time and key are one event, and each brings the value of the field that it names. A row
/// whose field has its value already begins the next event. One owner.
final class RowGroups {
  enum Step {
    /// No field has this row.
    case leftOut
    case joins
    case begins
  }

  private let converter: RowConverter
  private let pivot: Int
  /// Index of the field in the converter's targets, by the name of its row.
  private var places: [[UInt8]: Int] = [:]
  private var name: [UInt8] = []
  private var place = 0
  private(set) var isOpen = false
  private(set) var eventTime: Int64 = 0
  private(set) var arrival: Int64?
  private(set) var key: [UInt8]?
  private(set) var payloadBytes = 0

  /// Nil when the mapping gathers nothing.
  init?(_ converter: RowConverter) {
    guard let pivot = converter.pivot else { return nil }
    self.converter = converter
    self.pivot = pivot
    for (place, target) in converter.targets.enumerated() {
      if let row = target.row { places[row] = place }
    }
  }

  /// Says what the row at hand is to the event that is open.
  func read(_ row: CellRow) throws(BadRow) -> Step {
    if row.count != converter.columnCount { throw converter.columnRefusal(row) }
    converter.withText(pivot, row) { bytes in
      name.removeAll(keepingCapacity: true)
      name += bytes
    }
    guard let place = places[name] else { return .leftOut }
    self.place = place
    try converter.readTimesAndKey(row)
    let isSame =
      isOpen && converter.eventTime == eventTime && converter.arrival == arrival
      && converter.hasKey == (key != nil) && (key.map { equal(converter.key, $0) } ?? true)
    return isSame && !converter.targets[place].isFilled ? .joins : .begins
  }

  /// Takes the row that was read last; when it begins an event, `close` must have been called on
  /// the one before. A row that is refused leaves nothing behind.
  func add(_ row: CellRow, _ step: Step, sequence: UInt64) throws(BadRow) {
    let target = converter.targets[place]
    converter.payloadBytes = 0
    if !converter.add(target, row) { throw converter.refusal(of: place, row) }
    let size = converter.payloadBytes
    if case .begins = step {
      do throws(BadRow) {
        try converter.putValues(row, sequence: sequence)
      } catch {
        converter.withdraw(target)
        throw error
      }
      isOpen = true
      eventTime = converter.eventTime
      arrival = converter.arrival
      key = converter.hasKey ? [UInt8](converter.key) : nil
      payloadBytes = converter.payloadBytes
    }
    target.isFilled = true
    payloadBytes &+= size
  }

  /// Completes the open event: fields without a row are null.
  func close() {
    for target in converter.targets where target.row != nil {
      if !target.isFilled {
        target.branches.append(0)
        payloadBytes &+= 1
      }
      target.isFilled = false
    }
    isOpen = false
  }
}
