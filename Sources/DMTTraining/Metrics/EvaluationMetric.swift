public import DMTCore

/// A figure of an ``EvaluationResult`` by which two models are compared.
public enum EvaluationMetric: String, Sendable, Codable, CaseIterable {
  case auc
  case gauc
  case logloss
  case ne

  /// The metric that a manifest calls `name`.
  ///
  /// - Throws: ``DMTError/Code/invalidManifest`` with the nearest known name.
  public init(named name: String, place: DMTError.Place = .init()) throws(DMTError) {
    guard let metric = EvaluationMetric(rawValue: name) else {
      throw DMTError(
        .invalidManifest, "unknown metric '\(name)'", place: place,
        remedy: Spelling.suggestion(for: name, in: EvaluationMetric.allCases.map(\.rawValue)))
    }
    self = metric
  }

  /// The figure in `result`; nil where it is not defined.
  public func value(in result: EvaluationResult) -> Double? {
    switch self {
    case .auc: result.auc
    case .gauc: result.gauc
    case .logloss: result.logloss
    case .ne: result.ne
    }
  }

  /// True when `value` is strictly better than `other`.
  public func isBetter(_ value: Double, than other: Double) -> Bool {
    switch self {
    case .auc, .gauc: value > other
    case .logloss, .ne: value < other
    }
  }
}
