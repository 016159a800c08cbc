internal import CDMTPlugin
internal import DMTCases
internal import DMTCore
internal import DMTReference

/// An optimizer on a few tensors, three steps long.
struct UpdateWorkload: Workload {
  let optimizer: OptimizerSpec
  let backend: any UpdateBackend
  let sizes: [Int]
  var seed: UInt64

  /// A tensor without elements among them, and one that is long enough to be cut.
  static let sizes = [13, 1, 0, 64, 5000]

  /// The optimizers of the contract with the settings that change their formulas.
  static let optimizers: [OptimizerSpec] = [
    OptimizerSpec(name: "sgd", attributes: [:]),
    OptimizerSpec(name: "sgd", attributes: ["momentum": .double(0.9), "weight_decay": .double(0.01)]),
    OptimizerSpec(name: "sgd", attributes: ["momentum": .double(0.8), "nesterov": .bool(true)]),
    OptimizerSpec(name: "adagrad", attributes: ["eps": .double(1e-6)]),
    OptimizerSpec(name: "adam", attributes: ["weight_decay": .double(0.01)]),
    OptimizerSpec(name: "adamw", attributes: ["beta1": .double(0.8), "weight_decay": .double(0.1)]),
  ]

  var request: UpdateRequest { UpdateRequest(optimizer: optimizer, sizes: sizes) }

  var name: String {
    optimizer.name + optimizer.attributes.values.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
  }

  func bind(threads: Int) throws(DMTError) -> any BoundWorkload {
    var request = request
    request.threads = threads
    return BoundUpdate(self, try backend.bind(request), request.dtype)
  }

  func bindReference() throws(DMTError) -> (any BoundWorkload)? {
    var exact = request
    exact.dtype = .float64
    return BoundUpdate(self, try ReferenceUpdate().bind(exact), exact.dtype)
  }

  func reseeded(_ seed: UInt64) -> any Workload {
    var other = self
    other.seed = seed
    return other
  }

  func resized(batch: Int) throws(DMTError) -> any Workload {
    UpdateWorkload(
      optimizer: optimizer, backend: backend, sizes: [Int](repeating: batch, count: 1), seed: seed)
  }
}

/// A plan of an optimizer with its tensors, which start anew at every run.
private final class BoundUpdate: BoundWorkload {
  private let workload: UpdateWorkload
  private let kernel: any UpdateKernel
  private let dtype: DType

  init(_ workload: UpdateWorkload, _ kernel: any UpdateKernel, _ dtype: DType) {
    self.workload = workload
    self.kernel = kernel
    self.dtype = dtype
  }

  private func values(_ count: Int, _ name: String) -> [Double] {
    CaseTensor.float32Numbers([count], name: name, seed: workload.seed)
  }

  func run(_ policy: MemoryPolicy, _ variation: RunVariation) throws(DMTError) -> [NamedNumbers] {
    let memory = TestMemory(policy)
    let stateCount = try workload.optimizer.states().count
    let parameters = workload.sizes.enumerated().map { index, size in
      memory.output(
        "parameter \(index)", byteCount: size * dtype.byteCount, start: values(size, "parameter \(index)"), dtype)
    }
    let states = workload.sizes.enumerated().flatMap { index, size in
      (0..<stateCount).map {
        memory.output(
          "state \($0) of parameter \(index)", byteCount: size * dtype.byteCount,
          start: [Double](repeating: 0, count: size), dtype)
      }
    }
    for step in 1...3 {
      let gradients = workload.sizes.enumerated().map { index, size in
        var contents = values(size, "gradient \(index) \(step)")
        if let special = variation.special, special.input == index, size > 0, step == 1 { contents[0] = special.value }
        return memory.input("gradient \(index)", contents, dtype)
      }
      let lists = [
        PointerList(parameters.map(\.pointer)), PointerList(gradients.map(\.pointer)),
        PointerList(states.map(\.pointer)),
      ]
      var call = dmt_update_call()
      call.struct_size = UInt32(MemoryLayout<dmt_update_call>.size)
      call.parameters = lists[0].mutable
      call.gradients = lists[1].constant
      call.states = lists[2].mutable
      call.learning_rate = 0.05
      call.gradient_scale = step == 2 ? 0.5 : 1
      call.step = Int64(step)
      try withExtendedLifetime(lists) { () throws(DMTError) in try kernel.update(&call) }
    }
    try memory.check()
    return (parameters + states).map { NamedNumbers(name: $0.name, values: $0.values(dtype)) }
  }
}
