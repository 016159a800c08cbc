public import CDMTPlugin

/// An update rule with a name of its own (`dmt.optimizer/1`), for dense parameters, for tables, or for both.
///
/// A rule keeps nothing from one call to the next: what it has to remember of a parameter is in the states that the host
/// keeps for it. The meaning of every field of a call stands in `dmt/optimizer.h`.
public protocol Optimizer: Sendable {
  /// The `name` of a manifest's `train.optimizer` or `train.tables`; it has a dot, as names of this project have not.
  var name: String { get }
  /// One sentence.
  var summary: String { get }
  /// Everything that it accepts beside the learning rate.
  var attributes: AttributeSchema { get }
  /// The base learning rate where a manifest gives none.
  var learningRate: Double { get }
  /// It updates dense parameters.
  var servesDense: Bool { get }
  /// It updates rows of tables.
  var servesTables: Bool { get }
  /// Its kernels answer ``OptimizerKernel/sumRows(_:)``.
  var sumsRows: Bool { get }

  /// The states of the rule with these attributes.
  ///
  /// - Parameter attributes: validated against ``attributes``.
  /// - Throws: ``DMTError/Code/invalidArgument`` for attributes that do not fit each other.
  func layout(_ attributes: Attributes) throws(DMTError) -> OptimizerLayout
  /// The rule for a type of numbers and its attributes.
  ///
  /// - Throws: ``DMTError/Code/unsupported`` for a type that it does not compute.
  func bind(_ request: OptimizerRequest) throws(DMTError) -> any OptimizerKernel
}

/// What an optimizer is asked to bind.
public struct OptimizerRequest: Sendable, Hashable {
  /// Type of parameters, gradients and states.
  public var dtype: DType
  public var attributes: Attributes
  public var threads: Int
  public init(dtype: DType = .float32, attributes: Attributes = Attributes(), threads: Int = 1) {
    self.dtype = dtype
    self.attributes = attributes
    self.threads = threads
  }
}

/// A bound update rule; several threads may call it at once for elements or rows that do not overlap.
public protocol OptimizerKernel: AnyObject {
  /// Updates elements of a dense parameter.
  func updateElements(_ call: UnsafePointer<dmt_optimizer_elements>) throws(DMTError)
  /// Writes the sums of rows over the columns that the call has.
  func sumRows(_ call: UnsafePointer<dmt_optimizer_rows>) throws(DMTError)
  /// Updates rows of a table.
  func updateRows(_ call: UnsafePointer<dmt_optimizer_rows>) throws(DMTError)
}

/// The states of a rule, and how many sums over whole rows it needs.
public struct OptimizerLayout: Sendable, Hashable {
  public var states: [OptimizerSpec.State]
  /// Numbers a row that a rule needs of the whole row, wherever its columns lie.
  public var rowSumCount: Int

  public init(states: [OptimizerSpec.State] = [], rowSumCount: Int = 0) {
    self.states = states
    self.rowSumCount = rowSumCount
  }

  /// Whether names, counts and numbers are what the contract asks for.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` with what is wrong.
  public func check(sumsRows: Bool) throws(DMTError) {
    func refuse(_ message: String) -> DMTError { DMTError(.invalidArgument, message) }
    guard states.count <= Int(DMT_MAX_STATES) else {
      throw refuse("it has \(states.count) states, expected 0 to \(DMT_MAX_STATES)")
    }
    guard (0...Int(DMT_MAX_ROW_SUMS)).contains(rowSumCount) else {
      throw refuse("it asks for \(rowSumCount) sums a row, expected 0 to \(DMT_MAX_ROW_SUMS)")
    }
    guard rowSumCount == 0 || sumsRows else {
      throw refuse("it asks for \(rowSumCount) sums a row and has no sum_rows")
    }
    var names: Set<String> = []
    for state in states {
      let isPlain = state.name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
      guard isPlain, (1...64).contains(state.name.utf8.count) else {
        throw refuse("a state is named '\(state.name.prefix(64))', expected 1 to 64 letters, digits, '_' or '-'")
      }
      guard names.insert(state.name).inserted else { throw refuse("it has two states '\(state.name)'") }
      guard state.initialValue.isFinite else {
        throw refuse("state '\(state.name)' begins at \(state.initialValue), expected a finite number")
      }
    }
  }
}
