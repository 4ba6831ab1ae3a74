import Draws

/// The share of a standard normal below `x`, to about nine digits: for tables, not for events.
func normalShare(_ x: Double) -> Double {
  var low = 1e-12
  var high = 1 - 1e-12
  for _ in 0..<40 {
    let middle = (low + high) / 2
    if normalQuantile(middle) < x { low = middle } else { high = middle }
  }
  return (low + high) / 2
}
