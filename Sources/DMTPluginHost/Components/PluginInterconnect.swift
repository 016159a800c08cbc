internal import CDMTPlugin
internal import DMTBridge
public import DMTCore

/// An interconnect of a plugin.
public final class PluginInterconnect: Interconnect, @unchecked Sendable {
  public let name: String
  public let isEmbedded: Bool
  /// The plugin that it belongs to.
  public let plugin: String
  /// One sentence.
  public let summary: String

  private let table: dmt_interconnect
  private let owner: ComponentOwner

  /// Reads the table and checks that it has what it must.
  ///
  /// - Throws: ``DMTError/Code/pluginFailed`` for a table that breaks the contract.
  init(_ pointer: UnsafeRawPointer, component: PluginDescriptor.Component, plugin: String) throws(DMTError) {
    // What is not there is another rank or the library under the engine: not a fault of the plugin.
    let owner = ComponentOwner(plugin: plugin, component: component.id, unavailable: .interconnectFailed)
    let table: dmt_interconnect = try owner.reading("load") { () throws(DMTError) in
      try SizedStruct.read(pointer.assumingMemoryBound(to: dmt_interconnect.self), "its table")
    }
    guard table.open != nil, table.connect != nil, table.communicator != nil, table.start != nil, table.test != nil,
      table.wait != nil, table.abort != nil, table.disconnect != nil, table.close != nil
    else { throw owner.broken("its table lacks a function", "load") }
    name = component.id
    summary = component.summary
    isEmbedded = table.flags & DMT_INTERCONNECT_EMBEDDED != 0
    self.plugin = plugin
    self.table = table
    self.owner = owner
  }

  public func openWorld(rankCount: Int?, timeoutMilliseconds: Int) throws(DMTError) -> any InterconnectWorld {
    let allowed = isEmbedded ? 1...Topology.maximumRanks : 0...Topology.maximumRanks
    guard allowed.contains(rankCount ?? 0), timeoutMilliseconds > 0 else {
      throw DMTError(
        .invalidArgument,
        "a world of \(rankCount ?? 0) ranks with a timeout of \(timeoutMilliseconds) ms, expected \(allowed.lowerBound) "
          + "to \(allowed.upperBound) ranks and a positive timeout", place: owner.place("open"))
    }
    var request = dmt_world_request()
    request.struct_size = SizedStruct.size(of: dmt_world_request.self)
    request.rank_count = Int32(rankCount ?? 0)
    request.timeout_ms = Int64(timeoutMilliseconds)
    var world = dmt_world()
    world.struct_size = SizedStruct.size(of: dmt_world.self)
    world.own_rank = -1
    try owner.call("open") { table.open(table.ctx, &request, &world) }
    CrashReport.renew()
    do throws(DMTError) {
      let hosts = try hosts(of: world, expected: rankCount)
      return PluginWorld(table, world, hosts: hosts, owner: owner)
    } catch {
      table.close(world.handle)
      throw error
    }
  }

  /// The hosts of a world whose numbers are what they must be.
  private func hosts(of world: dmt_world, expected: Int?) throws(DMTError) -> [Int] {
    let count = Int(world.rank_count)
    guard (1...Topology.maximumRanks).contains(count), expected ?? count == count else {
      throw owner.broken(
        "it opens a world of \(count) ranks, expected \(expected.map(String.init) ?? "1 or more")", "open")
    }
    guard isEmbedded ? world.own_rank == -1 : (0..<count).contains(Int(world.own_rank)) else {
      throw owner.broken("this process is rank \(world.own_rank) of \(count)", "open")
    }
    guard let numbers = world.host_of_rank else { throw owner.broken("host_of_rank is NULL", "open") }
    var hosts: [Int] = []
    var next = 0
    for rank in 0..<count {
      let host = Int(numbers[rank])
      guard (0...next).contains(host) else {
        throw owner.broken("rank \(rank) is on host \(host), expected 0 to \(next)", "open")
      }
      next = max(next, host + 1)
      hosts.append(host)
    }
    return hosts
  }
}
