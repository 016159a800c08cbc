public import CDMTPlugin
internal import DMTBridge
public import DMTCore

/// Optimizers of a plugin on dense parameters.
public final class PluginUpdate: UpdateBackend, @unchecked Sendable {
  public let name: String
  /// The plugin that it belongs to.
  public let plugin: String
  /// One sentence.
  public let summary: String

  private let table: dmt_update
  private let owner: ComponentOwner

  /// Reads the table and checks that it has what it must.
  ///
  /// - Throws: ``DMTError/Code/pluginFailed`` for a table that breaks the contract.
  init(_ pointer: UnsafeRawPointer, component: PluginDescriptor.Component, plugin: String) throws(DMTError) {
    let owner = ComponentOwner(plugin: plugin, component: component.id)
    let table: dmt_update = try owner.reading("load") { () throws(DMTError) in
      try SizedStruct.read(pointer.assumingMemoryBound(to: dmt_update.self), "its table")
    }
    guard table.supports != nil, table.bind != nil, table.update != nil, table.release != nil else {
      throw owner.broken("its table lacks supports, bind, update or release", "load")
    }
    name = component.id
    summary = component.summary
    self.plugin = plugin
    self.table = table
    self.owner = owner
  }

  public func support(for request: UpdateRequest) -> KernelSupport {
    let arena = ContractArena()
    var contractRequest = arena.request(request)
    do throws(DMTError) {
      try owner.call("supports") { table.supports(table.ctx, &contractRequest) }
      return KernelSupport(score: 100, reason: summary.isEmpty ? "serves optimizers" : summary)
    } catch {
      return KernelSupport(score: 0, reason: error.message)
    }
  }

  public func bind(_ request: UpdateRequest) throws(DMTError) -> any UpdateKernel {
    let arena = ContractArena()
    var contractRequest = arena.request(request)
    var plan = dmt_update_plan()
    plan.struct_size = SizedStruct.size(of: dmt_update_plan.self)
    try owner.call("bind") { table.bind(table.ctx, &contractRequest, &plan) }
    return PluginUpdateKernel(table, handle: plan.handle, owner: owner)
  }
}

/// A plan of a plugin for one optimizer; a call goes straight to the plugin's function.
public final class PluginUpdateKernel: UpdateKernel {
  private let table: dmt_update
  private let handle: UnsafeMutableRawPointer?
  private let owner: ComponentOwner

  init(_ table: dmt_update, handle: UnsafeMutableRawPointer?, owner: ComponentOwner) {
    self.table = table
    self.handle = handle
    self.owner = owner
  }

  deinit { CrashReport.noting(owner.site, "release") { table.release(handle) } }

  public func update(_ call: UnsafePointer<dmt_update_call>) throws(DMTError) {
    let status = CrashReport.noting(owner.site, "update") { table.update(handle, call) }
    if status != DMT_OK { throw owner.failure(status, "update") }
  }
}
