extension OptimizerSpec {
  /// A state tensor that an optimizer keeps for a parameter.
  public struct State: Sendable, Hashable {
    /// The canonical name, PyTorch's: `exp_avg`.
    public var name: String
    /// One number a row instead of one an element.
    public var isRowwise: Bool
    public init(name: String, isRowwise: Bool = false) {
      self.name = name
      self.isRowwise = isRowwise
    }
  }

  /// The optimizer touches the rows of the batch alone; it exists for tables only.
  public var isSparseOnly: Bool { name == "rowwise_adagrad" || name == "lazy_adam" }

  /// The states in the order of the contract (`dmt/update.h`).
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for an unknown optimizer.
  public func states() throws(DMTError) -> [State] {
    switch name {
    case "sgd": return try attributes.double("momentum", default: 0) == 0 ? [] : [State(name: "momentum_buffer")]
    case "adagrad": return [State(name: "sum")]
    case "adam", "adamw", "lazy_adam": return [State(name: "exp_avg"), State(name: "exp_avg_sq")]
    case "rowwise_adagrad": return [State(name: "sum", isRowwise: true)]
    default:
      throw DMTError(
        .invalidArgument, "unknown optimizer '\(name)'",
        remedy: Spelling.suggestion(
          for: name, in: ["sgd", "adagrad", "adam", "adamw", "rowwise_adagrad", "lazy_adam"]))
    }
  }
}
