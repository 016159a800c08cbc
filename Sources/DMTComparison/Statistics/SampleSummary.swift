internal import DMTCore

/// What a sample of numbers looks like; a figure that the sample does not define is nil.
///
/// | figure | formula |
/// |---|---|
/// | quartiles, `median` | the value at place q (n - 1) of the sorted values from 0, between two values in proportion; q = 1/4, 1/2, 3/4 |
/// | `mean` | sum x / n |
/// | `standardDeviation` | sqrt(sum (x - mean)^2 / (n - 1)), of at least two values |
public struct SampleSummary: Sendable, Equatable {
  /// How many values.
  public let count: Int
  public let median: Double?
  public let mean: Double?
  public let standardDeviation: Double?
  public let minimum: Double?
  public let maximum: Double?
  public let lowerQuartile: Double?
  public let upperQuartile: Double?

  /// The summary of `values` in any order; a value that is NaN makes figures NaN.
  public init(_ values: [Double]) {
    let sorted = values.sorted()
    count = sorted.count
    minimum = sorted.first
    maximum = sorted.last
    median = sorted.quantile(0.5)
    lowerQuartile = sorted.quantile(0.25)
    upperQuartile = sorted.quantile(0.75)
    guard !sorted.isEmpty else {
      (mean, standardDeviation) = (nil, nil)
      return
    }
    let mean = sorted.reduce(0, +) / Double(sorted.count)
    self.mean = mean
    let squares = sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    standardDeviation = sorted.count > 1 ? (squares / Double(sorted.count - 1)).squareRoot() : nil
  }

  /// The Hodges-Lehmann shift: the median of all differences x - y; nil when a sample is empty.
  ///
  /// It estimates how far `x` lies above `y`, and one value that went astray hardly moves it.
  ///
  /// Source: J. L. Hodges and E. L. Lehmann, Estimates of location based on rank tests, Ann. Math. Statist. 34 (1963).
  public static func shift(_ x: [Double], over y: [Double]) -> Double? {
    x.flatMap { a in y.map { a - $0 } }.sorted().quantile(0.5)
  }
}
