/// Colours that tell towers apart, and shades for numbers from 0 to 1.
package enum Palette {
  private static let first = [
    "#4269d0", "#efb118", "#ff725c", "#3ca951", "#a463f2", "#6cc5b0", "#9c6b4e", "#ff8ab7", "#97bbf5", "#8c8c1f",
  ]

  /// The colour of tower `index`.
  package static func tower(_ index: Int) -> String {
    if index < first.count { return first[index] }
    // Golden-angle steps keep neighbours apart, lightness changes every third.
    let hue = (Double(index) * 137.508).truncatingRemainder(dividingBy: 360)
    return rgb(hue: hue, saturation: 0.55, lightness: [0.42, 0.55, 0.66][index % 3])
  }

  /// Written as rgb, which every viewer of SVG knows.
  private static func rgb(hue: Double, saturation: Double, lightness: Double) -> String {
    let reach = saturation * min(lightness, 1 - lightness)
    func channel(_ offset: Double) -> Int {
      let k = (offset + hue / 30).truncatingRemainder(dividingBy: 12)
      return Int((255 * (lightness - reach * max(-1, min(k - 3, 9 - k, 1)))).rounded())
    }
    return "rgb(\(channel(0)),\(channel(8)),\(channel(4)))"
  }

  /// White for 0 to dark blue for 1.
  package static func shade(_ value: Double) -> String {
    let stops: [(Double, SIMD3<Double>)] = [
      (0, SIMD3(247, 250, 253)), (0.35, SIMD3(178, 209, 234)), (0.7, SIMD3(58, 124, 186)), (1, SIMD3(8, 40, 97)),
    ]
    let value = min(1, max(0, value))
    var color = stops[stops.count - 1].1
    for (low, high) in zip(stops, stops.dropFirst()) where value <= high.0 {
      let share = (value - low.0) / (high.0 - low.0)
      color = low.1 + (high.1 - low.1) * share
      break
    }
    return "rgb(\(Int(color.x.rounded())),\(Int(color.y.rounded())),\(Int(color.z.rounded())))"
  }
}
