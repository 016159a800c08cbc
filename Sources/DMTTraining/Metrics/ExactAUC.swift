/// The area under the ROC curve, exactly: the chance that a random positive sample scores above a random negative one,
/// ties counting one half.
///
/// AUC = (#{(p, n): s_p > s_n} + #{(p, n): s_p = s_n} / 2) / (P N), over all pairs of a positive p and a negative n. The
/// pairs are counted in whole numbers, so neither the order of the samples nor rounding changes the result.
enum ExactAUC {
  /// One sample's score and whether its label is 1.
  struct Sample {
    var score: Double
    var isPositive: Bool
  }

  /// The AUC of `samples`, which are left sorted by score; nil when they are of one class, where it is not defined.
  ///
  /// Scores must not be NaN, which no order holds.
  static func value(sorting samples: inout some MutableCollection<Sample> & RandomAccessCollection<Sample>) -> Double? {
    samples.sort { $0.score < $1.score }
    var negativesBelow = 0
    var positives = 0
    /// Twice the pairs won, so that a tie counts 1.
    var doubledWins = 0
    var index = samples.startIndex
    while index < samples.endIndex {
      let score = samples[index].score
      var tiedPositives = 0
      var tiedNegatives = 0
      while index < samples.endIndex, samples[index].score == score {
        if samples[index].isPositive { tiedPositives += 1 } else { tiedNegatives += 1 }
        samples.formIndex(after: &index)
      }
      doubledWins += tiedPositives * (2 * negativesBelow + tiedNegatives)
      negativesBelow += tiedNegatives
      positives += tiedPositives
    }
    guard positives > 0, negativesBelow > 0 else { return nil }
    return Double(doubledWins) / (2 * Double(positives) * Double(negativesBelow))
  }
}
