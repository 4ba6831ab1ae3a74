import Model
import Queries

/// A number did not fit 64 bits somewhere.
final class NaiveFlags { var overflowed = false }

extension NaiveOracle {
  func value(_ expression: Expression, _ row: NaiveRow, _ bound: [NaiveRow] = []) -> Int64? {
    func of(_ e: Expression) -> Int64? { value(e, row, bound) }
    func wide(_ a: Expression, _ b: Expression, _ f: (Int128, Int128) -> Int128?) -> Int64? {
      guard let x = of(a), let y = of(b), let exact = f(Int128(x), Int128(y)) else { return nil }
      guard let fits = Int64(exactly: exact) else {
        flags.overflowed = true
        return nil
      }
      return fits
    }
    switch expression {
    case .column(let c): return row.cells[c]
    case .constant(let v): return v
    case .null: return nil
    case .bound(let step, let c): return bound[step].cells[c]
    case .time: return row.time
    case .add(let a, let b): return wide(a, b) { $0 + $1 }
    case .subtract(let a, let b): return wide(a, b) { $0 - $1 }
    case .multiply(let a, let b): return wide(a, b) { $0 * $1 }
    case .divide(let a, let b, let rounding): return wide(a, b) { quotient($0, $1, rounding) }
    case .modulo(let a, let b):
      return wide(a, b) { x, y in quotient(x, y, .floor).map { x - $0 * y } }
    case .coalesce(let parts): return parts.lazy.compactMap { of($0) }.first
    case .smaller(let a, let b): return wide(a, b) { $0 < $1 ? $0 : $1 }
    case .greater(let a, let b): return wide(a, b) { $0 > $1 ? $0 : $1 }
    case .choose(let condition, let a, let b):
      return truth(condition, row, bound) == true ? of(a) : of(b)
    case .zone(let a, let b, let map):
      guard let latitude = of(a), let longitude = of(b) else { return nil }
      let x = ((longitude - map.originLongitude) * map.longitudeScale) >> 16
      let y = latitude - map.originLatitude
      // All zones are tried; they are disjoint.
      return map.zones.compactMap { $0 }.first { zone in
        zone.corners.isEmpty
          ? (x - zone.x) * (x - zone.x) + (y - zone.y) * (y - zone.y) <= zone.radius * zone.radius
          : false
      }?.number
    }
  }

  /// The quotients are searched for from the truncated one, by their defining inequalities.
  private func quotient(_ a: Int128, _ b: Int128, _ rounding: Rounding) -> Int128? {
    if b == 0 { return nil }
    let (n, d) = b < 0 ? (-a, -b) : (a, b)
    var q = n / d
    while q * d > n { q -= 1 }
    let rest = 2 * (n - q * d)
    switch rounding {
    case .floor: return q
    case .halfUp: return rest >= d ? q + 1 : q
    case .halfEven: return rest > d || (rest == d && q & 1 == 1) ? q + 1 : q
    }
  }

  func truth(_ predicate: Predicate, _ row: NaiveRow, _ bound: [NaiveRow] = []) -> Bool? {
    func value(_ e: Expression) -> Int64? { self.value(e, row, bound) }
    switch predicate {
    case .equal(let e, let v): return value(e).map { $0 == v }
    case .among(let e, let list): return value(e).map { list.contains($0) }
    case .atLeast(let e, let v): return value(e).map { $0 >= v }
    case .atMost(let e, let v): return value(e).map { $0 <= v }
    case .less(let a, let b): return value(a).flatMap { x in value(b).map { x < $0 } }
    case .same(let a, let b): return value(a).flatMap { x in value(b).map { x == $0 } }
    case .isNull(let e): return value(e) == nil
    case .not(let p): return truth(p, row, bound).map { !$0 }
    case .and(let parts):
      let all = parts.map { truth($0, row, bound) }
      return all.contains(false) ? false : all.allSatisfy { $0 == true } ? true : nil
    case .or(let parts):
      let all = parts.map { truth($0, row, bound) }
      return all.contains(true) ? true : all.allSatisfy { $0 == false } ? false : nil
    }
  }
}
