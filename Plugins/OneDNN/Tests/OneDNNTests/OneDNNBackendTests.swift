internal import DMTPluginKit
internal import OneDNN
internal import Testing

/// What the backend says before a kernel runs, and that runs repeat.
@Suite struct OneDNNBackendTests {
  private let backend = OneDNNBackend()

  init() throws { try TestHost.initialize(OneDNNPlugin.self) }

  private func linear() throws -> KernelRequest {
    try KernelTrial(op: "linear", inputs: [[3, 4]], attributes: ["out": .int(5)]).request(isTraining: true)
  }

  @Test func `a served operator has a score and a reason`() throws {
    let support = backend.support(for: try linear())
    #expect(support.score > 0)
    #expect(!support.reason.isEmpty)
  }

  @Test(arguments: ["cross", "fm", "embedding_bag", "nonsense"]) func `an operator of others is declined by name`(
    op: String
  ) throws {
    let request = KernelRequest(op: op, inputs: [[2, 3]], outputs: [[2, 3]])
    let support = backend.support(for: request)
    #expect(!support.isServed)
    #expect(support.reason.contains(op))
    #expect(throws: DMTError.self) { try backend.bind(request) }
  }

  @Test func `float64 and a later revision are declined`() throws {
    var request = try linear()
    request.dtype = .float64
    #expect(backend.support(for: request).score == 0)
    #expect(backend.support(for: request).reason.contains("float64"))
    request = try linear()
    request.revision = 2
    #expect(backend.support(for: request).score == 0)
  }

  @Test func `shapes that break the schema are declined, however large`() throws {
    var request = try linear()
    request.parameters[0] = [5, 3]
    #expect(backend.support(for: request).score == 0)
    request = try linear()
    request.outputs = []
    #expect(backend.support(for: request).score == 0)
    request = try linear()
    request.inputs = []
    #expect(backend.support(for: request).score == 0)
    request = try linear()
    request.inputs = [[Int.max, 4]]
    request.outputs = [[Int.max, 5]]
    #expect(backend.support(for: request).score == 0)
    request = try linear()
    request.inputs = [[-1, 4]]
    request.outputs = [[-1, 5]]
    #expect(backend.support(for: request).score == 0)
    #expect(throws: DMTError.self) { try backend.bind(request) }
  }

  @Test(arguments: ["add", "sub", "mul"]) func `broadcasting is left to a backend that is better at it`(op: String)
    throws
  {
    let repeating = try KernelTrial(op: op, inputs: [[3, 4], [4]]).request(isTraining: false)
    let support = backend.support(for: repeating)
    #expect(support.isServed)
    // From 50 on the host takes the first backend that offers.
    #expect(support.score < 50)
    #expect(support.reason.contains("broadcasting"))
    let alike = try KernelTrial(op: op, inputs: [[1, 4], [4]]).request(isTraining: false)
    #expect(backend.support(for: alike).score >= 50)
  }

  @Test(arguments: ["add", "sub", "mul"]) func `shapes that cannot be broadcast are declined`(op: String) throws {
    let request = KernelRequest(op: op, inputs: [[3, 4], [3]], outputs: [[3, 4]])
    #expect(backend.support(for: request).score == 0)
    #expect(throws: DMTError.self) { try backend.bind(request) }
  }

  @Test func `the probe names the library's version and threading`() {
    let probe = backend.probe(dmt_cpu())
    #expect(probe.score > 0)
    #expect(probe.library.hasPrefix("oneDNN "))
    #expect(probe.library.contains("("))
  }

  @Test func `a call without its pointers throws`() throws {
    let kernel = try backend.bind(try linear())
    var call = dmt_kernel_call()
    call.struct_size = UInt32(MemoryLayout<dmt_kernel_call>.size)
    #expect(throws: DMTError.self) {
      try withUnsafePointer(to: call) { call throws(DMTError) in try kernel.forward(call) }
    }
    #expect(throws: DMTError.self) {
      try withUnsafePointer(to: call) { call throws(DMTError) in try kernel.backward(call) }
    }
  }

  @Test(arguments: [
    KernelTrial(op: "linear", inputs: [[515, 129]], attributes: ["out": .int(40), "activation": .string("gelu")]),
    KernelTrial(op: "layer_norm", inputs: [[1500, 67]]),
    KernelTrial(op: "matmul", inputs: [[300, 20, 16], [300, 16, 31]]),
    KernelTrial(op: "mul", inputs: [[700, 301], [301]]),
  ]) func `two runs on three threads give the same bits`(trial: KernelTrial) throws {
    #expect(try trial.bits(backend) == trial.bits(backend))
  }
}
