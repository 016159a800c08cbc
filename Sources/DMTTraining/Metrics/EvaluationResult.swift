/// What a model's predictions are worth on one set of samples.
///
/// A figure that the set does not define is nil (`null` in JSON) and never a stand-in: AUC and NE of samples of one
/// class, the calibration without a positive sample, everything of an empty set.
public struct EvaluationResult: Sendable, Equatable, Codable {
  /// The chance that a random positive sample scores above a random negative one, ties counting one half.
  public var auc: Double?
  /// The mean of -(y ln p + (1 - y) ln(1 - p)), p kept within [1e-7, 1 - 1e-7].
  public var logloss: Double?
  /// Normalised entropy: logloss over the entropy of the set's own base rate; 1 is what the base rate alone achieves.
  public var ne: Double?
  /// The sum of the predicted probabilities over the number of positive samples; 1 is right on average.
  public var calibration: Double?
  /// The samples evaluated.
  public var examples: Int
  /// The groups' AUCs, weighted by their samples; only where groups were given.
  public var gauc: Double?

  /// A result of these figures.
  public init(
    auc: Double? = nil, logloss: Double? = nil, ne: Double? = nil, calibration: Double? = nil, examples: Int,
    gauc: Double? = nil
  ) {
    self.auc = auc
    self.logloss = logloss
    self.ne = ne
    self.calibration = calibration
    self.examples = examples
    self.gauc = gauc
  }

  private enum CodingKeys: String, CodingKey {
    case auc
    case logloss
    case ne
    case calibration
    case examples
    case gauc
  }

  /// Writes undefined figures as `null` instead of leaving them out, so that a reader finds every key.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(auc, forKey: .auc)
    try container.encode(logloss, forKey: .logloss)
    try container.encode(ne, forKey: .ne)
    try container.encode(calibration, forKey: .calibration)
    try container.encode(examples, forKey: .examples)
    try container.encodeIfPresent(gauc, forKey: .gauc)
  }
}
