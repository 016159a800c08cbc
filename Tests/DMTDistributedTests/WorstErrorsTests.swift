import DMTDistributed
import Testing

/// A failure in one step is not hidden by another step.
@Suite struct WorstErrorsTests {
  @Test func `an error where zeros were expected stays, whatever comes before and after`() {
    var worst = WorstErrors(isAbsolute: false)
    worst.note("w", error: 0, largest: 0)
    worst.note("w", error: 1e-3, largest: 0)
    worst.note("w", error: 0, largest: 5)
    worst.note("w", error: 1e-9, largest: 5)
    #expect(worst["w"] == .init(error: 1e-3, largest: 0))
  }

  @Test func `a NaN and a tensor that was left out stay`() {
    var worst = WorstErrors(isAbsolute: true)
    worst.note("nan", error: .nan, largest: 1)
    worst.note("nan", error: 1, largest: 1)
    #expect(worst["nan"]?.error.isNaN == true)
    worst.note("missing", error: 0, largest: 1)
    worst.noteMissing("missing")
    worst.note("missing", error: 1, largest: 1)
    #expect(worst["missing"]?.error == .infinity)
  }

  @Test func `absolute errors are compared as they are, relative ones as shares`() {
    for isAbsolute in [true, false] {
      var worst = WorstErrors(isAbsolute: isAbsolute)
      worst.note("w", error: 1e-8, largest: 100)
      worst.note("w", error: 1e-12, largest: 1e-6)
      #expect(worst["w"]?.error == (isAbsolute ? 1e-8 : 1e-12))
      #expect(worst.tensors == ["w"])
    }
  }
}
