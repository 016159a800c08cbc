public import DMTCore
public import DMTData
public import DMTTraining

/// What is compared, and over which runs.
public struct ComparisonSettings: Sendable {
  /// The figure that is compared.
  public var metric: EvaluationMetric
  /// The samples that it is measured on: test or valid.
  public var split: SplitName
  /// The seed of each manifest's first run.
  public var firstSeed: UInt64
  /// Runs of each manifest, with one seed after the other.
  public var seedCount: Int
  /// `path=value` changes of every manifest.
  public var overrides: [String]

  /// - Throws: ``DMTError/Code/invalidArgument`` for no seed or too many, a seed past the largest number, a split that runs
  ///   do not measure, or an override of the seed.
  public init(
    metric: EvaluationMetric = .auc, split: SplitName = .test, firstSeed: UInt64 = 1, seedCount: Int = 9,
    overrides: [String] = []
  ) throws(DMTError) {
    guard 1...1000 ~= seedCount else {
      throw DMTError(.invalidArgument, "the number of seeds is \(seedCount), expected 1 to 1000")
    }
    // Manifests hold signed numbers.
    guard firstSeed <= UInt64(Int64.max) - UInt64(seedCount) else {
      throw DMTError(.invalidArgument, "the first seed \(firstSeed) is too large", remedy: "name a smaller one")
    }
    guard split != .train else {
      throw DMTError(.invalidArgument, "a run does not measure the split 'train'", remedy: "name test or valid")
    }
    if let seed = overrides.first(where: { $0.hasPrefix("train.seed=") }) {
      throw DMTError(
        .invalidArgument, "the override '\(seed)' sets the seed, which a comparison does itself",
        remedy: "name the first seed with --first-seed")
    }
    self.metric = metric
    self.split = split
    self.firstSeed = firstSeed
    self.seedCount = seedCount
    self.overrides = overrides
  }

  /// The seeds of each manifest's runs.
  public var seeds: [UInt64] { (0..<UInt64(seedCount)).map { firstSeed + $0 } }
}
