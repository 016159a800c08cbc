import Foundation

/// Figures of a comparison as people read them.
public enum FigureText {
  /// A p-value: four digits behind the point, two significant ones where it is small, `n/a` for none.
  public static func p(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "n/a" }
    return value < 0.001 ? String(format: "%.1e", value) : String(format: "%.4f", value)
  }

  /// A figure with five digits behind the point, `-` for none.
  public static func figure(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "-" }
    return String(format: "%.5f", value)
  }

  /// A difference, with its sign; `-` for none.
  public static func difference(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "-" }
    let text = String(format: "%+.5f", value)
    return text == "-0.00000" ? "+0.00000" : text
  }
}
