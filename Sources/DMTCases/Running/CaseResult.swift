public import DMTCore

/// How far the numbers of one tensor are from those expected.
public struct TensorCheck: Sendable, Hashable, Codable {
  /// `output.out`, `grad_param.weight`, `expected.3`; with `(added)` where the gradient was added to an earlier one.
  public var tensor: String
  /// Largest abs(got - expected).
  public var absoluteError: Double
  /// Largest abs(got - expected) / abs(expected), where abs(expected) is above the absolute tolerance.
  public var relativeError: Double
  /// Largest abs(got - expected) / (atol + rtol abs(expected)): at most 1 passes.
  public var toleranceUsed: Double
  /// Place of the number that used most of the tolerance; nil for a tensor without elements.
  public var worstElement: Int?

  /// All numbers are within the tolerance.
  public var passed: Bool { toleranceUsed <= 1 }
}

/// What became of a case.
public struct CaseResult: Sendable, Hashable, Codable {
  /// How a case ended.
  public enum Outcome: String, Sendable, Hashable, Codable {
    /// Every number is within its tolerance.
    case passed
    /// A number is outside its tolerance.
    case missed
    /// None of the allowed backends serves it.
    case notServed = "not-served"
    /// The case or a kernel broke a rule.
    case failed
  }

  /// The case's name.
  public var name: String
  /// `operator linear`.
  public var subject: String
  public var outcome: Outcome
  /// Names of the backends that served, in the order of first use.
  public var servedBy: [String] = []
  /// Why it was not served, or what failed.
  public var message: String?
  public var tensors: [TensorCheck] = []

  /// The case counts as good.
  public var passed: Bool { outcome == .passed }

  /// The tensor that used most of its tolerance.
  public var worst: TensorCheck? { tensors.max { $0.toleranceUsed < $1.toleranceUsed } }

  /// The result of a case that could not be read or run.
  public static func failure(name: String, subject: String = "", _ error: DMTError) -> CaseResult {
    CaseResult(name: name, subject: subject, outcome: .failed, message: error.description)
  }
}

extension TensorCheck {
  /// Compares in double; a number that is not finite counts as infinitely far unless it equals the expected one.
  ///
  /// - Parameter factor: multiplies the expected numbers and with them the tolerance.
  static func compare(
    _ tensor: String, got: [Double], expected: [Double], relativeTolerance: Double, absoluteTolerance: Double,
    factor: Double = 1
  ) throws(DMTError) -> TensorCheck {
    guard got.count == expected.count else {
      throw DMTError(.shapeMismatch, "\(tensor) has \(got.count) elements, expected \(expected.count)")
    }
    var check = TensorCheck(tensor: tensor, absoluteError: 0, relativeError: 0, toleranceUsed: 0)
    for (index, pair) in zip(got, expected).enumerated() {
      let goal = factor * pair.1
      let tolerance = abs(factor) * absoluteTolerance + relativeTolerance * abs(goal)
      let distance = abs(pair.0 - goal)
      let error = pair.0 == goal ? 0 : distance.isFinite ? distance : .greatestFiniteMagnitude
      let used =
        error == 0 ? 0 : tolerance > 0 ? min(error / tolerance, .greatestFiniteMagnitude) : .greatestFiniteMagnitude
      check.absoluteError = max(check.absoluteError, error)
      if abs(goal) > absoluteTolerance {
        check.relativeError = max(check.relativeError, min(error / abs(goal), .greatestFiniteMagnitude))
      }
      if check.worstElement == nil || used > check.toleranceUsed {
        check.toleranceUsed = used
        check.worstElement = index
      }
    }
    return check
  }
}
