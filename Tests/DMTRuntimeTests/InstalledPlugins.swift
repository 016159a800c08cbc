import CDMTPlugin
import DMTCore
import DMTPluginHost
import DMTRuntime
import Foundation
import Logging

/// The plugins that `make` has built, for tests of what the runtime does with them.
enum InstalledPlugins {
  /// The folder of plugin folders: `DMT_TEST_PLUGINS`, else bin/plugins of this package.
  static var folder: String {
    if let stated = ProcessInfo.processInfo.environment["DMT_TEST_PLUGINS"], !stated.isEmpty { return stated }
    return URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "bin/plugins").path
  }

  /// Whether every one of the plugins was built.
  static func has(_ names: [String]) -> Bool {
    names.allSatisfy { FileManager.default.fileExists(atPath: "\(folder)/\($0)/\(PluginSidecar.fileName)") }
  }

  /// What was built of these, on a pool of `threads` threads, beside the built-in components.
  static func components(_ names: [String], threads: Int) throws -> Components {
    let services = HostServices(pool: try ThreadPool(threads: threads), logger: Logger(label: "test"))
    var result = Components.builtin
    for name in names {
      let sidecar = try PluginSidecar(path: "\(folder)/\(name)/\(PluginSidecar.fileName)")
      let library = "\(folder)/\(name)/\(try sidecar.library(for: .host).file)"
      guard let handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE),
        let symbol = dlsym(handle, "dmt_plugin_entry")
      else { throw DMTError(.pluginRefused, String(cString: dlerror())) }
      let entry = unsafeBitCast(symbol, to: (@convention(c) () -> UnsafePointer<dmt_plugin>?).self)
      let plugin = try LoadedPlugin(entry: entry(), services: services, path: library)
      result = result.adding(
        Components(
          operators: plugin.operators, modules: plugin.modules, backends: plugin.backends,
          embeddings: plugin.embeddings, updates: plugin.updates))
    }
    return result
  }
}
