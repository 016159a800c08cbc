public import DMTCore
import Foundation

/// The Mann-Whitney U test: do the values of one sample tend to be larger than those of another?
///
/// With R the sum of the mid-ranks of `x` among all n + m values,
///
///     U = R - n (n + 1) / 2
///
/// counts the pairs in which the value of `x` is the larger one, ties one half. Under the null hypothesis every choice of n
/// of the n + m values for `x` is equally likely; the p-values are shares of these choices:
///
///     pLess = P(U' <= U)     pGreater = P(U' >= U)     pTwoSided = min(1, 2 min(pLess, pGreater))
///
/// Up to ``largestExact`` values in all they are exact, with ties too: the choices are counted by the sum of their doubled
/// mid-ranks, which are whole numbers. Beyond that U is taken as normal, with the variance
/// n m / 12 ((N + 1) - sum (t^3 - t) / (N (N - 1))) over groups of t tied values, N = n + m, and a continuity correction of
/// one half.
///
/// Source: H. B. Mann and D. R. Whitney, On a test of whether one of two random variables is stochastically larger than the
/// other, Ann. Math. Statist. 18 (1947). The two-sided value is SciPy's.
public struct MannWhitney: Sendable, Equatable {
  /// Where the p-values come from.
  public enum Method: String, Sendable, Codable {
    /// All choices were counted.
    case exact
    /// The normal distribution, with corrections for ties and continuity.
    case normal
  }

  /// Samples of at most this many values together are counted exactly.
  public static let largestExact = 60

  /// Pairs in which the value of `x` is larger, ties one half: 0 to n m.
  public let u: Double
  /// U / (n m): the chance that a value of `x` is larger than one of `y`, ties one half.
  public let superiority: Double
  /// The p-value against "x is smaller".
  public let pLess: Double
  /// The p-value against "x is larger".
  public let pGreater: Double
  /// The p-value against "x is smaller or larger".
  public let pTwoSided: Double
  /// Where the p-values come from.
  public let method: Method
  /// Some values are equal.
  public let hasTies: Bool

  /// Tests `x` against `y`.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` when a sample is empty or holds a value that is no finite number.
  public init(_ x: [Double], _ y: [Double]) throws(DMTError) {
    guard !x.isEmpty, !y.isEmpty else {
      throw DMTError(
        .invalidArgument,
        "the Mann-Whitney test got \(x.count) and \(y.count) values, expected at least one in each sample"
      )
    }
    guard let ranks = MidRanks(x + y) else {
      throw DMTError(.invalidArgument, "the Mann-Whitney test got a value that is no finite number")
    }
    let (n, m) = (Double(x.count), Double(y.count))
    let sum = ranks.doubled[..<x.count].reduce(0, +)
    u = Double(sum) / 2 - n * (n + 1) / 2
    superiority = u / (n * m)
    hasTies = ranks.tieGroups.contains { $0 > 1 }
    if x.count + y.count <= Self.largestExact {
      method = .exact
      (pLess, pGreater) = Self.exact(ranks.doubled, choose: x.count, sum: sum)
    } else {
      method = .normal
      (pLess, pGreater) = Self.normal(u: u, n: n, m: m, tieGroups: ranks.tieGroups)
    }
    pTwoSided = min(1, 2 * min(pLess, pGreater))
  }

  /// The smallest two-sided p-value that samples of these sizes can have: 2 / C(n + m, n), all of one below all of the other.
  public static func smallestP(_ n: Int, _ m: Int) -> Double {
    guard n > 0, m > 0 else { return 1 }
    var choices = 1.0
    for index in 1...min(n, m) { choices *= Double(n + m - min(n, m) + index) / Double(index) }
    return min(1, 2 / choices)
  }

  /// Shares of the choices of `count` ranks whose sum is at most, and at least, `sum`.
  private static func exact(_ ranks: [Int], choose count: Int, sum: Int) -> (less: Double, greater: Double) {
    let width = ranks.reduce(0, +) + 1
    // ways[k * width + s]: choices of k of the ranks so far with sum s. Doubles hold C(60, 30) to 16 digits.
    var ways = [Double](repeating: 0, count: (count + 1) * width)
    ways[0] = 1
    var reach = 0
    for (index, rank) in ranks.enumerated() {
      reach += rank
      for k in stride(from: min(index + 1, count), through: 1, by: -1) {
        for s in stride(from: reach, through: rank, by: -1) {
          ways[k * width + s] += ways[(k - 1) * width + s - rank]
        }
      }
    }
    let chosen = ways[(count * width)...]
    let total = chosen.reduce(0, +)
    let below = chosen.prefix(sum + 1).reduce(0, +)
    let above = chosen.dropFirst(sum).reduce(0, +)
    return (min(1, below / total), min(1, above / total))
  }

  private static func normal(
    u: Double, n: Double, m: Double, tieGroups: [Int]
  ) -> (less: Double, greater: Double) {
    let all = n + m
    let ties = tieGroups.reduce(0.0) { $0 + Double($1) * (Double($1) * Double($1) - 1) }
    let variance = n * m / 12 * ((all + 1) - ties / (all * (all - 1)))
    // Every value is the same: no choice differs from any other.
    guard variance > 0 else { return (1, 1) }
    let deviation = variance.squareRoot()
    func tail(_ distance: Double) -> Double { min(1, erfc((distance - 0.5) / deviation / 2.0.squareRoot()) / 2) }
    return (tail(n * m / 2 - u), tail(u - n * m / 2))
  }
}
