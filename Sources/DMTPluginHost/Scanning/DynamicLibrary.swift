package import CDMTPlugin
package import DMTCore
internal import Glibc

/// Opening a plugin's library, for good.
package enum DynamicLibrary {
  /// Opens the library and finds its entry point.
  ///
  /// It is never closed: the Swift runtime keeps pointers into every image it has seen, and closing one crashes the
  /// process later. RTLD_NODELETE holds even when something else closes it.
  ///
  /// - Throws: ``DMTError/Code/pluginRefused`` with the loader's own words, and the Debian package of a library that is
  ///   known to be the cause.
  package static func entry(of path: String) throws(DMTError) -> dmt_plugin_entry_function {
    guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
      let words = dlerror().map { String(cString: $0) } ?? "the loader does not say why"
      throw DMTError(.pluginRefused, "the library cannot be opened: \(words)", remedy: remedy(for: words))
    }
    guard let symbol = dlsym(handle, "dmt_plugin_entry") else {
      throw DMTError(
        .pluginRefused, "the library has no symbol dmt_plugin_entry, so it is no dmt plugin",
        remedy: "export dmt_plugin_entry (dmt/plugin.h); in Swift: @c @implementation public func dmt_plugin_entry()")
    }
    return unsafeBitCast(symbol, to: dmt_plugin_entry_function.self)
  }

  /// Libraries by the beginning of their names, and what brings them.
  private static let packages = [
    ("libopenblas", "apt-get install libopenblas0"), ("libdnnl", "apt-get install libdnnl2"),
    ("libmpi", "apt-get install libopenmpi3"), ("libgomp", "apt-get install libgomp1"),
    ("libswift", "install the Swift runtime, or link the plugin with -static-stdlib"),
    ("lib_Foundation", "install the Swift runtime, or link the plugin with -static-stdlib"),
    ("libFoundation", "install the Swift runtime, or link the plugin with -static-stdlib"),
  ]

  private static func remedy(for words: String) -> String? {
    if words.contains("cannot open shared object file"), let missing = words.split(separator: ":").first,
      !missing.contains("/")
    {
      for (name, action) in packages where missing.hasPrefix(name) { return action }
      return "install the package that has \(missing)"
    }
    if words.contains("undefined symbol") {
      return "link the plugin with all libraries it uses; a plugin imports nothing from dmt"
    }
    return nil
  }
}
