extension OptimizerSpec {
  /// A state tensor that an optimizer keeps for a parameter.
  public struct State: Sendable, Hashable {
    /// The canonical name, PyTorch's: `exp_avg`.
    public var name: String
    /// One number a row instead of one an element.
    public var isRowwise: Bool
    /// What every number is before the first update.
    public var initialValue: Double
    public init(name: String, isRowwise: Bool = false, initialValue: Double = 0) {
      self.name = name
      self.isRowwise = isRowwise
      self.initialValue = initialValue
    }
  }

  /// The optimizer touches the rows of the batch alone; it exists for tables only, or has a rule for rows.
  public var isSparseOnly: Bool { name == "rowwise_adagrad" || name == "lazy_adam" || rule != nil }

  /// Numbers that an update adds up over the columns of a row, and so over the ranks that hold them.
  public var rowSumCount: Int {
    if let rule { return rule.layout.rowSumCount }
    return name == "rowwise_adagrad" ? 1 : 0
  }

  /// Why tables cannot lie on several ranks by columns with this optimizer; nil: they can.
  public var columnSplitComplaint: String? {
    guard let rule, rule.layout.rowSumCount == 0,
      let state = rule.layout.states.first(where: { $0.isRowwise })
    else { return nil }
    return
      "optimizer \(name) keeps '\(state.name)' once a row and does not say how it is added up over the columns of a row"
  }

  /// The states in the order of the contract (`dmt/update.h`), or of the optimizer's own rule.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for an unknown optimizer.
  public func states() throws(DMTError) -> [State] {
    if let rule { return rule.layout.states }
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
