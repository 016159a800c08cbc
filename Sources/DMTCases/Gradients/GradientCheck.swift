public import DMTCore

/// Compares gradients with central differences: d loss / d x = (loss(x + h) - loss(x - h)) / 2h, in double.
public struct GradientCheck: Sendable {
  /// A differentiable function of named tensors.
  public protocol Function {
    /// The number at a point.
    mutating func value(_ point: [String: [Double]]) throws(DMTError) -> Double
    /// The gradients at a point, of the tensors that are to be checked.
    mutating func gradients(_ point: [String: [Double]]) throws(DMTError) -> [String: [Double]]
  }

  /// What came out for one element.
  public struct Miss: Sendable, Hashable, CustomStringConvertible {
    public var tensor: String
    public var element: Int
    /// What backward says.
    public var analytic: Double
    /// What the differences say.
    public var numeric: Double

    /// `weight[3]: backward says 0.5, differences say 0.25`.
    public var description: String {
      "\(tensor)[\(element)]: backward says \(analytic), differences say \(numeric)"
    }
  }

  /// How a check ended.
  public struct Outcome: Sendable {
    /// Elements that were perturbed.
    public var checked = 0
    /// Largest abs(analytic - numeric) / max(1, abs(analytic), abs(numeric)).
    public var largestError = 0.0
    /// Elements outside the tolerance.
    public var misses: [Miss] = []
    public var passed: Bool { misses.isEmpty }
  }

  /// h.
  public var step = 1e-6
  /// Of abs(analytic - numeric) / max(1, abs(analytic), abs(numeric)).
  public var tolerance = 1e-6
  /// Elements of a tensor that are perturbed; of a larger tensor a random subset.
  public var maximumElements = 200
  /// Seed of that subset.
  public var seed: UInt64 = 1

  public init() {}

  /// Perturbs every tensor of `point` that has a gradient.
  ///
  /// - Throws: what the function throws; ``DMTError/Code/shapeMismatch`` when a gradient has not as many elements as its
  ///   tensor.
  public func run<Checked: Function>(_ function: inout Checked, at point: [String: [Double]]) throws(DMTError)
    -> Outcome
  {
    let gradients = try function.gradients(point)
    var outcome = Outcome()
    var moved = point
    for (tensor, gradient) in gradients.sorted(by: { $0.key < $1.key }) {
      guard let values = point[tensor], values.count == gradient.count else {
        throw DMTError(
          .shapeMismatch,
          "the gradient of '\(tensor)' has \(gradient.count) elements, the tensor "
            + (point[tensor].map { "\($0.count)" } ?? "is not there"))
      }
      for element in elements(of: tensor, count: values.count) {
        var sides: [Double] = []
        for side in [step, -step] {
          moved[tensor]?[element] = values[element] + side
          sides.append(try function.value(moved))
        }
        moved[tensor]?[element] = values[element]
        // The step that rounding left of h.
        let width = (values[element] + step) - (values[element] - step)
        let numeric = (sides[0] - sides[1]) / width
        let analytic = gradient[element]
        let error = abs(analytic - numeric) / max(1, abs(analytic), abs(numeric))
        outcome.checked += 1
        outcome.largestError = max(outcome.largestError, error.isNaN ? .infinity : error)
        if !(error <= tolerance) {
          outcome.misses.append(Miss(tensor: tensor, element: element, analytic: analytic, numeric: numeric))
        }
      }
    }
    return outcome
  }

  private func elements(of tensor: String, count: Int) -> [Int] {
    guard count > maximumElements else { return Array(0..<count) }
    var chosen: Set<Int> = []
    var counter: UInt32 = 0
    while chosen.count < maximumElements {
      let words = Philox.words(
        key: Philox.key(seed: seed ^ FNV1a.hash64(tensor)), counter: SIMD4(counter, 0, 0, 0))
      chosen.insert(Int(words[0]) % count)
      counter &+= 1
    }
    return chosen.sorted()
  }
}
