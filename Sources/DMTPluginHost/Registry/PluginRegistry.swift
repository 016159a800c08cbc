internal import CDMTPlugin
public import DMTCore
internal import Glibc
public import Logging
internal import Synchronization

/// The plugins of this process and what they offer.
public final class PluginRegistry: Sendable {
  /// What to load, and how.
  public struct Options: Sendable {
    /// Where to look; explicit paths come first.
    public var searchPath: PluginSearchPath
    /// Threads of the pool, when `services` is nil.
    public var threads: Int
    public var logger: Logger
    /// What plugins get; nil: made from `threads` and `logger`.
    public var services: HostServices?
    public var scanner: PluginScanner
    public var cache: ScanCache
    /// Scan again what the cache knows, quarantined plugins included.
    public var rescans: Bool
    /// Only find and scan; load nothing into this process.
    public var scansOnly: Bool
    /// Whose plugins may run.
    public var trust: TrustPolicy

    public init(
      paths: [String] = [], threads: Int = ThreadPool.usableCPUs, logger: Logger = Logger(label: "dmt.plugins"),
      services: HostServices? = nil, searchPath: PluginSearchPath? = nil, scanner: PluginScanner = PluginScanner(),
      cache: ScanCache = ScanCache(), rescans: Bool = false, scansOnly: Bool = false,
      trust: TrustPolicy = TrustPolicy()
    ) {
      self.searchPath = searchPath ?? PluginSearchPath(explicit: paths)
      self.threads = threads
      self.logger = logger
      self.services = services
      self.scanner = scanner
      self.cache = cache
      self.rescans = rescans
      self.scansOnly = scansOnly
      self.trust = trust
    }
  }

  /// Services that the plugins were given; the thread pool is here.
  public let services: HostServices
  /// Loaded plugins in search order.
  public let plugins: [LoadedPlugin]
  /// Everything that was found, in search order.
  public let candidates: [PluginCandidate]
  /// Where was looked, in order.
  public let searchPath: PluginSearchPath
  /// Components by name; of two with one name the first in search order, which ``conflicts`` tells.
  public let backends: [String: PluginBackend]
  public let operators: [String: PluginOperator]
  public let modules: [String: PluginModule]
  public let embeddings: [String: PluginEmbedding]
  public let updates: [String: PluginUpdate]
  public let partitioners: [String: PluginPartitioner]
  public let strategies: [String: PluginSharding]
  public let interconnects: [String: PluginInterconnect]
  public let readers: [String: PluginReader]
  public let optimizers: [String: PluginOptimizer]
  /// Components that were left out because another plugin's has their name, a sentence each.
  public let conflicts: [String]

  init(services: HostServices, plugins: [LoadedPlugin], candidates: [PluginCandidate], searchPath: PluginSearchPath) {
    self.services = services
    self.plugins = plugins
    self.candidates = candidates
    self.searchPath = searchPath
    var conflicts: [String] = []
    func collect<Component>(
      _ kind: String, _ list: KeyPath<LoadedPlugin, [Component]>, _ name: KeyPath<Component, String>
    ) -> [String: Component] {
      var result: [String: Component] = [:]
      var owners: [String: String] = [:]
      for plugin in plugins {
        for component in plugin[keyPath: list] {
          let key = component[keyPath: name]
          if let owner = owners[key] {
            conflicts.append(
              "\(kind) '\(key)' of \(plugin.id) is not used: \(owner) has one of that name and comes first")
          } else {
            owners[key] = plugin.id
            result[key] = component
          }
        }
      }
      return result
    }
    backends = collect("backend", \.backends, \.name)
    operators = collect("operator", \.operators, \.name)
    modules = collect("module", \.modules, \.name)
    embeddings = collect("embedding", \.embeddings, \.name)
    updates = collect("update", \.updates, \.name)
    partitioners = collect("partitioner", \.partitioners, \.name)
    strategies = collect("sharding", \.strategies, \.name)
    interconnects = collect("interconnect", \.interconnects, \.name)
    readers = collect("reader", \.readers, \.name)
    optimizers = collect("optimizer", \.optimizers, \.name)
    self.conflicts = conflicts
  }

  /// Finds, scans and loads plugins.
  ///
  /// A plugin that cannot be used is a candidate with a reason, not an error: the model may not need it. Use
  /// ``require(_:)`` for those that it does.
  ///
  /// - Throws: ``DMTError/Code/io`` when no child process can be started for scanning, and when the threads cannot be.
  public static func load(_ options: Options) throws(DMTError) -> PluginRegistry {
    let services =
      if let given = options.services { given } else {
        HostServices(pool: try ThreadPool(threads: options.threads), logger: options.logger)
      }
    var loader = PluginLoader(options: options, services: services)
    try loader.run()
    let registry = PluginRegistry(
      services: services, plugins: loader.plugins, candidates: loader.candidates, searchPath: options.searchPath)
    for conflict in registry.conflicts { options.logger.warning("\(conflict)") }
    return registry
  }

  /// The loaded plugin with this id, or from this path.
  ///
  /// - Throws: the reason why it was refused, or ``DMTError/Code/notFound`` with the nearest id and the places searched.
  @discardableResult
  public func require(_ name: String) throws(DMTError) -> LoadedPlugin {
    let matching = candidates.filter {
      $0.id == name || $0.path == name || $0.library == name || $0.path.hasSuffix("/" + name)
    }
    for candidate in matching where candidate.status == .loaded || candidate.status == .shadowed {
      if let plugin = plugins.first(where: { $0.id == candidate.id }) { return plugin }
    }
    if let refused = matching.first { throw refused.error }
    throw DMTError(
      .notFound, "plugin '\(name)' was not found in " + searchPath.places.map(\.path).joined(separator: ", "),
      remedy: Spelling.nearest(to: name, in: candidates.compactMap(\.id)).map { "did you mean '\($0)'?" }
        ?? "see `dmt plugin list --why`")
  }

  // MARK: The process

  /// Plugins that are in this process, by library; a library is initialized once.
  private static let resident = Mutex<[(library: String, plugin: LoadedPlugin)]>([])

  /// Opens and initializes a library, or gives the plugin that did so before.
  static func makeResident(_ libraries: PluginLibraries, services: HostServices) throws(DMTError) -> LoadedPlugin {
    let path = libraries.main.path
    if let known = resident.withLock({ $0.first { $0.library == path }?.plugin }) { return known }
    let entry = try libraries.entry()
    let plugin = try LoadedPlugin(entry: entry(), services: services, path: path, sha256: libraries.main.sha256)
    let isFirst = resident.withLock { list in
      list.append((path, plugin))
      return list.count == 1
    }
    if isFirst { atexit { PluginRegistry.shutdownAll() } }
    return plugin
  }

  /// Tells every plugin that the process ends, the last loaded first. Runs by itself at exit.
  public static func shutdownAll() {
    let list = resident.withLock { list in
      defer { list = [] }
      return list
    }
    for (_, plugin) in list.reversed() { plugin.shutdown() }
  }
}
