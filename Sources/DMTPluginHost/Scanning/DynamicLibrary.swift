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
    try entry(in: try handle(path, named: path))
  }

  /// The same, of the file behind a descriptor.
  ///
  /// The descriptor stays open as long as the library is in use: the loader knows libraries by name, and would take another
  /// file that gets the same number for this one.
  ///
  /// - Parameter path: the file's name, for messages.
  static func entry(of descriptor: Int32, path: String) throws(DMTError) -> dmt_plugin_entry_function {
    try entry(in: try open(descriptor, path: path))
  }

  /// Opens the library behind a descriptor.
  @discardableResult
  static func open(_ descriptor: Int32, path: String) throws(DMTError) -> UnsafeMutableRawPointer {
    try handle(OpenedLibrary.alias(of: descriptor), named: path)
  }

  private static func handle(_ name: String, named path: String) throws(DMTError) -> UnsafeMutableRawPointer {
    if let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) { return handle }
    var words = dlerror().map { String(cString: $0) } ?? "the loader does not say why"
    if name != path, let range = words.firstRange(of: name) { words.replaceSubrange(range, with: path) }
    throw DMTError(.pluginRefused, "the library cannot be opened: \(words)", remedy: remedy(for: words))
  }

  private static func entry(in handle: UnsafeMutableRawPointer) throws(DMTError) -> dmt_plugin_entry_function {
    guard let symbol = dlsym(handle, "dmt_plugin_entry") else {
      throw DMTError(
        .pluginRefused, "the library has no symbol dmt_plugin_entry, so it is no dmt plugin",
        remedy: "export dmt_plugin_entry (dmt/plugin.h); in Swift: @c @implementation public func dmt_plugin_entry()")
    }
    return unsafeBitCast(symbol, to: dmt_plugin_entry_function.self)
  }

  private static func remedy(for words: String) -> String? {
    if words.contains("cannot open shared object file"), let missing = words.split(separator: ":").first,
      !missing.contains("/")
    {
      return KnownPackages.remedy(for: String(missing)) ?? "install the package that has \(missing)"
    }
    if words.contains("undefined symbol") {
      return "link the plugin with all libraries it uses; a plugin imports nothing from dmt"
    }
    return nil
  }
}
