/// Holm's step-down correction of several p-values.
public enum HolmCorrection {
  /// The corrected p-values, in the order of `values`.
  ///
  /// With p(1) <= .. <= p(k), the corrected p(i) is max over j <= i of min(1, (k - j + 1) p(j)). Rejecting what stays below
  /// a level keeps the chance of any false rejection below it, whatever the tests have to do with each other.
  ///
  /// Source: S. Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6 (1979).
  public static func corrected(_ values: [Double]) -> [Double] {
    var result = values
    var highest = 0.0
    for (position, index) in values.indices.sorted(by: { values[$0] < values[$1] }).enumerated() {
      highest = max(highest, min(1, Double(values.count - position) * values[index]))
      result[index] = highest
    }
    return result
  }
}
