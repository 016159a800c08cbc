package import DMTCore

/// Finds weights and optimizer states that are NaN or infinite, so that no checkpoint is ever made of them.
package enum FiniteCheck {
  /// Throws ``DMTError/Code/notFinite`` naming the first tensor that holds such a number.
  package static func require(_ parameters: [TrainableParameter]) throws(DMTError) {
    for parameter in parameters {
      try require(parameter.tensor, what: "parameter '\(parameter.tensor.name)'", node: parameter.tensor.name)
      for state in parameter.states {
        try require(
          state, what: "optimizer state '\(state.name)' of parameter '\(parameter.tensor.name)'",
          node: parameter.tensor.name)
      }
    }
  }

  private static func require(_ tensor: NamedTensor, what: @autoclosure () -> String, node: String) throws(DMTError) {
    guard !isFinite(tensor) else { return }
    throw DMTError(
      .notFinite, "\(what()) holds a number that is NaN or infinite", place: .init(node: node),
      remedy: "lower the learning rate, or clip the gradient (train.clip_norm)")
  }

  /// A number is NaN or infinite when all bits of its exponent are set; the test on bits runs many numbers at once.
  static func isFinite(_ tensor: NamedTensor) -> Bool {
    switch tensor.dtype {
    case .float32:
      return tensor.bytes.withMemoryRebound(to: UInt32.self) { !contains($0, exponent: 0x7F80_0000) }
    case .float64:
      return tensor.bytes.withMemoryRebound(to: UInt64.self) { !contains($0, exponent: 0x7FF0_0000_0000_0000) }
    case .int32, .int64: return true
    }
  }

  private static func contains<Bits: FixedWidthInteger>(
    _ numbers: UnsafeMutableBufferPointer<Bits>, exponent: Bits
  ) -> Bool {
    var count: Bits = 0
    for number in numbers { count |= number & exponent == exponent ? 1 : 0 }
    return count != 0
  }
}
