internal import CDMTPlugin
internal import DMTBridge
public import DMTCore

/// A backend of a plugin.
public final class PluginBackend: Backend, @unchecked Sendable {
  public let name: String
  /// The plugin that it belongs to.
  public let plugin: String
  /// One sentence.
  public let summary: String
  /// Whether and how well it works on this machine, and the library behind it.
  public let probe: BackendProbe

  private let table: dmt_backend
  private let kernels: PluginKernels

  /// Reads the table and probes the machine.
  ///
  /// - Throws: ``DMTError/Code/pluginFailed`` for a table that breaks the contract or a probe that fails.
  init(_ pointer: UnsafeRawPointer, component: PluginDescriptor.Component, plugin: String, cpu: dmt_cpu)
    throws(DMTError)
  {
    let owner = ComponentOwner(plugin: plugin, component: component.id)
    name = component.id
    summary = component.summary
    self.plugin = plugin
    let table: dmt_backend = try owner.reading("load") { () throws(DMTError) in
      try SizedStruct.read(pointer.assumingMemoryBound(to: dmt_backend.self), "its table")
    }
    self.table = table
    kernels = try PluginKernels(table.kernels, owner: owner)
    guard let function = table.probe else {
      probe = BackendProbe(score: 50, reason: "works on every machine")
      return
    }
    var cpu = cpu
    var answer = dmt_probe()
    answer.struct_size = SizedStruct.size(of: dmt_probe.self)
    try owner.call("probe") { function(table.ctx, &cpu, &answer) }
    probe = try owner.reading("probe") { () throws(DMTError) in
      BackendProbe(
        score: max(0, Int(answer.score)), reason: try String(copying: answer.reason, "its reason"),
        library: try String(copying: answer.library, "its library's description"))
    }
  }

  /// Gives the library behind the backend its share of the threads; only while nothing runs.
  public func setThreads(_ threads: Int) throws(DMTError) {
    guard let function = table.set_threads else { return }
    try kernels.owner.call("set_threads") { function(table.ctx, Int32(clamping: max(1, threads))) }
  }

  public func support(for request: KernelRequest) -> KernelSupport {
    guard probe.score > 0 else { return KernelSupport(score: 0, reason: probe.reason) }
    return kernels.support(for: request)
  }

  public func bind(_ request: KernelRequest) throws(DMTError) -> any Kernel {
    guard probe.score > 0 else {
      throw DMTError(.unsupported, probe.reason, place: kernels.owner.place("bind"))
    }
    return try kernels.plan(request)
  }
}
