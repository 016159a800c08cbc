public import DMTCore
public import DMTTraining
import Foundation

/// What `compare.json` holds.
public struct ComparisonReport: Codable, Sendable, Equatable {
  /// One run.
  public struct Run: Codable, Sendable, Equatable {
    public var seed: UInt64
    public var folder: String
    /// The figure that is compared; null when the run failed.
    @OrNull public var value: Double? = nil
    /// How the run ended; null when it did not finish.
    @OrNull public var reason: String? = nil
    @OrNull public var step: Int? = nil
    @OrNull public var valid: EvaluationResult? = nil
    @OrNull public var test: EvaluationResult? = nil
    /// Why there is no value.
    @OrNull public var error: String? = nil
  }

  /// One manifest with its runs.
  public struct Entry: Codable, Sendable, Equatable {
    public var name: String
    public var manifest: String
    /// Samples that each run was measured on.
    public var examples: Int
    /// Runs with a value; the figures are of these.
    public var n: Int
    @OrNull public var median: Double? = nil
    @OrNull public var mean: Double? = nil
    @OrNull public var standardDeviation: Double? = nil
    @OrNull public var minimum: Double? = nil
    @OrNull public var lowerQuartile: Double? = nil
    @OrNull public var upperQuartile: Double? = nil
    @OrNull public var maximum: Double? = nil
    public var runs: [Run]
  }

  /// One manifest against the baseline, see ``MannWhitney``.
  public struct Test: Codable, Sendable, Equatable {
    public var name: String
    public var baseline: String
    /// The median less that of the baseline.
    @OrNull public var medianDifference: Double? = nil
    /// The median of all differences between a run and one of the baseline.
    @OrNull public var shift: Double? = nil
    @OrNull public var u: Double? = nil
    /// The chance that a run's value is larger than that of one of the baseline, ties one half.
    @OrNull public var superiority: Double? = nil
    @OrNull public var pTwoSided: Double? = nil
    /// Against "the values are smaller than the baseline's".
    @OrNull public var pLess: Double? = nil
    /// Against "the values are larger than the baseline's".
    @OrNull public var pGreater: Double? = nil
    /// ``pTwoSided`` after Holm, over all tests of the report.
    @OrNull public var pHolm: Double? = nil
    /// The smallest two-sided p that so many runs can give.
    @OrNull public var pSmallest: Double? = nil
    @OrNull public var method: MannWhitney.Method? = nil
    /// Why there is no p.
    @OrNull public var note: String? = nil
  }

  /// The format of the file.
  public var formatVersion = 1
  public var program: String
  public var metric: EvaluationMetric
  public var higherIsBetter: Bool
  public var split: String
  public var seeds: [UInt64]
  /// Changes of every manifest.
  public var overrides: [String]
  /// The manifests, the baseline first.
  public var manifests: [Entry]
  public var tests: [Test]
  public var warnings: [String]

  /// The values of a manifest's runs, in the order of the seeds.
  public static func values(_ entry: Entry) -> [Double] { entry.runs.compactMap(\.value) }

  /// The report as JSON with sorted keys, the same for the same runs.
  ///
  /// - Throws: ``DMTError/Code/internalError`` when a figure is no finite number.
  public func json() throws(DMTError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    do {
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    } catch {
      throw DMTError(.internalError, "the comparison cannot be written as JSON: \(error)")
    }
  }
}
