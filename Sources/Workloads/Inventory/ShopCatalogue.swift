import Bytes
import Draws
import Model

/// What a shop sells, dealt to cells: two for each shard, since a shard sells one half of its goods
/// while the other half's orders come to their ends. Attributes are functions of (seed, rank).
///
/// Unchecked: the tables are filled once, before anyone reads them.
final class ShopCatalogue: @unchecked Sendable {
  /// Cell 2 · shard + half.
  let cells: [Cell]

  /// Keys of one cell, the most popular first.
  struct Cell {
    /// Six characters, first in the lowest byte.
    var names: [UInt64]
    /// The same as a number that is ordered as the names are.
    var packed: [Int64]
    /// Pence.
    var prices: [Int64]
    /// Share of the cell's lines.
    var shares: [Double]
    let table: AliasTable
  }

  /// Two characters of a shard's warehouse, first in the lowest byte, and as a number.
  let warehouses: [(letters: UInt64, packed: Int64)]

  /// As many shards as two characters can tell apart.
  static let mostShards = 828

  init(seed: UInt64, skus: Int, shards: Int) {
    func family(_ purpose: String) -> DrawFamily {
      DrawFamily(seed: seed, component: "ecommerce.inventory", purpose: purpose)
    }
    let numbers = Permutation(count: UInt64(skus), key: family("sku").stream(0))
    let prices = family("price").stream(0)
    let seats = family("cell").stream(0)
    let count = 2 * shards
    var ranks = [[Int]](repeating: [], count: count)
    for rank in 0..<skus {
      // Ranks are dealt in rounds, each starting at another cell: no cell has all the favourites.
      let (round, place) = rank.quotientAndRemainder(dividingBy: count)
      let first = Int(seats.below(UInt64(count), UInt64(round)))
      ranks[(first + place) % count].append(rank)
    }
    cells = ranks.map { ranks in
      let ids = ranks.map { numbers.forward(UInt64($0)) }
      let weights = ranks.map { Self.popularity(rank: $0, of: skus) }
      let total = weights.reduce(0, +)
      let names = ids.map(Self.name)
      return Cell(
        names: names, packed: names.map { packed($0, 6) },
        prices: ids.map { Self.price(prices, $0) }, shares: weights.map { $0 / total },
        table: AliasTable(weights: weights))
    }
    warehouses = (0..<shards).map { shard in
      let digit = UInt64(shard % 36)
      let letters =
        (0x57 - UInt64(shard / 36)) | (digit < 10 ? 0x30 + digit : 0x41 + digit - 10) << 8
      return (letters, packed(letters, 2))
    }
  }

  /// Weibull of shape 0.66, fitted to the sales of a UK gift shop.
  private static func popularity(rank: Int, of skus: Int) -> Double {
    let tail = -portableLog((Double(rank) + 0.5) / Double(skus))
    return portableExp(portableLog(tail) / 0.66)
  }

  /// A letter and five digits.
  static func name(_ id: UInt64) -> UInt64 {
    var word: UInt64 = 0
    var rest = id % 100_000
    for place in (1...5).reversed() {
      word |= (0x30 + rest % 10) << UInt64(8 * place)
      rest /= 10
    }
    return word | (0x41 + id / 100_000)
  }

  /// Usual prices with their shares in thousandths, the others log-normal; measured on the same
  /// shop.
  private static let usual: [(pence: Int64, thousandths: UInt64)] = [
    (125, 91), (165, 71), (85, 58), (295, 57), (42, 46), (495, 33), (375, 32), (210, 32),
  ]

  private static func price(_ draws: DrawStream, _ id: UInt64) -> Int64 {
    var place = draws.below(1_000, 2 &* id)
    for (pence, share) in usual {
      if place < share { return pence }
      place -= share
    }
    let pounds = LogNormal(mu: 0.90, sigma: 1.04).sample(draws.word(2 &* id &+ 1))
    return Int64(min(max(pounds * 100 + 0.5, 1), 1_000_000))
  }
}

/// The number of `ColumnSource.text` for the first bytes of a word, at most seven.
func packed(_ word: UInt64, _ count: Int) -> Int64 {
  withUnsafeBytes(of: word.littleEndian) {
    packedText(UnsafeRawBufferPointer(rebasing: $0[0..<count])) ?? 0
  }
}
