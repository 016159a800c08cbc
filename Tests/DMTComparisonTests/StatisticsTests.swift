import DMTComparison
import Testing

@Suite("Figures of samples")
struct StatisticsTests {
  private func isClose(_ found: Double?, _ wanted: Double) -> Bool { found.map { abs($0 - wanted) < 1e-12 } ?? false }

  @Test("a summary has the quartiles, mean and deviation that NumPy has")
  func summary() {
    // numpy 2: percentile(x, [25, 50, 75]), mean, std(ddof=1).
    let summary = SampleSummary([7, 1, 3, 12, 4])
    #expect(summary.count == 5 && summary.minimum == 1 && summary.maximum == 12)
    #expect(summary.median == 4 && summary.lowerQuartile == 3 && summary.upperQuartile == 7)
    #expect(isClose(summary.mean, 5.4) && isClose(summary.standardDeviation, 4.277849927241487))
    #expect(isClose(SampleSummary([1, 2, 3, 4]).lowerQuartile, 1.75))
    #expect(isClose(SampleSummary([1, 2, 3, 4]).median, 2.5))
  }

  @Test("one value has no deviation, and none has no figures")
  func small() {
    let one = SampleSummary([3])
    #expect(one.median == 3 && one.upperQuartile == 3 && one.standardDeviation == nil)
    let none = SampleSummary([])
    #expect(none.count == 0 && none.median == nil && none.mean == nil && none.minimum == nil)
  }

  @Test("the shift is the median of all differences")
  func shift() {
    #expect(SampleSummary.shift([1, 5], over: [2, 3, 10]) == -1.5)
    #expect(SampleSummary.shift([4, 5, 6], over: [1, 2, 3]) == 3)
    #expect(SampleSummary.shift([], over: [1]) == nil)
  }

  @Test("Holm's correction steps down, never goes backwards, and keeps the order")
  func holm() {
    // p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") of R 4.
    let corrected = HolmCorrection.corrected([0.01, 0.04, 0.03, 0.005])
    for (found, wanted) in zip(corrected, [0.03, 0.06, 0.06, 0.02]) { #expect(isClose(found, wanted)) }
    #expect(HolmCorrection.corrected([0.7, 0.6]) == [1, 1])
    #expect(HolmCorrection.corrected([0.2]) == [0.2] && HolmCorrection.corrected([]).isEmpty)
  }

  @Test("p-values and differences are written so that they can be read")
  func texts() {
    #expect(FigureText.p(4.113533525298231e-05) == "4.1e-05" && FigureText.p(0.0503) == "0.0503")
    #expect(FigureText.p(nil) == "n/a" && FigureText.p(1) == "1.0000")
    #expect(FigureText.difference(-0.0000001) == "+0.00000" && FigureText.difference(-0.25) == "-0.25000")
    #expect(FigureText.figure(nil) == "-")
  }
}
