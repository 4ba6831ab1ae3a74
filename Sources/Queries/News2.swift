import Model

/// Early-warning scores and alarms of a patient: `Machine.news2`. Times are nanoseconds.
///
/// The key is the stay. Columns of the input, by number:
///
/// | | |
/// |:--|:--|
/// | 0 | stay |
/// | 1 | 0 for a reading, 1 for an admission |
/// | 2 | of a reading its sign, of an admission its kind |
/// | 3 | value of a reading in thousandths |
/// | 4 | of a reading: 0 final, 1 corrected, 2 withdrawn |
/// | 5 | when it was taken |
/// | 6 | number of a reading that may be corrected or withdrawn, else null |
/// | 7 | oxygen scale of an admission, 1 or 2 |
///
/// Signs: 0 pulse, 1 breath, 2 oxygen saturation, 3 systolic pressure, 4 temperature,
/// 5 consciousness, 6 oxygen given. Kinds: 0 admit, 1 transfer, 2 discharge, 3 cancel discharge,
/// 4 update.
///
/// A stay is open from an admit or cancel discharge (in) to a discharge (out); what changes nothing
/// is ignored. Its scale is that of its last admission row, 1 before the first. A correction gives
/// the readings of its number that are known so far its value, a withdrawal removes them; neither
/// does anything for a number that is not known. A reading with a null value is
/// as if it were not there.
///
/// Slots are the multiples g of `every` at which the stay is open. At g each sign has the value of,
/// among the readings known at or before g, with g - validity < taken <= g, the one with the
/// greatest (taken, event order of its first version); else it is missing. Points are those of
/// NEWS2; with oxygen given missing, a saturation of scale 2 from 93 on has 0. `floor` is the sum
/// of the points present, `aggregate` the same if no sign is missing, else null. Band: 0 unknown
/// (a sign is missing), 1 none (0 points), 2 low, 3 low-medium (at most 4 with a single 3),
/// 4 medium (5, 6), 5 high.
///
/// Every row of an open stay sets the timer of the next slot anew: a score's evidence is the last
/// row of its stay at or before the slot.
///
/// Per level an alarm starts at the first slot that reaches it while none is active: level 0,
/// urgent, at floor >= 5 or any 3; level 1, emergency, at floor >= 7. It ends at the
/// `clearSlots`-th consecutive slot below the level without a missing sign, or at the discharge; a
/// slot that reaches the level or misses a sign begins the count anew.
///
/// Columns out: 0 for a score and 1 for an alarm, stay, slot or start of the alarm; of an alarm
/// level, phase (0 start, 1 end), its time, reason (0 sum, 1 a single 3, 2 recovered, 3
/// discharged); floor (of the last slot for an end at discharge); of a score aggregate, missing
/// signs as bits, points of the seven signs or null, band, the earliest time at which a sign was
/// taken or null. Of several alarm rows at one time the urgent one comes first, after the score.
public struct News2: Hashable, Sendable {
  /// Distance of the slots.
  public var every: Nanoseconds
  /// Validity of pulse, breath and oxygen saturation; of the systolic pressure; of the others.
  public var validMonitor: Nanoseconds
  public var validPressure: Nanoseconds
  public var validChart: Nanoseconds
  public var clearSlots: Int64

  public init(
    every: Nanoseconds, validMonitor: Nanoseconds, validPressure: Nanoseconds,
    validChart: Nanoseconds, clearSlots: Int64
  ) {
    self.every = every
    self.validMonitor = validMonitor
    self.validPressure = validPressure
    self.validChart = validChart
    self.clearSlots = clearSlots
  }

  /// How long a reading of a sign counts.
  public func validity(_ sign: Int) -> Nanoseconds {
    sign < 3 ? validMonitor : sign == 3 ? validPressure : validChart
  }

  public var longestValidity: Nanoseconds { max(validMonitor, validPressure, validChart) }

  public static let signs = 7
  /// Columns in and out.
  public static let inputs = 8
  public static let outputs = 19
}
