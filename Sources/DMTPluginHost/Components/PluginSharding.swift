internal import CDMTPlugin
internal import DMTBridge
public import DMTCore

/// A sharding strategy of a plugin.
public final class PluginSharding: ShardingStrategy, @unchecked Sendable {
  public let name: String
  public let summary: String
  /// The plugin that it belongs to.
  public let plugin: String

  private let context: UnsafeMutableRawPointer?
  private let function: PlanFunction
  private let owner: ComponentOwner

  private typealias PlanFunction =
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<dmt_sharding_request>?, UnsafePointer<dmt_sharding_builder>?
    ) -> dmt_status

  /// Reads the table.
  ///
  /// - Throws: ``DMTError/Code/pluginFailed`` for a table that breaks the contract.
  init(_ pointer: UnsafeRawPointer, component: PluginDescriptor.Component, plugin: String) throws(DMTError) {
    let owner = ComponentOwner(plugin: plugin, component: component.id)
    let table: dmt_sharding = try owner.reading("load") { () throws(DMTError) in
      try SizedStruct.read(pointer.assumingMemoryBound(to: dmt_sharding.self), "its table")
    }
    guard let function = table.plan else { throw owner.broken("its table has no plan", "load") }
    let name = component.id
    summary = try owner.reading("load") { () throws(DMTError) in
      let found = try String(copying: table.name, "its name")
      guard found == name else { throw DMTError(.invalidArgument, "its table is named '\(found)'") }
      return try String(copying: table.summary, "its summary")
    }
    self.name = name
    self.plugin = plugin
    self.function = function
    self.owner = owner
    context = table.ctx
  }

  public func plan(_ request: ShardingRequest) throws(DMTError) -> ShardingPlan {
    let arena = ContractArena()
    var contractRequest = arena.request(request)
    let building = PlanBuilding(request)
    let reference = Unmanaged.passRetained(building)
    defer { reference.release() }
    PlanBuilding.serve(&contractRequest, reference.toOpaque())
    var builder = PlanBuilding.table(reference.toOpaque())
    do throws(DMTError) {
      try owner.call("plan") { function(context, &contractRequest, &builder) }
    } catch {
      // The host's own error names tables and steps, which no status can carry.
      throw (building.failure ?? error).at(owner.place("plan"))
    }
    // A strategy that goes on after the host refused something has not made a plan.
    if let failure = building.failure { throw failure.at(owner.place("plan")) }
    return building.plan
  }
}
