public import DMTCore

/// An update rule written without pointers: what becomes of one weight.
///
/// It serves dense parameters, and tables, whose touched rows it sees weight by weight. The kit calls it for float32 and
/// float64 numbers; it computes in double.
public protocol ElementwiseOptimizer: Sendable {
  /// What ``updated(_:gradient:state:step:settings:)`` wants to know of the attributes, read once.
  associatedtype Settings: Sendable

  /// The `name` of a manifest's `train.optimizer` or `train.tables`; it has a dot.
  var name: String { get }
  /// One sentence.
  var summary: String { get }
  /// Everything that it accepts beside the learning rate.
  var attributes: AttributeSchema { get }
  /// The base learning rate where a manifest gives none.
  var learningRate: Double { get }

  /// The settings behind validated attributes.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for attributes that do not fit each other.
  func settings(_ attributes: Attributes) throws(DMTError) -> Settings
  /// The numbers that are kept for every weight, at most eight.
  func states(_ settings: Settings) -> [OptimizerSpec.State]
  /// The weight after one update.
  ///
  /// - Parameters:
  ///   - gradient: clipped already.
  ///   - state: the weight's numbers in the order of ``states(_:)``; what is written here is kept.
  func updated(
    _ weight: Double, gradient: Double, state: inout WeightState, step: UpdateStep, settings: Settings
  ) -> Double
}

/// The numbers that an optimizer keeps for one weight.
public struct WeightState: Sendable {
  @usableFromInline var values = SIMD8<Double>(repeating: 0)

  @usableFromInline init() {}

  /// Number `index`, in the order in which the optimizer lists its states.
  public subscript(index: Int) -> Double {
    @inlinable get { values[index] }
    @inlinable set { values[index] = newValue }
  }
}

/// Which update it is.
public struct UpdateStep: Sendable {
  /// The schedule's rate of this update.
  public var learningRate: Double
  /// From 1.
  public var number: Int

  public init(learningRate: Double, number: Int) {
    self.learningRate = learningRate
    self.number = number
  }
}
