public import CDMTPlugin
internal import DMTBridge
public import DMTCore

/// Lookup and update of tables by a plugin.
public final class PluginEmbedding: EmbeddingBackend, @unchecked Sendable {
  public let name: String
  /// The plugin that it belongs to.
  public let plugin: String
  /// One sentence.
  public let summary: String

  private let table: dmt_embedding
  private let owner: ComponentOwner

  /// Reads the table and checks that it has what it must.
  ///
  /// - Throws: ``DMTError/Code/pluginFailed`` for a table that breaks the contract.
  init(_ pointer: UnsafeRawPointer, component: PluginDescriptor.Component, plugin: String) throws(DMTError) {
    let owner = ComponentOwner(plugin: plugin, component: component.id)
    let table: dmt_embedding = try owner.reading("load") { () throws(DMTError) in
      try SizedStruct.read(pointer.assumingMemoryBound(to: dmt_embedding.self), "its table")
    }
    guard table.supports != nil, table.bind != nil, table.scratch_bytes != nil, table.forward != nil,
      table.release != nil
    else { throw owner.broken("its table lacks supports, bind, scratch_bytes, forward or release", "load") }
    name = component.id
    summary = component.summary
    self.plugin = plugin
    self.table = table
    self.owner = owner
  }

  public func support(for request: EmbeddingRequest) -> KernelSupport {
    if request.optimizer != nil, table.dedup == nil || table.update == nil {
      return KernelSupport(score: 0, reason: "does not update tables")
    }
    let arena = ContractArena()
    var contractRequest = arena.request(request)
    do throws(DMTError) {
      try owner.call("supports") { table.supports(table.ctx, &contractRequest) }
      return KernelSupport(score: 100, reason: summary.isEmpty ? "serves tables" : summary)
    } catch {
      return KernelSupport(score: 0, reason: error.message)
    }
  }

  public func bind(_ request: EmbeddingRequest) throws(DMTError) -> any EmbeddingKernel {
    let arena = ContractArena()
    var contractRequest = arena.request(request)
    var plan = dmt_embedding_plan()
    plan.struct_size = SizedStruct.size(of: dmt_embedding_plan.self)
    try owner.call("bind") { table.bind(table.ctx, &contractRequest, &plan) }
    return PluginEmbeddingKernel(table, handle: plan.handle, owner: owner)
  }
}

/// A plan of a plugin for all tables of a rank; a call goes straight to the plugin's function.
public final class PluginEmbeddingKernel: EmbeddingKernel {
  private typealias Function =
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<dmt_embedding_call>?) -> dmt_status

  private let table: dmt_embedding
  private let handle: UnsafeMutableRawPointer?
  private let owner: ComponentOwner
  /// A size that no memory has, which ``scratchBytes(batch:values:)`` cannot throw.
  private var brokenScratch: Int64?

  init(_ table: dmt_embedding, handle: UnsafeMutableRawPointer?, owner: ComponentOwner) {
    self.table = table
    self.handle = handle
    self.owner = owner
  }

  deinit { CrashReport.noting(owner.site, "release") { table.release(handle) } }

  public func scratchBytes(batch: Int, values: Int) -> Int {
    let bytes = CrashReport.noting(owner.site, "scratch_bytes") {
      table.scratch_bytes(handle, Int64(batch), Int64(values))
    }
    if bytes < 0 || bytes > 1 << 46 {
      brokenScratch = bytes
      return 0
    }
    return Int(bytes)
  }

  public func forward(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    try run(table.forward, call, "forward")
  }

  public func dedup(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    try run(table.dedup, call, "dedup")
  }

  public func update(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    try run(table.update, call, "update")
  }

  public func rowGradients(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError) {
    try run(table.row_gradients, call, "row_gradients")
  }

  @inline(__always)
  private func run(
    _ function: Function?, _ call: UnsafePointer<dmt_embedding_call>, _ phase: StaticString
  ) throws(DMTError) {
    guard let function else {
      throw DMTError(.unsupported, "the embedding backend has no \(phase)", place: owner.place("\(phase)"))
    }
    if let brokenScratch { throw owner.broken("it asks for \(brokenScratch) bytes of scratch", "scratch_bytes") }
    let status = CrashReport.noting(owner.site, phase) { function(handle, call) }
    if status != DMT_OK { throw owner.failure(status, "\(phase)") }
  }
}
