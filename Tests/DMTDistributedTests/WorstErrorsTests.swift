import DMTDistributed
import Testing

/// A failure in one step is not hidden by another step.
@Suite struct WorstErrorsTests {
  @Test func `an error stays, whatever comes before and after`() {
    var worst = WorstErrors()
    worst.note("w", error: 0, largest: 0)
    worst.note("w", error: 1e-3, largest: 0)
    worst.note("w", error: 1e-9, largest: 5)
    worst.note("w", error: 0, largest: 1)
    #expect(worst["w"]?.error == 1e-3 && worst["w"]?.largest == 5)
    #expect(worst.tensors == ["w"])
  }

  @Test func `a NaN and a tensor that was left out stay`() {
    var worst = WorstErrors()
    worst.note("nan", error: .nan, largest: 1)
    worst.note("nan", error: 1, largest: 1)
    #expect(worst["nan"]?.error.isNaN == true)
    worst.note("missing", error: 0, largest: 1)
    worst.noteMissing("missing")
    worst.note("missing", error: 1, largest: 1)
    #expect(worst["missing"]?.error == .infinity)
  }
}
