import Draws
import Model

/// A mode of play. Matches of a mode lie wholly inside its slots, one in each seat that is in use.
struct ArenaMode: Sendable {
  /// Symbol of the enum `mode`.
  let number: Int
  /// Milliseconds of a slot.
  let slot: Int64
  /// Even.
  let players: Int
  /// Number of its first player.
  let firstPlayer: Int
  /// Milliseconds that a match lasts, cut to what fits into a slot.
  let duration: QuantileTable

  var seats: Int { players / 2 }

  private struct Kind {
    /// Thousandths of all matches.
    var share: Double
    var seconds: Int64
    /// Weibull shape and scale (seconds) of the duration, fitted to a day of online chess.
    var shape: Double
    var scale: Double
  }

  /// Ultra, bullet, blitz, rapid, classical.
  private static let kinds = [
    Kind(share: 5, seconds: 60, shape: 6.65, scale: 25.6),
    Kind(share: 300, seconds: 420, shape: 1.82, scale: 144),
    Kind(share: 540, seconds: 960, shape: 2.24, scale: 383),
    Kind(share: 139, seconds: 2_880, shape: 1.59, scale: 703),
    Kind(share: 16, seconds: 3_600, shape: 1.37, scale: 1_160),
  ]
  /// Milliseconds of the longest slot.
  static let longestSlot: Int64 = 3_600_000

  /// The modes of `players` players, shared out so that each mode has its share of the matches.
  static func all(players: Int) -> [ArenaMode] {
    let weights = kinds.map { $0.share * Double($0.seconds) }
    let total = weights.reduce(0, +)
    var first = 0
    return kinds.indices.map { number in
      let kind = kinds[number]
      let pairs = (Double(players) * weights[number] / total / 2).rounded()
      let count = 2 * max(4, Int(pairs))
      defer { first += count }
      let longest = Double(kind.seconds - 10)
      let within = 1 - portableExp(-power(longest / kind.scale, kind.shape))
      let duration = QuantileTable(range: 1_000...(kind.seconds - 10) * 1_000) { p in
        1_000 * kind.scale * power(-portableLog(1 - p * within), 1 / kind.shape)
      }
      return ArenaMode(
        number: number, slot: kind.seconds * 1_000, players: count, firstPlayer: first,
        duration: duration)
    }
  }

  private static func power(_ base: Double, _ exponent: Double) -> Double {
    portableExp(exponent * portableLog(base))
  }

  /// Seats in use in the slot that begins at an instant: half of them in the mean over a day, most
  /// at eight in the evening.
  func seatsInUse(at millis: Int64) -> Int {
    Int(Double(seats) * 0.5 * (1 + 0.55 * Self.evening(millis)))
  }

  /// cos(2π(h - 20)/24), straight between full hours.
  private static func evening(_ millis: Int64) -> Double {
    let day = Int64(86_400_000)
    let hours = Double(((millis % day) + day) % day) / 3_600_000
    let hour = Int(hours)
    let place = hours - Double(hour)
    func cosine(_ hour: Int) -> Double {
      let away = abs((hour - 20 + 48) % 24)
      return cosines[away <= 12 ? away : 24 - away]
    }
    return cosine(hour) * (1 - place) + cosine(hour + 1) * place
  }

  /// Of multiples of 15 degrees.
  private static let cosines = [
    1, 0.965_925_826_289_068_3, 0.866_025_403_784_438_6, 0.707_106_781_186_547_5, 0.5,
    0.258_819_045_102_520_8, 0, -0.258_819_045_102_520_8, -0.5, -0.707_106_781_186_547_5,
    -0.866_025_403_784_438_6, -0.965_925_826_289_068_3, -1,
  ]
}
