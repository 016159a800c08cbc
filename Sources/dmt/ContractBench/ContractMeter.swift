import CDMTPlugin
import DMTCore
import DMTPluginHost
import DMTRuntime

/// Counts a model's calls into plugins, and makes each of them dearer by more calls through the contract that do nothing else.
///
/// What one call adds is lost in a step's noise; what many add is not, and they run where the real ones do, in the middle of a
/// step with its caches cold.
final class ContractMeter: @unchecked Sendable {
  /// Calls into plugins since it was last set to 0.
  var calls = 0
  /// Further calls through the contract before every call into a plugin.
  var further = 0
  private let kernel: any Kernel
  private let call = BenchCall()

  init(_ kernel: any Kernel) { self.kernel = kernel }

  func pass() throws(DMTError) {
    calls += 1
    for _ in 0..<further { try kernel.forward(call.call) }
  }

  /// The components with every plugin's kernels metered.
  func metering(_ components: Components) -> Components {
    var result = components
    result.backends = components.backends.mapValues { inner -> any Backend in
      inner is PluginBackend ? MeteredBackend(inner, self) : inner
    }
    result.operatorKernels = components.operatorKernels.mapValues { inner -> any Backend in MeteredBackend(inner, self)
    }
    result.embeddings = components.embeddings.mapValues { inner -> any EmbeddingBackend in
      inner is PluginEmbedding ? MeteredEmbedding(inner, self) : inner
    }
    result.updates = components.updates.mapValues { inner -> any UpdateBackend in
      inner is PluginUpdate ? MeteredUpdate(inner, self) : inner
    }
    return result
  }
}

private struct MeteredBackend: Backend {
  let inner: any Backend
  let meter: ContractMeter
  var name: String { inner.name }

  init(_ inner: any Backend, _ meter: ContractMeter) {
    self.inner = inner
    self.meter = meter
  }

  func support(for request: KernelRequest) -> KernelSupport { inner.support(for: request) }
  func bind(_ request: KernelRequest) throws(DMTError) -> any Kernel {
    MeteredKernel(inner: try inner.bind(request), meter: meter)
  }
}

private final class MeteredKernel: Kernel {
  private let inner: any Kernel
  private let meter: ContractMeter
  var savedBytes: Int { inner.savedBytes }
  var scratchBytes: Int { inner.scratchBytes }

  init(inner: any Kernel, meter: ContractMeter) {
    self.inner = inner
    self.meter = meter
  }

  func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    try meter.pass()
    try inner.forward(call)
  }

  func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    try meter.pass()
    try inner.backward(call)
  }
}

private struct MeteredEmbedding: EmbeddingBackend {
  let inner: any EmbeddingBackend
  let meter: ContractMeter
  var name: String { inner.name }

  init(_ inner: any EmbeddingBackend, _ meter: ContractMeter) {
    self.inner = inner
    self.meter = meter
  }

  func support(for request: EmbeddingRequest) -> KernelSupport { inner.support(for: request) }
  func bind(_ request: EmbeddingRequest) throws(DMTError) -> any EmbeddingKernel {
    MeteredEmbeddingKernel(inner: try inner.bind(request), meter: meter)
  }
}

private final class MeteredEmbeddingKernel: EmbeddingKernel {
  private let inner: any EmbeddingKernel
  private let meter: ContractMeter

  init(inner: any EmbeddingKernel, meter: ContractMeter) {
    self.inner = inner
    self.meter = meter
  }

  func scratchBytes(batch: Int, values: Int) -> Int { inner.scratchBytes(batch: batch, values: values) }
  func forward(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    try meter.pass()
    try inner.forward(call)
  }
  func dedup(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    try meter.pass()
    try inner.dedup(call)
  }
  func update(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    try meter.pass()
    try inner.update(call)
  }
  func rowGradients(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    try meter.pass()
    try inner.rowGradients(call)
  }
}

private struct MeteredUpdate: UpdateBackend {
  let inner: any UpdateBackend
  let meter: ContractMeter
  var name: String { inner.name }

  init(_ inner: any UpdateBackend, _ meter: ContractMeter) {
    self.inner = inner
    self.meter = meter
  }

  func support(for request: UpdateRequest) -> KernelSupport { inner.support(for: request) }
  func bind(_ request: UpdateRequest) throws(DMTError) -> any UpdateKernel {
    MeteredUpdateKernel(inner: try inner.bind(request), meter: meter)
  }
}

private final class MeteredUpdateKernel: UpdateKernel {
  private let inner: any UpdateKernel
  private let meter: ContractMeter

  init(inner: any UpdateKernel, meter: ContractMeter) {
    self.inner = inner
    self.meter = meter
  }

  func update(_ call: UnsafePointer<dmt_update_call>) throws(DMTError) {
    try meter.pass()
    try inner.update(call)
  }
}
