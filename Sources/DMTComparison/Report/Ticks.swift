import Foundation

/// Round numbers along an axis: steps of 1, 2 or 5 times a power of ten.
struct Ticks {
  /// The numbers, and how they are written.
  let labels: [(value: Double, text: String)]

  /// About six numbers between two that differ.
  init(from low: Double, to high: Double) {
    let raw = (high - low) / 6
    guard raw > 0, raw.isFinite else {
      labels = []
      return
    }
    let power = floor(log10(raw))
    let unit = pow(10, power)
    let multiple = [1.0, 2, 5, 10].first { $0 * unit >= raw * 0.999 } ?? 10
    let step = multiple * unit
    let digits = max(0, min(12, Int(-(multiple == 10 ? power + 1 : power))))
    // Whole multiples, so that no error adds up along the axis.
    let (first, last) = (ceil(low / step), floor(high / step))
    guard last >= first, last - first < 100 else {
      labels = []
      return
    }
    labels = (0...Int(last - first)).map { index in
      let value = (first + Double(index)) * step
      return (value, String(format: "%.\(digits)f", value))
    }
  }
}
