internal import DMTPluginKit
internal import OpenBLAS
internal import Testing

/// What the backend says before a kernel runs, and that runs repeat.
@Suite struct OpenBLASBackendTests {
  private let backend = OpenBLASBackend()

  init() throws { try TestHost.initialize(OpenBLASPlugin.self) }

  private func linear() throws -> KernelRequest {
    try KernelTrial(op: "linear", inputs: [[3, 4]], attributes: ["out": .int(5)]).request(isTraining: true)
  }

  @Test func `a served operator has a score and a reason`() throws {
    let support = backend.support(for: try linear())
    #expect(support.score > 0)
    #expect(!support.reason.isEmpty)
  }

  @Test func `kernels that use half of the CPU's vectors are named, with the way out`() throws {
    var cpu = dmt_cpu()
    cpu.isa_level = 4
    let reason = try #require(LibraryKernels(core: "Prescott").weakness(on: cpu))
    #expect(reason.contains("Prescott"))
    #expect(reason.contains("OPENBLAS_CORETYPE=SkylakeX"))
    #expect(LibraryKernels(core: "SkylakeX").weakness(on: cpu) == nil)
    #expect(LibraryKernels(core: "Haswell").weakness(on: cpu) == nil)
    #expect(LibraryKernels(core: "OfTheFuture").weakness(on: cpu) == nil)
    cpu.isa_level = 3
    #expect(LibraryKernels(core: "Nehalem").weakness(on: cpu)?.contains("OPENBLAS_CORETYPE=Haswell") == true)
    cpu.isa_level = 2
    #expect(LibraryKernels(core: "Nehalem").weakness(on: cpu) == nil)
  }

  @Test func `a CPU that OpenBLAS does not know is served by others`() throws {
    let weakness = LibraryKernels.current.weakness(on: PluginContext.cpu)
    #expect((backend.support(for: try linear()).score < 50) == (weakness != nil))
    #expect((backend.probe(PluginContext.cpu).score < 50) == (weakness != nil))
  }

  @Test(arguments: ["softmax", "layer_norm", "embedding_bag", "nonsense"])
  func `an operator of others is declined by name`(op: String) throws {
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

  @Test func `the probe names the library's version and threading`() {
    let probe = backend.probe(dmt_cpu())
    #expect(probe.score > 0)
    #expect(probe.library.hasPrefix("OpenBLAS "))
    #expect(probe.library.contains("("))
  }

  @Test func `kernels that need more than the CPU or the user's cap leaves are refused`() {
    let levels: [CPUFeatures] = [
      [], [.sse42], [.sse42, .avx, .avx2, .fma], [.sse42, .avx, .avx2, .fma, .avx512f],
    ]
    for (core, least) in [
      ("Prescott", 1), ("Nehalem", 1), ("Sandybridge", 3), ("Haswell", 3), ("Zen", 3), ("SkylakeX", 4), ("Unheard", 1),
    ] as [(String, Int32)] {
      for level in 1...4 as ClosedRange<Int32> {
        var cpu = dmt_cpu()
        cpu.isa_level = level
        cpu.features = levels[Int(level) - 1].rawValue
        let refusal = LibraryKernels(core: core).refusal(on: cpu)
        #expect((refusal == nil) == (level >= least), "\(core) on level \(level): \(refusal ?? "runs")")
        #expect(refusal?.contains("OPENBLAS_CORETYPE=") != false)
      }
    }
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
    KernelTrial(op: "cross", inputs: [[501, 72], [501, 72]], attributes: ["rank": .int(40)]),
    KernelTrial(op: "fm", inputs: [[500, 13, 16]], attributes: ["k": .int(8)]),
  ]) func `two runs on three threads give the same bits`(trial: KernelTrial) throws {
    #expect(try trial.bits(backend) == trial.bits(backend))
  }
}
