import DMTComparison
import DMTCore
import Testing

/// The reference numbers are those of scipy.stats 1.17.1: mannwhitneyu(x, y, alternative=.., method=..), and where values are
/// tied permutation_test over all choices of its statistic.
@Suite("The Mann-Whitney U test")
struct MannWhitneyTests {
  struct Reference: Sendable {
    var x: [Double]
    var y: [Double]
    var u: Double
    var less: Double
    var greater: Double
    var twoSided: Double
  }

  private func expect(_ result: MannWhitney, _ reference: Reference, sourceLocation: SourceLocation = #_sourceLocation)
  {
    #expect(result.u == reference.u, sourceLocation: sourceLocation)
    for (found, wanted) in [
      (result.pLess, reference.less), (result.pGreater, reference.greater), (result.pTwoSided, reference.twoSided),
    ] {
      #expect(abs(found - wanted) <= 1e-12 * wanted, "\(found), SciPy has \(wanted)", sourceLocation: sourceLocation)
    }
  }

  @Test(
    "samples without ties have SciPy's exact p-values",
    arguments: [
      Reference(
        x: [19, 22, 16, 29, 24], y: [20, 11, 17, 12], u: 17, less: 0.9682539682539683, greater: 0.05555555555555555,
        twoSided: 0.1111111111111111),
      Reference(
        x: [0.8011, 0.8023, 0.7996, 0.8040, 0.8005, 0.8031, 0.8017, 0.8009, 0.8028],
        y: [0.8019, 0.8044, 0.8033, 0.8051, 0.8012, 0.8060, 0.8037, 0.8026, 0.8048], u: 14,
        less: 0.009378856437679967, greater: 0.9929041546688605, twoSided: 0.018757712875359933),
    ])
  func exact(_ reference: Reference) throws {
    let result = try MannWhitney(reference.x, reference.y)
    #expect(result.method == .exact && !result.hasTies)
    expect(result, reference)
  }

  @Test("nine runs all below nine others have p = 4.1e-5, two-sided")
  func separated() throws {
    let result = try MannWhitney((0..<9).map(Double.init), (10..<19).map(Double.init))
    expect(
      result,
      Reference(
        x: [], y: [], u: 0, less: 2.0567667626491154e-05, greater: 1, twoSided: 4.113533525298231e-05))
    #expect(abs(MannWhitney.smallestP(9, 9) - result.pTwoSided) < 1e-18)
    #expect(result.superiority == 0)
  }

  @Test("tied samples have the p-values of all choices of their mid-ranks")
  func ties() throws {
    let result = try MannWhitney([1, 2, 2, 3, 3, 3, 4], [2, 3, 4, 4, 5, 5])
    #expect(result.method == .exact && result.hasTies)
    expect(
      result,
      Reference(
        x: [], y: [], u: 8.5, less: 0.05011655011655012, greater: 0.9778554778554779, twoSided: 0.10023310023310024))
  }

  @Test("identical samples have p = 1", arguments: [1, 2, 9, 30, 200])
  func identical(_ count: Int) throws {
    let values = (0..<count).map(Double.init)
    #expect(try MannWhitney(values, values).pTwoSided == 1)
    let constant = [Double](repeating: 0.5, count: count)
    let result = try MannWhitney(constant, constant)
    #expect(result.pTwoSided == 1 && result.pLess == 1 && result.pGreater == 1 && result.superiority == 0.5)
  }

  @Test("large samples have SciPy's normal approximation, corrected for ties and continuity")
  func large() throws {
    let tied = try MannWhitney((0..<40).map { Double($0 % 7) }, (0..<45).map { Double($0 * 3 % 8) })
    #expect(tied.method == .normal && tied.hasTies)
    expect(
      tied,
      Reference(
        x: [], y: [], u: 777.5, less: 0.13928088956836376, greater: 0.8626795643450833, twoSided: 0.2785617791367275))
  }

  @Test("exact and normal p-values agree where the one gives way to the other")
  func transition() throws {
    let x = (0..<30).map { Double($0 * 37 % 101) }
    let y = (0..<30).map { Double($0 * 53 % 103) + 9.5 }
    let exact = try MannWhitney(x, y)
    let normal = try MannWhitney(x, y + [49.7])
    #expect(exact.method == .exact && normal.method == .normal)
    #expect(abs(exact.pTwoSided - normal.pTwoSided) < 0.03)
  }

  @Test("exchanging the samples exchanges the one-sided p-values")
  func exchanged() throws {
    let (x, y): ([Double], [Double]) = ([3, 1, 4, 1, 5, 9, 2], [6, 5, 3, 5])
    let (one, other) = (try MannWhitney(x, y), try MannWhitney(y, x))
    #expect(abs(one.pLess - other.pGreater) < 1e-15 && abs(one.pTwoSided - other.pTwoSided) < 1e-15)
    #expect(one.u + other.u == Double(x.count * y.count))
  }

  @Test("an empty sample, a NaN and an infinity are errors")
  func refused() {
    for (x, y): ([Double], [Double]) in [([], [1]), ([1], []), ([.nan], [1]), ([1], [2, .infinity])] {
      do {
        _ = try MannWhitney(x, y)
        Issue.record("\(x) and \(y) were taken")
      } catch {
        #expect(error.code == .invalidArgument)
      }
    }
  }
}
