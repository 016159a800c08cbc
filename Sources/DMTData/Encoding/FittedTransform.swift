package import DMTManifest

/// How a text becomes categories, with everything that was learnt from the training rows.
package enum FittedTransform: Sendable, Equatable {
  case text
  case bands([FeatureSpec.Band])
  /// Bin i holds the values in edges[i - 1]..<edges[i]; with `zeroApart`, zero is a bin of its own.
  case quantiles(edges: [Double], zeroApart: Bool)

  /// The category of one piece of a field, as text; the piece itself where there is no transform.
  ///
  /// * Bands: the lowest value of the step it falls into, steps being cut at multiples of the width; `below` under all bands.
  /// * Quantiles: the bin's number; `zero` where zero stands apart.
  /// * A missing value stays the empty text.
  func category(of piece: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    if case .text = self { return Array(piece) }
    guard let value = NumberParser.double(piece) else { return [] }
    switch self {
    case .text: return Array(piece)
    case .bands(let bands): return Array(Self.band(of: value, bands).utf8)
    case .quantiles(let edges, let zeroApart):
      if zeroApart, value == 0 { return Array("zero".utf8) }
      return Array(String(Self.bin(of: value, edges)).utf8)
    }
  }

  private static func band(of value: Double, _ bands: [FeatureSpec.Band]) -> String {
    guard let band = bands.filter({ value >= $0.from }).max(by: { $0.from < $1.from }) else { return "below" }
    let step = max((value / band.width).rounded(.down) * band.width, band.from)
    if step == step.rounded(), abs(step) < 1e15 { return String(Int64(step)) }
    return "\(step)"
  }

  /// How many edges are at or below `value`.
  private static func bin(of value: Double, _ edges: [Double]) -> Int {
    var low = 0
    var high = edges.count
    while low < high {
      let middle = (low + high) / 2
      if edges[middle] <= value { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The edges that cut the values into `bins` of equal weight, by linear interpolation between neighbours (NumPy's
  /// default), equal edges once; values and how often each occurs.
  package static func edges(of values: [(value: Double, count: Int)], bins: Int) -> [Double] {
    let sorted = values.filter { $0.count > 0 }.sorted { $0.value < $1.value }
    var ends: [Int] = []
    var total = 0
    for entry in sorted {
      total += entry.count
      ends.append(total)
    }
    guard total > 0, bins > 1 else { return [] }
    func at(_ rank: Int) -> Double {
      var low = 0
      var high = ends.count - 1
      while low < high {
        let middle = (low + high) / 2
        if ends[middle] > rank { high = middle } else { low = middle + 1 }
      }
      return sorted[low].value
    }
    var edges: [Double] = []
    for cut in 1..<bins {
      let position = Double(cut) / Double(bins) * Double(total - 1)
      let lower = Int(position.rounded(.down))
      let part = position - Double(lower)
      let a = at(lower)
      let b = at(min(lower + 1, total - 1))
      let edge = part >= 0.5 ? b - (b - a) * (1 - part) : a + (b - a) * part
      if edges.last != edge { edges.append(edge) }
    }
    return edges
  }
}
