import Draws
import Model
import Schemas

/// How members of a population are met: from one word to a member. Up to 65,536 members by a table,
/// above by the inverse of the continuous law. Ranks are dealt out to members by a permutation.
struct MemberDraw: Sendable {
  private let table: AliasTable?
  private let count: UInt64
  private let permutation: Permutation
  private let exponent: Double
  private let shift: Double
  /// The law's antiderivative at both ends.
  private let ends: (low: Double, high: Double)

  init(_ population: Population, seed: UInt64) {
    count = population.count
    exponent = population.exponent
    shift = population.shift
    let family = DrawFamily(seed: seed, component: "workload-file", purpose: population.name)
    permutation = Permutation(count: count, key: family.stream(0))
    if exponent == 0 || count > 65_536 {
      table = nil
    } else {
      table = AliasTable(
        weights: (1...Int(population.count)).map {
          portableExp(-population.exponent * portableLog(Double($0) + population.shift))
        })
    }
    ends = (
      Self.integral(0.5 + shift, exponent), Self.integral(Double(count) + 0.5 + shift, exponent)
    )
  }

  private static func integral(_ x: Double, _ exponent: Double) -> Double {
    if exponent == 1 { return portableLog(x) }
    return portableExp((1 - exponent) * portableLog(x)) / (1 - exponent)
  }

  func sample(_ word: UInt64) -> UInt64 {
    if exponent == 0 { return word.multipliedFullWidth(by: count).high }
    if let table { return permutation.forward(UInt64(table.pick(word))) }
    let place = Double(word >> 11) * 0x1p-53
    let y = ends.low + (ends.high - ends.low) * place
    let x =
      exponent == 1
      ? portableExp(y) : portableExp(portableLog((1 - exponent) * y) / (1 - exponent))
    let rank = min(max(x - shift - 0.5, 0), Double(count - 1))
    return permutation.forward(UInt64(rank))
  }
}

/// A kernel with its tables made: a number for each event.
struct CompiledKernel: Sendable {
  private enum Form: Sendable {
    case constant(Int64)
    case counter(Int64)
    case uniform(low: Int64, width: UInt64)
    case table(QuantileTable)
    case choice(AliasTable, [Int64])
    case word
    case member(MemberDraw)
    case token(MemberDraw, WordScramble, Int64)
    case time(Int64)
  }

  private let form: Form
  /// The field that holds the member whose attribute this is.
  let owner: Int?
  private let attributes: DrawFamily
  /// Texts of a choice, as they are encoded; the number is their place.
  let texts: [[UInt8]]
  /// Letters that are made from the number, 0 for none.
  let letters: Int
  /// Below this the value is null.
  let nullBelow: UInt64

  init(_ field: FieldKernel, name: String, populations: [MemberDraw], seed: UInt64) {
    var kernel = field.kernel
    if case .attribute(let owner, let inner) = kernel {
      self.owner = owner
      kernel = inner
    } else {
      owner = nil
    }
    attributes = DrawFamily(seed: seed, component: "workload-file.attribute", purpose: name)
    nullBelow = field.nulls >= 1 ? .max : UInt64(field.nulls * 0x1p64)
    var texts: [[UInt8]] = []
    var letters = 0
    switch kernel {
    case .constant(let value): form = .constant(value)
    case .counter(let from): form = .counter(from)
    case .uniform(let low, let high):
      form = .uniform(low: low, width: UInt64(bitPattern: high &- low) &+ 1)
    case .normal(let mean, let deviation, let range):
      form = .table(QuantileTable(range: range) { mean + deviation * normalQuantile($0) })
    case .logNormal(let median, let sigma, let range):
      form = .table(
        QuantileTable(range: range) { median * portableExp(sigma * normalQuantile($0)) })
    case .quantiles(let values):
      let range = values[0]...values[values.count - 1]
      form = .table(
        QuantileTable(range: range) { p in
          let place = p * Double(values.count - 1)
          let index = min(Int(place), values.count - 2)
          let rest = place - Double(index)
          return Double(values[index]) * (1 - rest) + Double(values[index + 1]) * rest
        })
    case .choice(let values, let weights):
      form = .choice(AliasTable(weights: weights), values)
    case .texts(let list, let weights):
      texts = list.map { Array($0.utf8) }
      form = .choice(AliasTable(weights: weights), list.indices.map { Int64($0) })
    case .letters(let count):
      letters = count
      form = .word
    case .member(let index): form = .member(populations[index])
    case .token(let index, let bits, let from, let draws):
      let family = DrawFamily(seed: seed, component: draws.component, purpose: draws.purpose)
      form = .token(
        populations[index], WordScramble(bits: bits, key: family.stream(0)), from)
    case .time(let offset): form = .time(offset)
    case .attribute: preconditionFailure("an attribute of an attribute is refused when read")
    }
    self.texts = texts
    self.letters = letters
  }

  /// The number of one event. `unique` is a number that no other event of the stream has; `member`
  /// the value of the owner's field.
  @inline(__always) func sample(
    _ word: UInt64, unique: Int64, time: Int64, member: Int64
  ) -> Int64 {
    let word = owner == nil ? word : attributes.stream(UInt64(bitPattern: member)).word(0)
    switch form {
    case .constant(let value): return value
    case .counter(let from): return from &+ unique
    case .uniform(let low, let width):
      // A width of 0 is all of 64 bits.
      let place = width == 0 ? word : word.multipliedFullWidth(by: width).high
      return low &+ Int64(bitPattern: place)
    case .table(let table): return table.sample(word)
    case .choice(let table, let values): return values[table.pick(word)]
    case .word: return Int64(bitPattern: word)
    case .member(let draw): return Int64(bitPattern: draw.sample(word))
    case .token(let draw, let scramble, let from):
      return from &+ Int64(bitPattern: scramble(draw.sample(word)))
    case .time(let offset): return time &+ offset
    }
  }
}
