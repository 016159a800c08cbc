internal import DMTCore

/// Something of a component that is bound once and run many times, and whose numbers can be compared.
protocol Workload {
  /// What it is, for messages: `linear [5, 7]`.
  var name: String { get }
  /// The plugin's plan.
  func bind(threads: Int) throws(DMTError) -> any BoundWorkload
  /// The reference's plan of the same, in double where it can; nil: there is no reference.
  func bindReference() throws(DMTError) -> (any BoundWorkload)?
  /// The same at another batch size.
  func resized(batch: Int) throws(DMTError) -> any Workload
  /// The same with other data.
  func reseeded(_ seed: UInt64) -> any Workload
  /// The same with another setting, where there is one that changes the numbers.
  func variant() throws(DMTError) -> (any Workload)?
}

extension Workload {
  func variant() throws(DMTError) -> (any Workload)? { nil }
}

/// A plan, with the data that it runs on: the same at every run.
protocol BoundWorkload: AnyObject {
  /// Runs everything that the plan can do.
  ///
  /// - Throws: ``DMTError/Code/pluginFailed`` also for memory that was written and must not be.
  func run(_ policy: MemoryPolicy, _ variation: RunVariation) throws(DMTError) -> [NamedNumbers]
}

extension BoundWorkload {
  func run(_ policy: MemoryPolicy = MemoryPolicy()) throws(DMTError) -> [NamedNumbers] {
    try run(policy, RunVariation())
  }
}

/// What is different about a run.
struct RunVariation {
  /// This input has `value` in place of its first element; input -1, the output's gradient, in place of every element.
  var special: (input: Int, value: Double)?
  /// Gradients are added to what is there, which is this everywhere; nil: they overwrite.
  var addingTo: Double?
  /// The one gradient that is wanted, by its number among inputs and parameters; nil: all.
  var onlyGradient: Int?
}

/// What a run wrote.
struct NamedNumbers: Equatable {
  /// `the output`, `the gradient of weight`.
  var name: String
  var values: [Double]

  /// The same bit by bit, NaN with NaN.
  static func == (a: NamedNumbers, b: NamedNumbers) -> Bool {
    a.name == b.name && a.values.count == b.values.count
      && zip(a.values, b.values).allSatisfy { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) }
  }
}

/// Where two runs differ.
enum Comparison {
  /// The first element that differs in bits, in words; nil: none.
  static func difference(_ found: [NamedNumbers], _ expected: [NamedNumbers]) -> String? {
    for (a, b) in zip(found, expected) where a != b {
      let place = zip(a.values, b.values).enumerated().first {
        $0.element.0.bitPattern != $0.element.1.bitPattern && !($0.element.0.isNaN && $0.element.1.isNaN)
      }
      guard let place else { return "\(a.name) has \(a.values.count) elements, expected \(b.values.count)" }
      return "element \(place.offset) of \(a.name) is \(place.element.0), expected \(place.element.1)"
    }
    return nil
  }

  /// The worst element outside abs(a - b) <= tolerance * max(1, abs(b)), in words; nil: none.
  static func miss(_ found: [NamedNumbers], _ expected: [NamedNumbers], tolerance: Double) -> String? {
    var worst: (error: Double, text: String)?
    for (a, b) in zip(found, expected) {
      guard a.values.count == b.values.count else {
        return "\(a.name) has \(a.values.count) elements, expected \(b.values.count)"
      }
      for (index, (x, y)) in zip(a.values, b.values).enumerated() {
        if x.isNaN && y.isNaN || x == y { continue }
        let error = abs(x - y) / max(1, abs(y))
        let size = error.isNaN ? Double.infinity : error
        if size > max(tolerance, worst?.error ?? 0) {
          worst = (size, "element \(index) of \(a.name) is \(x), expected \(y)")
        }
      }
    }
    return worst?.text
  }
}
