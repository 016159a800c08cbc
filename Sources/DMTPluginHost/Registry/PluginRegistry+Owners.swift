public import DMTCore

extension PluginRegistry {
  /// The id of the plugin whose component of this kind and name is used; nil when none of a plugin is.
  ///
  /// - Parameter kind: as in a descriptor: `backend`, `module`, ..
  public func owner(of kind: String, _ name: String) -> String? {
    switch kind {
    case "backend": backends[name]?.plugin
    case "operator": operators[name]?.plugin
    case "module": modules[name]?.plugin
    case "embedding": embeddings[name]?.plugin
    case "update": updates[name]?.plugin
    case "partitioner": partitioners[name]?.plugin
    case "sharding": strategies[name]?.plugin
    case "interconnect": interconnects[name]?.plugin
    case "reader": readers[name]?.plugin
    case "optimizer": optimizers[name]?.plugin
    default: nil
    }
  }

  /// A plugin in this version, loaded beside another version that comes first in the search order where need be.
  ///
  /// - Throws: ``DMTError/Code/notFound`` with the versions that were found; why it cannot be loaded.
  public func version(_ version: String, ofPlugin id: String) throws(DMTError) -> LoadedPlugin {
    let known = candidates.filter { $0.id == id }
    let wanted = known.filter { $0.version == version }
    for candidate in wanted where candidate.status == .loaded || candidate.status == .shadowed {
      guard let found = searchPath.find().first(where: { $0.path == candidate.path }) else { continue }
      let chosen = try ChosenLibrary(found, cpu: services.cpu, policy: trust)
      let plugin = try PluginRegistry.makeResident(chosen.libraries, services: services)
      for backend in plugin.backends where backend.probe.score > 0 { try backend.setThreads(services.pool.threadCount) }
      return plugin
    }
    if let refused = wanted.first { throw refused.error }
    guard !known.isEmpty else {
      throw DMTError(
        .notFound, "plugin '\(id)' is not here",
        remedy: Spelling.suggestion(for: id, in: candidates.compactMap(\.id))
          + "; `dmt plugin list --why` shows where was looked")
    }
    throw DMTError(
      .notFound, "plugin '\(id)' is not here in version \(version)",
      remedy: "there is " + known.compactMap(\.version).joined(separator: ", ")
        + "; name another folder with --plugin or DMT_PLUGIN_PATH")
  }
}
