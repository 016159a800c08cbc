public import CDMTPlugin
internal import DMTBridge
public import DMTCore

/// A plugin that is in the process, with its components as the core's protocols.
public final class LoadedPlugin: @unchecked Sendable {
  /// What it says about itself.
  public let descriptor: PluginDescriptor
  /// The library's path; nil for a table that is part of this program.
  public let path: String?
  /// SHA-256 of the library in hexadecimal; nil for a table that is part of this program.
  public let sha256: String?
  /// Its backends, in the descriptor's order.
  public let backends: [PluginBackend]
  /// Its operators, in the descriptor's order.
  public let operators: [PluginOperator]
  /// Its modules, in the descriptor's order.
  public let modules: [PluginModule]
  /// Its embedding backends, in the descriptor's order.
  public let embeddings: [PluginEmbedding]
  /// Its update backends, in the descriptor's order.
  public let updates: [PluginUpdate]
  /// Its tower partitioners, in the descriptor's order.
  public let partitioners: [PluginPartitioner]
  /// Its sharding strategies, in the descriptor's order.
  public let strategies: [PluginSharding]
  /// Its interconnects, in the descriptor's order.
  public let interconnects: [PluginInterconnect]
  /// Its formats of data files, in the descriptor's order.
  public let readers: [PluginReader]
  /// Its update rules, in the descriptor's order.
  public let optimizers: [PluginOptimizer]

  private let table: dmt_plugin

  /// The plugin's id.
  public var id: String { descriptor.id }
  /// The plugin's version.
  public var version: String { descriptor.version }

  /// Reads the descriptor, initializes the plugin and wraps its components.
  ///
  /// A component of a kind or revision that this host does not know is left out: a newer plugin may offer more.
  ///
  /// - Parameters:
  ///   - entry: what `dmt_plugin_entry` returned.
  ///   - services: what the plugin gets from this host.
  /// - Throws: ``DMTError/Code/pluginRefused`` for a descriptor that breaks the contract, ``DMTError/Code/pluginFailed``
  ///   for a failure of the plugin.
  public convenience init(
    entry: UnsafePointer<dmt_plugin>?, services: HostServices, path: String? = nil, sha256: String? = nil
  ) throws(DMTError) {
    try self.init(entry: entry, services: services, path: path, sha256: sha256, enter: { _ in })
  }

  /// - Parameters:
  ///   - host: what the plugin is initialized with in place of the services' own table.
  ///   - enter: told of every phase before it begins.
  package init(
    entry: UnsafePointer<dmt_plugin>?, services: HostServices, path: String?, sha256: String? = nil,
    host: UnsafePointer<dmt_host>? = nil, enter: (String) -> Void
  ) throws(DMTError) {
    enter("descriptor")
    let place = DMTError.Place(plugin: path ?? "(built in)", phase: "load")
    let table: dmt_plugin
    do throws(DMTError) {
      table = try SizedStruct.read(entry, "what dmt_plugin_entry returned")
    } catch {
      throw DMTError(.pluginRefused, error.message, place: place)
    }
    do throws(DMTError) {
      descriptor = try PluginDescriptor(copying: table.descriptor)
    } catch {
      throw error.at(place)
    }
    self.table = table
    self.path = path
    self.sha256 = sha256
    let id = descriptor.id
    let owner = ComponentOwner(plugin: id, component: nil)
    enter("initialize")
    if let initialize = table.initialize {
      try owner.call("initialize") { initialize(host ?? services.host) }
    }
    enter("components")
    var backends: [PluginBackend] = []
    var operators: [PluginOperator] = []
    var modules: [PluginModule] = []
    var embeddings: [PluginEmbedding] = []
    var updates: [PluginUpdate] = []
    var partitioners: [PluginPartitioner] = []
    var strategies: [PluginSharding] = []
    var interconnects: [PluginInterconnect] = []
    var readers: [PluginReader] = []
    var optimizers: [PluginOptimizer] = []
    for component in descriptor.components where component.revision == 1 {
      guard ComponentKind(rawValue: component.kind) != nil else { continue }
      let pointer = try Self.table(of: component, in: table, plugin: id)
      switch ComponentKind(rawValue: component.kind) {
      case .backend:
        backends.append(try PluginBackend(pointer, component: component, plugin: id, cpu: services.cpu))
      case .operator: operators.append(try PluginOperator(pointer, component: component, plugin: id))
      case .module: modules.append(try PluginModule(pointer, component: component, plugin: id))
      case .embedding: embeddings.append(try PluginEmbedding(pointer, component: component, plugin: id))
      case .update: updates.append(try PluginUpdate(pointer, component: component, plugin: id))
      case .partitioner: partitioners.append(try PluginPartitioner(pointer, component: component, plugin: id))
      case .sharding: strategies.append(try PluginSharding(pointer, component: component, plugin: id))
      case .interconnect: interconnects.append(try PluginInterconnect(pointer, component: component, plugin: id))
      case .reader: readers.append(try PluginReader(pointer, component: component, plugin: id))
      case .optimizer: optimizers.append(try PluginOptimizer(pointer, component: component, plugin: id))
      case nil: break
      }
    }
    self.backends = backends
    self.operators = operators
    self.modules = modules
    self.embeddings = embeddings
    self.updates = updates
    self.partitioners = partitioners
    self.strategies = strategies
    self.interconnects = interconnects
    self.readers = readers
    self.optimizers = optimizers
  }

  /// The kinds of components that this host uses.
  enum ComponentKind: String, CaseIterable {
    case backend, `operator`, module, embedding, update, partitioner, sharding, interconnect, reader, optimizer
  }

  /// Ends the plugin's work; called once, before the process ends. Its code stays in memory.
  package func shutdown() { table.shutdown?() }

  private static func table(
    of component: PluginDescriptor.Component, in table: dmt_plugin, plugin: String
  ) throws(DMTError) -> UnsafeRawPointer {
    let owner = ComponentOwner(plugin: plugin, component: component.id)
    let arena = ContractArena()
    guard let find = table.get_component else { throw owner.broken("it has no get_component", "load") }
    let found = find(arena.text(component.kind), arena.text(component.id), Int32(clamping: component.revision))
    guard let found else {
      throw owner.broken(
        "its descriptor lists \(component.kind) '\(component.id)' and get_component has it not", "load")
    }
    return found
  }
}
