extension [Double] {
  /// The quantile of sorted numbers: the value at place q (n - 1), between two of them in proportion; nil of none.
  package func quantile(_ q: Double) -> Double? {
    guard let last else { return nil }
    let place = q * Double(count - 1)
    let index = Int(place)
    guard index + 1 < count else { return last }
    let share = place - Double(index)
    return share == 0 ? self[index] : self[index] + share * (self[index + 1] - self[index])
  }
}
