import Draws

/// A request as it is sent, without identity and time.
struct CardRequest {
  /// Sixteen digits.
  var card: Int64 = 0
  /// Cents, 0 to 10^8.
  var amount: Int64 = 0
  var category = 0
  var merchant: Int64 = 0
  var city = 0
  var entry = RequestEntry.chip
  var isPresent: Bool { entry.rawValue <= RequestEntry.magstripe.rawValue }
}

/// The cards, cities and merchants, and what an ordinary request looks like. Attributes are
/// functions of (seed, id); the tables are small and do not grow with the number of cards.
///
/// Unchecked: the tables are filled once, before anyone reads them.
final class CardWorld: @unchecked Sendable {
  static let cityCount = 400
  /// Metres along each side of the national grid.
  static let gridSide = 4_000_000

  let cards: UInt64
  let cities: [City]
  private let tokens: WordScramble
  private let cityTable: AliasTable
  private let categoryTable: AliasTable
  private let logOffsets: [Double]
  private let presence: [UInt64]
  /// Merchants of city c and category k: those from `cells[12 * c + k]` to the next.
  private let cells: [Int]
  private let merchantTable: UnsafeMutablePointer<UInt64>
  private let cardDraws: DrawStream
  private let dayDraws: DrawStream
  private let normal = NormalTable.shared

  struct City {
    var x: Int
    var y: Int
    /// ISO 3166 numeric.
    var country: Int
  }

  init(seed: UInt64, cards: UInt64, merchants: Int) {
    func family(_ purpose: String) -> DrawFamily {
      DrawFamily(seed: seed, component: "finance.fraud", purpose: purpose)
    }
    self.cards = cards
    tokens = WordScramble(bits: 50, key: family("token").stream(0))
    cardDraws = family("card").stream(0)
    dayDraws = family("card day").stream(0)
    let places = family("city").stream(0)
    cities = (0..<Self.cityCount).map { City(index: $0, draws: places) }
    let population = zipf(count: Self.cityCount, exponent: 1.07, shift: 1)
    cityTable = AliasTable(weights: population)
    let shares = MerchantCategory.all.map { Double($0.percent) }
    categoryTable = AliasTable(weights: shares)
    logOffsets = MerchantCategory.logOffsets()
    presence = MerchantCategory.all.map { UInt64($0.presentPercent) * 65_536 / 100 }
    cells = merchantCells(merchants, population: population, shares: shares)
    merchantTable = .allocate(capacity: merchants)
    let sizes = zip(cells, cells.dropFirst()).map { $1 - $0 }
    let activity = zipf(count: sizes.max() ?? 1, exponent: 1, shift: 20)
    for (first, size) in zip(cells, sizes) {
      AliasTable.fill(merchantTable + first, weights: activity[0..<size])
    }
  }

  deinit { merchantTable.deallocate() }

  /// A card by how much it is used: 60, 30, 9 and 1 % of the cards make 15, 40, 33 and 12 % of the
  /// requests.
  @inline(__always) func activeCard(_ word: UInt64) -> UInt64 {
    let place = word & 0xffff
    let (from, part): (UInt64, UInt64) =
      place < 9_830 ? (0, 60) : place < 36_045 ? (60, 30) : place < 57_672 ? (90, 9) : (99, 1)
    let size = cards * part / 100
    return cards * from / 100 + word.multipliedFullWidth(by: size).high
  }

  /// One of the cards that are hardly used.
  func quietCard(_ word: UInt64) -> UInt64 {
    word.multipliedFullWidth(by: cards * 60 / 100).high
  }

  @inline(__always) func token(_ card: UInt64) -> Int64 {
    4_000_000_000_000_000 + Int64(bitPattern: tokens(card))
  }

  @inline(__always) func home(_ card: UInt64) -> Int { cityTable.pick(cardDraws.word(2 &* card)) }

  func anyCity(_ word: UInt64) -> Int { cityTable.pick(word) }

  /// One of the cities 1,000 to 2,000 km away, all equally likely; the city itself if there is
  /// none.
  func farCity(from home: Int, _ word: UInt64) -> Int {
    let choices = cities.indices.filter { cities[$0].isFar(from: cities[home]) }
    if choices.isEmpty { return home }
    return choices[Int(word.multipliedFullWidth(by: UInt64(choices.count)).high)]
  }

  /// A merchant of a city and category.
  @inline(__always) func merchant(_ city: Int, _ category: Int, _ word: UInt64) -> Int64 {
    let cell = city &* MerchantCategory.count &+ category
    let first = cells[cell]
    return Int64(first &+ AliasTable.pick(word, merchantTable + first, cells[cell + 1] &- first))
  }

  /// A request of nobody's story. Uses the words `base` to `base + 7`; `day` is the day of the
  /// event, which decides where a traveller is.
  @inline(__always) func ordinary(_ draws: DrawStream, _ base: UInt64, day: UInt64) -> CardRequest {
    let card = activeCard(draws.word(base))
    let kind = draws.word(base &+ 1)
    let place = draws.word(base &+ 4)
    var request = CardRequest()
    request.card = token(card)
    request.category = categoryTable.pick(kind & 0xffff_ffff_0000_0000)
    let isPresent = kind & 0xffff < presence[request.category]
    request.entry = Self.entry(isPresent: isPresent, (kind >> 16) & 0xffff)
    if !isPresent {
      request.city = cityTable.pick(draws.word(base &+ 5))
    } else if (place >> 32) & 0xffff < 983 {
      request.city = cityTable.pick(dayDraws.word(card &* 65_536 &+ day))
    } else {
      request.city = home(card)
    }
    request.merchant = merchant(request.city, request.category, draws.word(base &+ 2))
    request.amount = amount(
      card: card, category: request.category, body: draws.word(base &+ 3), shape: place)
    return request
  }

  /// CHIP 35, CONTACTLESS 60, MAGSTRIPE 5 %; ECOMMERCE 70, CREDENTIAL_ON_FILE 27, KEYED 3 %.
  @inline(__always) static func entry(isPresent: Bool, _ place: UInt64) -> RequestEntry {
    if isPresent { return place < 22_938 ? .chip : place < 62_259 ? .contactless : .magstripe }
    return place < 45_875 ? .ecommerce : place < 63_570 ? .credentialOnFile : .keyed
  }

  /// Cents: 1.0 % are 0, 10.3 % 100, 1.8 % 500, the others log-normal around the category and the
  /// card; of these some are rounded to usual prices. `shape` gives 32 bits of its own.
  @inline(__always) func amount(card: UInt64, category: Int, body: UInt64, shape: UInt64) -> Int64 {
    let atom = shape & 0xffff
    if atom < 8_585 { return atom < 655 ? 0 : atom < 7_405 ? 100 : 500 }
    let spending = normal.sample(cardDraws.word(2 &* card &+ 1))
    let logarithm =
      3.02 + logOffsets[category] + 0.5 * spending + 1.268_857_754_044_952 * normal.sample(body)
    let cents = Int64(min(portableExp(logarithm) * 100 + 0.5, 100_000_000))
    let rounding = (shape >> 16) & 0xffff
    if rounding >= 22_937 { return max(cents, 1) }
    let whole = cents / 100 * 100
    if rounding < 10_813 { return min(max((cents + 50) / 100 * 100, 100), 100_000_000) }
    if rounding < 17_695 { return whole + 99 }
    let endings = (rounding & 3, whole)
    switch endings.0 {
    case 0: return whole + 49
    case 1: return whole + 50
    case 2: return whole + 90
    default: return whole + 95
    }
  }
}

extension CardWorld.City {
  init(index: Int, draws: DrawStream) {
    let side = UInt64(CardWorld.gridSide - 40_000)
    x = 20_000 + Int(draws.below(side, UInt64(2 * index)))
    y = 20_000 + Int(draws.below(side, UInt64(2 * index + 1)))
    // Four countries, one in each quarter of the grid: France, Germany, Spain, Italy.
    let quarter = (x < CardWorld.gridSide / 2 ? 0 : 1) + (y < CardWorld.gridSide / 2 ? 2 : 0)
    country = [250, 276, 724, 380][quarter]
  }

  func isFar(from other: Self) -> Bool {
    let dx = x - other.x
    let dy = y - other.y
    let squared = dx * dx + dy * dy
    return squared >= 1_000_000 * 1_000_000 && squared <= 2_000_000 * 2_000_000
  }
}

/// Weights (rank + shift)^-exponent of the ranks from 1.
private func zipf(count: Int, exponent: Double, shift: Double) -> [Double] {
  (1...count).map { portableExp(-exponent * portableLog(Double($0) + shift)) }
}

/// First merchant of each (city, category), and the number of merchants at the end. Each cell has
/// one merchant; the others are shared out by population and share.
private func merchantCells(_ merchants: Int, population: [Double], shares: [Double]) -> [Int] {
  let cellCount = population.count * shares.count
  let total = population.reduce(0, +) * shares.reduce(0, +)
  let spare = Double(merchants - cellCount)
  var cells = [0]
  var sum = 0.0
  for people in population {
    for share in shares {
      sum += people * share / total
      cells.append(cells.count + Int(min(sum, 1) * spare))
    }
  }
  cells[cellCount] = merchants
  return cells
}
