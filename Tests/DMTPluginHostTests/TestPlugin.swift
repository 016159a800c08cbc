import DMTPluginKit
import Synchronization

/// A plugin with one component of every kind, which the tests export and wrap without leaving the process.
enum TestPlugin: DMTPlugin {
  static let id = "com.example.test"
  static let version = "1.2.3"
  static let summary = "Everything once."
  static let license = "MIT"
  static var components: [PluginComponent] {
    [
      .backend(ScaleBackend(), summary: "Scales."), .operator(Swish()), .operator(Affine()),
      .operator(Doubler(), kernels: ScaleBackend()), .module(TwoSwishes()),
      .embedding(RowSums(), summary: "Counts what it is called for."), .update(PlainDescent(), summary: "p -= lr g"),
      .partitioner(TestPartitioner(), summary: "Deals in blocks."), .sharding(TestStrategy()),
      .interconnect(TestInterconnect(), summary: "Leads nowhere."),
      .reader(TestReader()), .optimizer(TestMomentum()),
    ]
  }
  static let initializations = Atomic<Int>(0)
  static func initialize() throws(DMTError) { initializations.add(1, ordering: .relaxed) }
}

/// y = f x; the attribute `fail` makes each function fail in turn.
struct ScaleBackend: MachineAwareBackend {
  static let threads = Atomic<Int>(0)
  let name = "scaler"

  func probe(_ cpu: dmt_cpu) -> BackendProbe {
    BackendProbe(score: 70, reason: "level \(cpu.isa_level)", library: "none, 1 thread")
  }

  func setThreads(_ threads: Int) throws(DMTError) { Self.threads.store(threads, ordering: .relaxed) }

  func support(for request: KernelRequest) -> KernelSupport {
    request.op == "scale" || request.op == "com.example.doubler"
      ? KernelSupport(score: 80, reason: "scales \(request.inputs[0]) on \(request.threads) threads")
      : KernelSupport(score: 0, reason: "knows scale alone, not \(request.op)")
  }

  func bind(_ request: KernelRequest) throws(DMTError) -> any Kernel {
    guard support(for: request).isServed else { throw DMTError(.unsupported, "cannot bind \(request.op)") }
    if try request.attributes.string("fail", default: "") == "bind" {
      throw DMTError(.shapeMismatch, "bind does not like \(request.inputs[0])", remedy: "try another shape")
    }
    return ScaleKernel(
      count: request.inputs[0].elementsPerSample,
      factor: Float(try request.attributes.double("factor", default: 2)),
      fail: try request.attributes.string("fail", default: ""))
  }
}

final class ScaleKernel: Kernel {
  static let living = Atomic<Int>(0)
  let savedBytes = 64
  let scratchBytes = 128
  private let count: Int
  private let factor: Float
  private let fail: String

  init(count: Int, factor: Float, fail: String) {
    self.count = count
    self.factor = factor
    self.fail = fail
    Self.living.add(1, ordering: .relaxed)
  }

  deinit { Self.living.subtract(1, ordering: .relaxed) }

  func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if fail == "forward" { throw DMTError(.notFinite, "forward of step \(call.pointee.step) fails") }
    let x = call.pointee.inputs[0]!.assumingMemoryBound(to: Float.self)
    let y = call.pointee.outputs[0]!.assumingMemoryBound(to: Float.self)
    for index in 0..<count { y[index] = factor * x[index] }
  }

  func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    let g = call.pointee.grad_outputs[0]!.assumingMemoryBound(to: Float.self)
    guard let dx = call.pointee.grad_inputs[0]?.assumingMemoryBound(to: Float.self) else { return }
    for index in 0..<count { dx[index] = (call.pointee.accumulate_inputs & 1 == 1 ? dx[index] : 0) + factor * g[index] }
  }
}

/// f(x) = x / (1 + x^2) scaled by an attribute: easy to check without a library.
struct Swish: ElementwiseOperator {
  let name = "com.example.bump"
  let summary = "y = a x / (1 + x^2)"
  let attributes: AttributeSchema = [
    AttributeField("a", .double, "Height.", default: .double(1), minimum: 0, maximum: 10),
    AttributeField("mode", .string, "Unused.", default: .string("plain"), choices: ["plain", "fancy"]),
    AttributeField("sizes", .ints, "Unused.", isOptional: true),
    AttributeField("names", .strings, "Unused.", default: .strings(["x", "yz"])),
    AttributeField("flag", .bool, "Unused.", default: .bool(true)),
    AttributeField("weights", .doubles, "Unused.", default: .doubles([0.5, 2])),
  ]

  func value(_ x: Float, _ attributes: Attributes) -> Float { height(attributes) * x / (1 + x * x) }

  func derivative(_ x: Float, _ attributes: Attributes) -> Float {
    height(attributes) * (1 - x * x) / ((1 + x * x) * (1 + x * x))
  }

  private func height(_ attributes: Attributes) -> Float {
    (try? attributes.double("a", default: 1)).map { Float($0) } ?? .nan
  }
}

/// y[b, :] = x[b, :] * weight + bias, two outputs the second of which is the first negated.
struct Affine: SampleOperator {
  let name = "com.example.affine"
  let summary = "x * weight + bias, and its negative"
  let inputNames = ["x"]
  let revision = 3

  func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    guard inputs[0].rank == 2 else {
      throw DMTError(.shapeMismatch, "x is \(inputs[0]), expected [B, N]", remedy: "reshape it")
    }
    let width = Shape([inputs[0][1]])
    return OperatorSignature(
      outputs: [inputs[0], inputs[0]],
      parameters: [
        ParameterSpec(name: "weight", shape: width, initializer: .uniform(low: -1, high: 1)),
        ParameterSpec(name: "bias", shape: width, initializer: .normal(mean: 0, deviation: 0.5)),
      ], cost: .withParameters(Double(width[0])), backwardReadsInputs: 1)
  }

  func forward(_ samples: inout ForwardSamples) throws(DMTError) {
    let x = samples.input(0)
    let weight = samples.parameter(0)
    let bias = samples.parameter(1)
    for output in 0..<2 {
      let sign: Float = output == 0 ? 1 : -1
      var y = samples.output(output)
      for index in x.indices {
        y[index] = sign * (x[index] * weight[index % weight.count] + bias[index % weight.count])
      }
    }
  }

  func backward(_ samples: inout BackwardSamples) throws(DMTError) {
    let x = samples.input(0)
    let weight = samples.parameter(0)
    let first = samples.outputGradient(0)
    let second = samples.outputGradient(1)
    if samples.wantsInputGradient(0) {
      var dx = samples.inputGradient(0)
      for index in x.indices { dx[index] += (first[index] - second[index]) * weight[index % weight.count] }
    }
    var dw = samples.parameterGradient(0)
    for index in x.indices { dw[index % weight.count] += (first[index] - second[index]) * x[index] }
    var db = samples.parameterGradient(1)
    for index in x.indices { db[index % weight.count] += first[index] - second[index] }
  }
}

/// An operator whose kernels are a backend's.
struct Doubler: Operator {
  let name = "com.example.doubler"
  let summary = "y = 2 x"
  let inputNames = ["x"]

  func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    OperatorSignature(outputs: inputs)
  }
}

/// swish(swish(x)) with a module, a constant and every kind of question to the builder.
struct TwoSwishes: Module {
  let name = "com.example.twice"
  let summary = "Two bumps."
  let minimumInputs = 1
  let maximumInputs: Int? = 2
  let attributes: AttributeSchema = [AttributeField("breaks", .string, "How to fail.", default: .string(""))]

  func expand(in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]) throws(DMTError) -> GraphValue {
    let shape = try graph.shape(of: inputs[0])
    switch try attributes.string("breaks", default: "") {
    case "own": throw DMTError(.shapeMismatch, "twice does not like \(shape)", remedy: "feed it something else")
    case "value": _ = try graph.apply("relu", [:], GraphValue(id: 4711))
    case "result": return GraphValue(id: 99)
    case "operator": _ = try graph.apply("no-such-operator", [:], inputs[0])
    default: break
    }
    let once = try graph.apply("com.example.bump", name: "first", ["a": .double(2)], inputs[0])
    let constant = try graph.constant(0.5, columns: shape.elementsPerSample)
    let pieces = try graph.operation("split", name: "", attributes: ["axis": .int(1)], inputs: [once])
    let joined = try graph.apply("concat", [:], inputs: pieces + [constant])
    return try graph.module("mlp", name: "top", attributes: ["widths": .ints([3, 1])], inputs: [joined])
  }
}

/// Pools nothing: it records what it was asked.
struct RowSums: EmbeddingBackend {
  static let lastRequest = Mutex<EmbeddingRequest?>(nil)
  let name = "rowsums"

  func support(for request: EmbeddingRequest) -> KernelSupport {
    request.optimizer?.name == "lazy_adam"
      ? KernelSupport(score: 0, reason: "no lazy_adam here") : KernelSupport(score: 100, reason: "all of it")
  }

  func bind(_ request: EmbeddingRequest) throws(DMTError) -> any EmbeddingKernel {
    Self.lastRequest.withLock { $0 = request }
    return RowSumsKernel(dim: request.tables[0].dim)
  }
}

/// Sums the rows of single-valued features of one table; update subtracts the gradient.
final class RowSumsKernel: EmbeddingKernel {
  private let dim: Int
  init(dim: Int) { self.dim = dim }

  func scratchBytes(batch: Int, values: Int) -> Int { batch * 1000 + values }

  func forward(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    let table = call.pointee.tables[0]!.assumingMemoryBound(to: Float.self)
    let output = call.pointee.outputs[0]!.assumingMemoryBound(to: Float.self)
    for sample in 0..<Int(call.pointee.batch) {
      let row = Int(call.pointee.features[0].values[sample])
      for column in 0..<dim {
        output[sample * Int(call.pointee.output_strides[0]) + column] = table[row * dim + column]
      }
    }
  }

  func dedup(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    call.pointee.dedups[0]!.pointee.count = call.pointee.dedups[0]!.pointee.capacity
  }

  func update(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    throw DMTError(.unsupported, "update number \(call.pointee.step) is not for tests")
  }

  func rowGradients(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {}
}

/// p -= lr scale g.
struct PlainDescent: UpdateBackend {
  let name = "plain"

  func support(for request: UpdateRequest) -> KernelSupport {
    request.optimizer.name == "sgd"
      ? KernelSupport(score: 100, reason: "sgd") : KernelSupport(score: 0, reason: "knows sgd alone")
  }

  func bind(_ request: UpdateRequest) throws(DMTError) -> any UpdateKernel { PlainDescentKernel(sizes: request.sizes) }
}

final class PlainDescentKernel: UpdateKernel {
  private let sizes: [Int]
  init(sizes: [Int]) { self.sizes = sizes }

  func update(_ call: UnsafePointer<dmt_update_call>) throws(DMTError) {
    let factor = Float(call.pointee.learning_rate * call.pointee.gradient_scale)
    for (index, size) in sizes.enumerated() {
      let parameter = call.pointee.parameters[index]!.assumingMemoryBound(to: Float.self)
      let gradient = call.pointee.gradients[index]!.assumingMemoryBound(to: Float.self)
      for element in 0..<size { parameter[element] -= factor * gradient[element] }
    }
  }
}
