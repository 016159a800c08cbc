import CDMTPlugin
import DMTCore
import DMTReference
import Testing

@Suite struct UpdateTests {
  /// One tensor under one optimizer, in float64.
  private final class Descent {
    let kernel: any UpdateKernel
    let parameter: Memory<Double>
    let gradient: Memory<Double>
    private let keep: [AnyObject]
    var call = dmt_update_call()

    init(_ spec: OptimizerSpec, _ start: [Double]) throws {
      kernel = try ReferenceUpdate().bind(UpdateRequest(dtype: .float64, optimizer: spec, sizes: [start.count]))
      parameter = Memory(start)
      gradient = Memory(start)
      let states = try spec.states().map { _ in Memory([Double](repeating: 0, count: start.count)) }
      let lists = (
        Memory<UnsafeMutableRawPointer?>([UnsafeMutableRawPointer(parameter.pointer)]),
        Memory<UnsafeRawPointer?>([UnsafeRawPointer(gradient.pointer)]),
        Memory<UnsafeMutableRawPointer?>(states.map { UnsafeMutableRawPointer($0.pointer) })
      )
      keep = states + [lists.0, lists.1, lists.2]
      call.struct_size = UInt32(MemoryLayout<dmt_update_call>.size)
      call.parameters = UnsafePointer(lists.0.pointer)
      call.gradients = UnsafePointer(lists.1.pointer)
      call.states = UnsafePointer(lists.2.pointer)
      call.learning_rate = spec.learningRate
      call.gradient_scale = 1
    }

    func step(_ number: Int64, _ slopes: [Double]) throws {
      gradient.pointer.update(from: slopes, count: slopes.count)
      call.step = number
      try kernel.update(&call)
    }
  }

  private static let specs: [OptimizerSpec] = [
    OptimizerSpec(name: "sgd", learningRate: 0.1),
    OptimizerSpec(name: "sgd", learningRate: 0.05, attributes: ["momentum": .double(0.9)]),
    OptimizerSpec(
      name: "sgd", learningRate: 0.05, attributes: ["momentum": .double(0.9), "nesterov": .bool(true)]),
    OptimizerSpec(name: "adagrad", learningRate: 0.5), OptimizerSpec(name: "adam", learningRate: 0.05),
    OptimizerSpec(name: "adamw", learningRate: 0.05, attributes: ["weight_decay": .double(0)]),
  ]

  @Test(arguments: specs)
  func everyOptimizerFindsTheMinimumOfAParabola(spec: OptimizerSpec) throws {
    let goal = [1.0, -2, 0.5]
    let descent = try Descent(spec, [0, 0, 0])
    for number in 1...600 {
      try descent.step(Int64(number), zip(descent.parameter.values, goal).map { 2 * ($0 - $1) })
    }
    for (found, wanted) in zip(descent.parameter.values, goal) { #expect(abs(found - wanted) < 1e-3, "\(spec.name)") }
  }

  @Test(arguments: specs)
  func theGradientScaleIsAFactorOfTheGradient(spec: OptimizerSpec) throws {
    let (scaled, plain) = (try Descent(spec, [1, 2]), try Descent(spec, [1, 2]))
    scaled.call.gradient_scale = 0.25
    for number in 1...3 {
      try scaled.step(Int64(number), [4, -8])
      try plain.step(Int64(number), [1, -2])
    }
    #expect(scaled.parameter.values == plain.parameter.values)
  }

  @Test func theFirstStepOfAdamIsTheLearningRate() throws {
    let descent = try Descent(
      OptimizerSpec(name: "adam", learningRate: 0.01, attributes: ["eps": .double(0)]), [1, 1, 1])
    try descent.step(1, [1e-6, -300, 0])
    #expect(abs(descent.parameter.values[0] - 0.99) < 1e-12)
    #expect(abs(descent.parameter.values[1] - 1.01) < 1e-12)
    #expect(descent.parameter.values[2] == 1, "no gradient, no step, not even with eps 0")
  }

  @Test func theWeightDecayOfAdamWDoesNotPassThroughTheMoments() throws {
    let descent = try Descent(
      OptimizerSpec(name: "adamw", learningRate: 0.1, attributes: ["weight_decay": .double(0.5)]), [2])
    try descent.step(1, [0])
    #expect(abs(descent.parameter.values[0] - 2 * (1 - 0.1 * 0.5)) < 1e-12)
  }

  @Test func wrongSettingsAreErrors() throws {
    for spec in [
      OptimizerSpec(name: "sgd", attributes: ["nesterov": .bool(true)]),
      OptimizerSpec(name: "sgd", attributes: ["momentum": .double(-1)]),
      OptimizerSpec(name: "adam", attributes: ["beta1": .double(1)]),
      OptimizerSpec(name: "adam", attributes: ["beta2": .double(.nan)]),
      OptimizerSpec(name: "adam", attributes: ["eps": .string("small")]),
      OptimizerSpec(name: "rowwise_adagrad"), OptimizerSpec(name: "adagard"),
    ] {
      #expect(throws: DMTError.self, "\(spec)") {
        try ReferenceUpdate().bind(UpdateRequest(optimizer: spec, sizes: [3]))
      }
    }
    #expect(throws: DMTError.self) {
      try ReferenceUpdate().bind(UpdateRequest(optimizer: OptimizerSpec(name: "sgd"), sizes: [-1]))
    }
    let descent = try Descent(OptimizerSpec(name: "adam"), [1])
    #expect(throws: DMTError.self) { try descent.step(0, [1]) }
  }
}
