import CDMTPlugin
import DMTCore
import DMTManifest
import DMTReference
import DMTRuntime
import Foundation
import Testing

/// The reference kernels beside themselves, right and with one planted error.
@Suite("Shadow")
struct ShadowTests {
  /// Where an error of a tenth of a percent is planted.
  struct Defect: Sendable, CustomTestStringConvertible {
    /// An operator, or `tables`.
    var op: String
    var phase: ShadowReport.Phase

    var testDescription: String { "\(op), \(phase)" }
  }

  private static func model() throws -> Model {
    try ModelTests.model(
      ModelTests.manifest(
        overArch: ModuleSpec(
          module: "dcn", attributes: ["layers": .int(2), "widths": .ints([8]), "dropout": .double(0.4)]),
        towers: [
          TowerSpec(
            name: "a", features: ["user", "tags"], module: ModuleSpec(module: "mlp", attributes: ["widths": .ints([6])])
          ),
          TowerSpec(
            name: "b", features: ["item"], module: ModuleSpec(module: "mlp", attributes: ["widths": .ints([4])])),
        ]), dtype: .float32)
  }

  private static func side(_ defect: Defect?) -> ShadowSide {
    ShadowSide(name: "other", backends: [Crooked(defect: defect)], embeddings: [CrookedTables(defect: defect)])
  }

  private static func report(_ defect: Defect?) throws -> ShadowReport {
    let shadow = try ModelShadow(try model(), against: side(defect))
    // Two batch sizes, as in an epoch.
    for (step, count) in [24, 24, 10].enumerated() {
      try shadow.step(ModelTests.batch(count, first: step * 24), step: step + 1)
    }
    return shadow.report
  }

  @Test("the same kernels differ in nothing, in any node")
  func same() throws {
    let report = try Self.report(nil)
    #expect(report.passed && report.batches == 3 && report.samples == 58)
    #expect(Set(report.nodes.map(\.op)).isSuperset(of: ["embedding_bag", "linear", "cross", "concat", "dropout"]))
    for node in report.nodes {
      #expect(node.against == "other" && node.forward?.error == 0 && node.backward?.error == 0, "\(node)")
    }
  }

  @Test(
    "an error is found in its operator and phase, and nowhere else",
    arguments: ["tables", "linear", "cross", "concat", "dropout", "bce_with_logits"].flatMap { op in
      [Defect(op: op, phase: .forward), Defect(op: op, phase: .backward)]
    })
  func found(_ defect: Defect) throws {
    let report = try Self.report(defect)
    let op = defect.op == "tables" ? "embedding_bag" : defect.op
    let first = try #require(report.first)
    #expect(first.op == op && first.phase == defect.phase && first.worst.batch == 0, "\(first)")
    for node in report.nodes {
      let (forward, backward) = (node.forward?.isWithin != false, node.backward?.isWithin != false)
      #expect(node.op == op && defect.phase == .forward || forward, "\(node)")
      #expect(node.op == op && defect.phase == .backward || backward, "\(node)")
      if node.op == op { #expect(!node.isWithin, "\(node)") }
    }
  }

  @Test("training goes on as if nobody looked")
  func untouched() throws {
    let (watched, alone) = (try Self.model(), try Self.model())
    let shadow = try ModelShadow(watched, against: Self.side(Defect(op: "linear", phase: .backward)))
    for step in 1...3 {
      let batch = ModelTests.batch(20, first: step * 20)
      try shadow.step(batch, step: step)
      _ = try alone.trainStep(batch, step: step)
    }
    for (a, b) in zip(watched.tensors, alone.tensors) {
      #expect(memcmp(a.memory, b.memory, a.byteCount) == 0, "\(a.name)")
    }
  }

  @Test("what the other side does not serve is said, with its reason")
  func notServed() throws {
    let shadow = try ModelShadow(try Self.model(), against: ShadowSide(name: "nobody", backends: []))
    try shadow.step(ModelTests.batch(8), step: 1)
    #expect(shadow.report.compared == 0 && shadow.report.passed)
    #expect(shadow.report.nodes.allSatisfy { $0.against == nil && $0.reason?.isEmpty == false })
  }
}

/// The reference's kernels, one of them crooked.
private struct Crooked: Backend {
  let defect: ShadowTests.Defect?
  let name = "other"

  func support(for request: KernelRequest) -> KernelSupport { ReferenceBackend().support(for: request) }

  func bind(_ request: KernelRequest) throws(DMTError) -> any Kernel {
    let kernel = try ReferenceBackend().bind(request)
    guard let defect, defect.op == request.op else { return kernel }
    // A parameter's gradient where there is one: that of an input may have been added to.
    let count =
      defect.phase == .forward
      ? request.outputs[0].elements(batch: 0)
      : (request.parameters.first ?? request.inputs[0]).elements(batch: 0)
    return CrookedKernel(kernel, phase: defect.phase, count: count, hasParameters: !request.parameters.isEmpty)
  }
}

private final class CrookedKernel: Kernel {
  private let kernel: any Kernel
  private let phase: ShadowReport.Phase
  private let count: Int
  private let hasParameters: Bool

  init(_ kernel: any Kernel, phase: ShadowReport.Phase, count: Int, hasParameters: Bool) {
    self.kernel = kernel
    self.phase = phase
    self.count = count
    self.hasParameters = hasParameters
  }

  var savedBytes: Int { kernel.savedBytes }
  var scratchBytes: Int { kernel.scratchBytes }

  func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    try kernel.forward(call)
    if phase == .forward { bend(call.pointee.outputs?[0], count) }
  }

  func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    try kernel.backward(call)
    if phase == .backward {
      bend(hasParameters ? call.pointee.grad_parameters?[0] : call.pointee.grad_inputs?[0], count)
    }
  }
}

private struct CrookedTables: EmbeddingBackend {
  let defect: ShadowTests.Defect?
  let name = "other"

  func support(for request: EmbeddingRequest) -> KernelSupport { ReferenceEmbedding().support(for: request) }

  func bind(_ request: EmbeddingRequest) throws(DMTError) -> any EmbeddingKernel {
    CrookedTableKernel(
      try ReferenceEmbedding().bind(request), phase: defect?.op == "tables" ? defect?.phase : nil,
      dim: request.tables[0].dim)
  }
}

private final class CrookedTableKernel: EmbeddingKernel {
  private let kernel: any EmbeddingKernel
  private let phase: ShadowReport.Phase?
  private let dim: Int

  init(_ kernel: any EmbeddingKernel, phase: ShadowReport.Phase?, dim: Int) {
    self.kernel = kernel
    self.phase = phase
    self.dim = dim
  }

  func scratchBytes(batch: Int, values: Int) -> Int { kernel.scratchBytes(batch: batch, values: values) }
  func forward(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    try kernel.forward(call)
    if phase == .forward { bend(call.pointee.outputs?[0], dim) }
  }
  func dedup(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) { try kernel.dedup(call) }
  func update(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) { try kernel.update(call) }
  func rowGradients(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    try kernel.rowGradients(call)
    if phase == .backward { bend(call.pointee.row_gradients?[0], dim) }
  }
}

/// A tenth of a percent more in every element.
private func bend(_ memory: UnsafeMutableRawPointer?, _ count: Int) {
  guard let values = memory?.assumingMemoryBound(to: Float.self) else { return }
  for index in 0..<count { values[index] *= 1.001 }
}
