import DMTPluginHost
import DMTPluginKit
import Logging
import Synchronization
import Testing

/// The test plugin, exported by the kit and wrapped by the host.
struct RoundTrip {
  let plugin: LoadedPlugin

  init() throws {
    let services = HostServices(pool: try ThreadPool(threads: 2), logger: Logger(label: "test"))
    plugin = try LoadedPlugin(entry: export(TestPlugin.self), services: services)
  }

  /// Runs forward and, when there are output gradients, backward of a kernel on plain arrays.
  static func run(
    _ kernel: any Kernel, inputs: [[Float]], parameters: [[Float]] = [], outputs: [Int], gradients: [[Float]]? = nil,
    accumulate: UInt64 = 0, start: Float = 7, backwardOnly: Bool = false
  ) throws -> (outputs: [[Float]], inputGradients: [[Float]], parameterGradients: [[Float]]) {
    var storage: [UnsafeMutablePointer<Float>] = []
    defer { storage.forEach { $0.deallocate() } }
    func memory(_ values: [Float]) -> UnsafeMutablePointer<Float> {
      let pointer = UnsafeMutablePointer<Float>.allocate(capacity: max(1, values.count))
      pointer.initialize(from: values, count: values.count)
      storage.append(pointer)
      return pointer
    }
    let outputMemory = outputs.map { memory(Array(repeating: start, count: $0)) }
    let inputGradientMemory = inputs.map { memory(Array(repeating: start, count: $0.count)) }
    let parameterGradientMemory = parameters.map { memory(Array(repeating: start, count: $0.count)) }
    let saved = UnsafeMutableRawPointer.allocate(byteCount: max(64, kernel.savedBytes), alignment: 64)
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: max(64, kernel.scratchBytes), alignment: 64)
    defer {
      saved.deallocate()
      scratch.deallocate()
    }
    let inputPointers = inputs.map { UnsafeRawPointer(memory($0)) as UnsafeRawPointer? }
    let parameterPointers = parameters.map { UnsafeRawPointer(memory($0)) as UnsafeRawPointer? }
    let outputPointers = outputMemory.map { UnsafeMutableRawPointer($0) as UnsafeMutableRawPointer? }
    let gradientPointers = (gradients ?? []).map { UnsafeRawPointer(memory($0)) as UnsafeRawPointer? }
    let inputGradients = inputGradientMemory.map { UnsafeMutableRawPointer($0) as UnsafeMutableRawPointer? }
    let parameterGradients = parameterGradientMemory.map { UnsafeMutableRawPointer($0) as UnsafeMutableRawPointer? }
    try inputPointers.withUnsafeBufferPointer { inputs in
      try parameterPointers.withUnsafeBufferPointer { parameters in
        try outputPointers.withUnsafeBufferPointer { outputs in
          try gradientPointers.withUnsafeBufferPointer { gradientsBuffer in
            try inputGradients.withUnsafeBufferPointer { inputGradients in
              try parameterGradients.withUnsafeBufferPointer { parameterGradients in
                var call = dmt_kernel_call()
                call.struct_size = UInt32(MemoryLayout<dmt_kernel_call>.stride)
                call.inputs = inputs.baseAddress
                call.parameters = parameters.baseAddress
                call.outputs = outputs.baseAddress
                call.grad_outputs = gradientsBuffer.baseAddress
                call.grad_inputs = inputGradients.baseAddress
                call.grad_parameters = parameterGradients.baseAddress
                call.accumulate_inputs = accumulate
                call.accumulate_parameters = accumulate
                call.saved = saved
                call.scratch = scratch
                call.step = 5
                if !backwardOnly { try kernel.forward(&call) }
                if gradients != nil { try kernel.backward(&call) }
              }
            }
          }
        }
      }
    }
    func read(_ pointers: [UnsafeMutablePointer<Float>], _ counts: [Int]) -> [[Float]] {
      zip(pointers, counts).map { Array(UnsafeBufferPointer(start: $0, count: $1)) }
    }
    return (
      read(outputMemory, outputs), read(inputGradientMemory, inputs.map(\.count)),
      read(parameterGradientMemory, parameters.map(\.count))
    )
  }
}

@Suite("A plugin's components, through the C tables and back")
struct RoundTripTests {
  @Test("the descriptor says what the author wrote")
  func descriptor() throws {
    let plugin = try RoundTrip().plugin
    #expect(plugin.id == "com.example.test")
    #expect(plugin.version == "1.2.3")
    #expect(plugin.descriptor.license == "MIT")
    #expect(plugin.descriptor.abiMajor == Int(DMT_ABI_MAJOR) && plugin.descriptor.abiMinor == Int(DMT_ABI_MINOR))
    #expect(plugin.descriptor.compiler.hasPrefix("Swift 6"))
    #expect(
      plugin.descriptor.components.map(\.id) == [
        "scaler", "com.example.bump", "com.example.affine", "com.example.doubler", "com.example.twice", "rowsums",
        "plain", "com.example.blocks", "com.example.everything", "com.example.nowhere", "com.example.rows",
        "com.example.momentum",
      ])
    #expect(export(TestPlugin.self) == export(TestPlugin.self))
    #expect(TestPlugin.initializations.load(ordering: .relaxed) == 1)
  }

  @Test("a backend serves, binds and runs; its kernels are released")
  func backend() throws {
    let backend = try #require(try RoundTrip().plugin.backends.first)
    #expect(backend.name == "scaler")
    #expect(backend.probe.score == 70 && backend.probe.library == "none, 1 thread")
    #expect(backend.probe.reason.hasPrefix("level "))
    try backend.setThreads(3)
    #expect(ScaleBackend.threads.load(ordering: .relaxed) == 3)

    let request = KernelRequest(
      op: "scale", inputs: [[2, 3]], outputs: [[2, 3]], attributes: ["factor": .double(1.5)], threads: 2)
    #expect(backend.support(for: request) == KernelSupport(score: 80, reason: "scales [2, 3] on 2 threads"))
    let other = KernelRequest(op: "softmax", inputs: [[2, 3]], outputs: [[2, 3]])
    #expect(backend.support(for: other) == KernelSupport(score: 0, reason: "knows scale alone, not softmax"))

    let before = ScaleKernel.living.load(ordering: .relaxed)
    do {
      let kernel = try backend.bind(request)
      #expect(kernel.savedBytes == 64 && kernel.scratchBytes == 128)
      #expect(ScaleKernel.living.load(ordering: .relaxed) >= before + 1)
      let result = try RoundTrip.run(
        kernel, inputs: [[1, 2, 3, 4, 5, 6]], outputs: [6], gradients: [[1, 1, 1, 0, 0, 2]])
      #expect(result.outputs == [[1.5, 3, 4.5, 6, 7.5, 9]])
      #expect(result.inputGradients == [[1.5, 1.5, 1.5, 0, 0, 3]])
      let added = try RoundTrip.run(
        kernel, inputs: [[1, 2, 3, 4, 5, 6]], outputs: [6], gradients: [[1, 1, 1, 0, 0, 2]], accumulate: 1)
      #expect(added.inputGradients == [[8.5, 8.5, 8.5, 7, 7, 10]])
    }
  }

  @Test("errors carry the author's words, the plugin, the component and the phase")
  func errors() throws {
    let backend = try #require(try RoundTrip().plugin.backends.first)
    func request(_ fail: String, op: String = "scale") -> KernelRequest {
      KernelRequest(op: op, inputs: [[2, 3]], outputs: [[2, 3]], attributes: ["fail": .string(fail)])
    }
    let bind = #expect(throws: DMTError.self) { try backend.bind(request("bind")) }
    #expect(bind?.code == .shapeMismatch)
    #expect(bind?.message == "bind does not like [2, 3] (try another shape)")
    #expect(bind?.place == DMTError.Place(plugin: "com.example.test", component: "scaler", phase: "bind"))

    let unsupported = #expect(throws: DMTError.self) { try backend.bind(request("", op: "softmax")) }
    #expect(unsupported?.code == .unsupported)

    let kernel = try backend.bind(request("forward"))
    let forward = #expect(throws: DMTError.self) {
      try RoundTrip.run(kernel, inputs: [[1, 2, 3, 4, 5, 6]], outputs: [6])
    }
    #expect(forward?.code == .pluginFailed)
    #expect(forward?.message == "forward of step 5 fails")
    #expect(forward?.place.phase == "forward")
  }

  @Test("the kit refuses calls that lack memory before the author's code runs")
  func refusesBadCalls() throws {
    let backend = try #require(try RoundTrip().plugin.backends.first)
    let kernel = try backend.bind(KernelRequest(op: "scale", inputs: [[2, 3]], outputs: [[2, 3]]))
    var call = dmt_kernel_call()
    var error = #expect(throws: DMTError.self) { try kernel.forward(&call) }
    #expect(error?.message.contains("struct_size 0") == true)
    call.struct_size = UInt32(MemoryLayout<dmt_kernel_call>.stride)
    error = #expect(throws: DMTError.self) { try kernel.forward(&call) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains("saved (64 bytes)") == true)
    var bytes = [UInt8](repeating: 0, count: 256)
    bytes.withUnsafeMutableBytes { memory in
      call.saved = memory.baseAddress
      call.scratch = memory.baseAddress
      error = #expect(throws: DMTError.self) { try kernel.backward(&call) }
    }
    #expect(error?.message.contains("lacks the memory of one of 1 inputs") == true)
  }

  @Test("an operator's schema, signature and kernels survive")
  func operators() throws {
    let plugin = try RoundTrip().plugin
    let bump = try #require(plugin.operators.first)
    #expect(bump.attributes == Swish().attributes)
    #expect(bump.summary == Swish().summary)
    #expect(bump.inputNames == ["x"] && bump.maximumInputs == 1)

    let affine = plugin.operators[1]
    #expect(affine.revision == 3)
    #expect(
      try affine.signature(inputs: [[Shape.batch, 5]], attributes: [:])
        == Affine().signature(inputs: [[Shape.batch, 5]], attributes: [:]))
    let error = #expect(throws: DMTError.self) { try affine.signature(inputs: [[Shape.batch, 5, 2]], attributes: [:]) }
    #expect(error?.code == .shapeMismatch)
    #expect(error?.message == "x is [B, 5, 2], expected [B, N] (reshape it)")
    #expect(error?.place.phase == "infer")
    #expect(throws: DMTError.self) { try bump.signature(inputs: [[2]], attributes: ["hight": .int(1)]) }
    #expect(throws: DMTError.self) { try bump.signature(inputs: [[2], [2]], attributes: [:]) }
    #expect(plugin.operators[2].name == "com.example.doubler")
    let kernel = try plugin.operators[2].bind(
      KernelRequest(op: "com.example.doubler", inputs: [[3]], outputs: [[3]]))
    #expect(try RoundTrip.run(kernel, inputs: [[1, 2, 3]], outputs: [3]).outputs == [[2, 4, 6]])
  }

  @Test("an elementwise operator equals its function on any batch, split over threads or not", arguments: [1, 3, 1000])
  func elementwise(batch: Int) throws {
    let bump = try #require(try RoundTrip().plugin.operators.first)
    let count = batch * 64
    let x = (0..<count).map { Float($0 % 97) / 16 - 3 }
    let gradient = (0..<count).map { Float($0 % 31) / 8 }
    let kernel = try bump.bind(
      KernelRequest(op: bump.name, inputs: [[batch, 64]], outputs: [[batch, 64]], attributes: ["a": .double(3)]))
    let result = try RoundTrip.run(kernel, inputs: [x], outputs: [count], gradients: [gradient])
    let attributes: Attributes = ["a": .double(3)]
    #expect(result.outputs[0] == x.map { Swish().value($0, attributes) })
    #expect(
      result.inputGradients[0] == zip(x, gradient).map { 0 + $1 * Swish().derivative($0, attributes) })
    let added = try RoundTrip.run(kernel, inputs: [x], outputs: [count], gradients: [gradient], accumulate: 1)
    #expect(
      added.inputGradients[0] == zip(x, gradient).map { 7 + $1 * Swish().derivative($0, attributes) })
  }

  @Test("an operator with parameters adds its gradients into cleared memory")
  func parameters() throws {
    let affine = try RoundTrip().plugin.operators[1]
    let kernel = try affine.bind(
      KernelRequest(op: affine.name, inputs: [[2, 3]], parameters: [[3], [3]], outputs: [[2, 3], [2, 3]]))
    let result = try RoundTrip.run(
      kernel, inputs: [[1, 2, 3, 4, 5, 6]], parameters: [[2, 3, 4], [1, 0, -1]], outputs: [6, 6],
      gradients: [[1, 1, 1, 1, 1, 1], [0, 0, 0, 1, 1, 2]])
    #expect(result.outputs[0] == [3, 6, 11, 9, 15, 23])
    #expect(result.outputs[1] == [-3, -6, -11, -9, -15, -23])
    #expect(result.inputGradients[0] == [2, 3, 4, 0, 0, -4])
    #expect(result.parameterGradients == [[1, 2, -3], [1, 1, 0]])
    let wrong = KernelRequest(op: affine.name, inputs: [[2, 3]], parameters: [[4], [3]], outputs: [[2, 3], [2, 3]])
    #expect(throws: DMTError.self) { try affine.bind(wrong) }
  }

  @Test("tables are looked up through the plugin, and requests arrive whole")
  func embedding() throws {
    let embedding = try #require(try RoundTrip().plugin.embeddings.first)
    let request = EmbeddingRequest(
      tables: [TableShape(rows: 4, dim: 2), TableShape(rows: 9, dim: 3)],
      features: [
        EmbeddingFeature(table: 0, pooling: .sum, output: 0, column: 0),
        EmbeddingFeature(table: 1, pooling: .mean, output: 0, column: 2),
      ], outputCount: 1,
      optimizer: OptimizerSpec(name: "adagrad", learningRate: 0.001, attributes: ["eps": .double(1e-8)]), threads: 2)
    #expect(embedding.support(for: request).isServed)
    var refused = request
    refused.optimizer?.name = "lazy_adam"
    #expect(embedding.support(for: refused) == KernelSupport(score: 0, reason: "no lazy_adam here"))
    var single = request
    single.features = [request.features[0]]
    single.tables = [request.tables[0]]
    _ = try embedding.bind(request)
    #expect(RowSums.lastRequest.withLock { $0 } == request)
    let kernel = try embedding.bind(single)
    #expect(kernel.scratchBytes(batch: 3, values: 7) == 3007)

    let rows: [Int64] = [2, 0, 3]
    let table: [Float] = [0, 1, 10, 11, 20, 21, 30, 31]
    let output = try call(kernel, rows: rows, table: table)
    #expect(output == [20, 21, 0, 1, 30, 31])
  }

  private func call(_ kernel: any EmbeddingKernel, rows: [Int64], table: [Float]) throws -> [Float] {
    var table = table
    var output = [Float](repeating: -1, count: rows.count * 2)
    var strides: [Int64] = [2]
    try rows.withUnsafeBufferPointer { rows in
      try table.withUnsafeMutableBytes { table in
        try output.withUnsafeMutableBytes { output in
          var features = [
            dmt_jagged(values: rows.baseAddress, offsets: nil, weights: nil, value_count: Int64(rows.count))
          ]
          var tables = [table.baseAddress]
          var outputs = [output.baseAddress]
          try withUnsafePointer(to: &features[0]) { features in
            try withUnsafePointer(to: &tables[0]) { tables in
              try withUnsafePointer(to: &outputs[0]) { outputs in
                try withUnsafePointer(to: &strides[0]) { strides in
                  var call = dmt_embedding_call()
                  call.struct_size = UInt32(MemoryLayout<dmt_embedding_call>.stride)
                  call.batch = Int64(rows.count)
                  call.features = features
                  call.tables = tables
                  call.outputs = outputs
                  call.output_strides = strides
                  call.step = 6
                  try kernel.forward(&call)
                  let missing = #expect(throws: DMTError.self) { try kernel.update(&call) }
                  #expect(missing?.message.contains("dedups is NULL") == true)
                  call.batch = 2
                  let wrong = #expect(throws: DMTError.self) { try kernel.forward(&call) }
                  #expect(wrong?.message.contains("another number of row numbers") == true)
                }
              }
            }
          }
        }
      }
    }
    return output
  }

  @Test("dense parameters are updated through the plugin")
  func update() throws {
    let update = try #require(try RoundTrip().plugin.updates.first)
    let request = UpdateRequest(optimizer: OptimizerSpec(name: "sgd"), sizes: [2])
    #expect(update.support(for: request).isServed)
    #expect(!update.support(for: UpdateRequest(optimizer: OptimizerSpec(name: "adam"), sizes: [2])).isServed)
    let kernel = try update.bind(request)
    var parameter: [Float] = [1, 2]
    let gradient: [Float] = [10, 20]
    try parameter.withUnsafeMutableBytes { parameter in
      try gradient.withUnsafeBytes { gradient in
        var parameters = [parameter.baseAddress]
        var gradients = [gradient.baseAddress]
        var call = dmt_update_call()
        call.struct_size = UInt32(MemoryLayout<dmt_update_call>.stride)
        call.learning_rate = 0.5
        call.gradient_scale = 0.5
        let missing = #expect(throws: DMTError.self) { try kernel.update(&call) }
        #expect(missing?.message.contains("parameters or gradients is NULL") == true)
        try withUnsafePointer(to: &parameters[0]) { parameters in
          try withUnsafePointer(to: &gradients[0]) { gradients in
            call.parameters = parameters
            call.gradients = gradients
            try kernel.update(&call)
          }
        }
      }
    }
    #expect(parameter == [-1.5, -3])
  }
}
