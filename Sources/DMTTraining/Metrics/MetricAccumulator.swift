public import DMTCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Collects predictions and labels chunk by chunk and computes an ``EvaluationResult`` from all of them.
///
/// Sums run in double over the samples in the order in which they come, so the chunks' sizes do not change the result.
/// AUC needs all scores at once: 16 bytes a sample are kept (24 with groups).
public struct MetricAccumulator: Sendable {
  /// What the predicted numbers are.
  public enum Scale: Sendable {
    /// Log-odds; AUC ranks them as they are, so that large ones do not tie as their probabilities would.
    case logits
    /// Probabilities from 0 to 1.
    case probabilities
  }

  /// Probabilities are kept this far from 0 and 1 before a logarithm is taken.
  public static let clip = 1e-7

  private let scale: Scale
  private let isGrouped: Bool
  private var samples: [ExactAUC.Sample] = []
  private var groups: [Int64] = []
  private var lossSum = 0.0
  private var probabilitySum = 0.0
  private var positives = 0

  /// An empty accumulator.
  ///
  /// - Parameter isGrouped: every sample comes with a group; the result then has a GAUC.
  public init(scale: Scale = .logits, isGrouped: Bool = false) {
    self.scale = scale
    self.isGrouped = isGrouped
  }

  /// Samples so far.
  public var count: Int { samples.count }

  /// Makes room for `count` samples in all.
  public mutating func reserveCapacity(_ count: Int) {
    samples.reserveCapacity(count)
    if isGrouped { groups.reserveCapacity(count) }
  }

  /// Forgets all samples and keeps the room.
  public mutating func removeAll() {
    samples.removeAll(keepingCapacity: true)
    groups.removeAll(keepingCapacity: true)
    lossSum = 0
    probabilitySum = 0
    positives = 0
  }

  /// Takes `count` further samples.
  ///
  /// - Parameters:
  ///   - predictions: [count], on the accumulator's scale.
  ///   - labels: [count], each 0 or 1.
  ///   - groups: [count], needed when the accumulator is grouped.
  /// - Throws: ``DMTError/Code/notFinite`` for a prediction that is NaN or infinite, ``DMTError/Code/invalidData`` for a
  ///   label that is neither 0 nor 1 or a probability outside 0 to 1, ``DMTError/Code/invalidArgument`` for missing groups.
  ///   Samples before the bad one are taken.
  public mutating func add(
    _ predictions: UnsafePointer<Float>, labels: UnsafePointer<Float>, groups: UnsafePointer<Int64>? = nil, count: Int
  ) throws(DMTError) {
    if isGrouped, groups == nil, count > 0 {
      throw DMTError(.invalidArgument, "a grouped evaluation got samples without groups")
    }
    for index in 0..<count {
      let prediction = Double(predictions[index])
      guard prediction.isFinite else {
        throw DMTError(
          .notFinite, "the prediction of sample \(samples.count) of the evaluation is \(DMTError.text(prediction))",
          remedy: "lower the learning rate, or clip the gradient (train.clip_norm)")
      }
      let label = labels[index]
      guard label == 0 || label == 1 else {
        throw DMTError(
          .invalidData, "the label of sample \(samples.count) of the evaluation is \(label), expected 0 or 1")
      }
      let probability: Double
      switch scale {
      case .logits: probability = Self.sigmoid(prediction)
      case .probabilities:
        guard prediction >= 0, prediction <= 1 else {
          throw DMTError(
            .invalidData,
            "the probability of sample \(samples.count) of the evaluation is \(prediction), expected 0 to 1")
        }
        probability = prediction
      }
      let clipped = min(max(probability, Self.clip), 1 - Self.clip)
      lossSum -= label == 1 ? log(clipped) : log(1 - clipped)
      probabilitySum += probability
      if label == 1 { positives += 1 }
      samples.append(ExactAUC.Sample(score: prediction, isPositive: label == 1))
      if let groups, isGrouped { self.groups.append(groups[index]) }
    }
  }

  /// The figures of all samples so far; sorts them, which changes nothing for later samples.
  public mutating func result() -> EvaluationResult {
    var result = EvaluationResult(examples: samples.count)
    guard !samples.isEmpty else { return result }
    let count = Double(samples.count)
    let logloss = lossSum / count
    result.logloss = logloss
    if positives > 0 { result.calibration = probabilitySum / Double(positives) }
    if positives > 0, positives < samples.count {
      let rate = Double(positives) / count
      result.ne = logloss / -(rate * log(rate) + (1 - rate) * log(1 - rate))
    }
    if isGrouped {
      // The groups belong to the samples in their order of arrival, so this one sorts a copy.
      result.gauc = GroupedAUC.value(of: zip(groups, samples).map { .init(group: $0, sample: $1) })
      var copy = samples
      result.auc = ExactAUC.value(sorting: &copy)
    } else {
      result.auc = ExactAUC.value(sorting: &samples)
    }
    return result
  }

  /// 1 / (1 + e^-x), without overflow at either end.
  static func sigmoid(_ x: Double) -> Double {
    if x >= 0 { return 1 / (1 + exp(-x)) }
    let power = exp(x)
    return power / (1 + power)
  }
}
