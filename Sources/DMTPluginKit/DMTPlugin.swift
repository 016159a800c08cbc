@_exported public import CDMTPlugin
@_exported public import DMTCore

/// A plugin: who it is and what it offers.
///
/// ```swift
/// import DMTPluginKit
///
/// enum MyPlugin: DMTPlugin {
///   static let id = "com.example.swish"
///   static let version = "1.0.0"
///   static let summary = "The swish activation."
///   static var components: [PluginComponent] { [.operator(Swish())] }
/// }
///
/// @c @implementation public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? { export(MyPlugin.self) }
/// ```
///
/// A process may scan a plugin without using it: nothing here may start a thread, open a file, read the environment or
/// print. ``initialize()`` is the place for that.
public protocol DMTPlugin {
  /// Reverse-DNS (`com.example.swish`) or, for the project's own, `dmt.NAME`; unique.
  static var id: String { get }
  /// Semantic version.
  static var version: String { get }
  /// One sentence.
  static var summary: String { get }
  /// Who makes it.
  static var vendor: String { get }
  /// SPDX expression.
  static var license: String { get }
  /// Where to read more.
  static var homepage: String { get }
  /// The lowest minor of the contract that a host must have.
  static var minimumHostMinor: UInt32 { get }
  /// What it offers; read once.
  static var components: [PluginComponent] { get }
  /// Called once before any component is used; ``PluginContext`` works from here on.
  static func initialize() throws(DMTError)
  /// Called once before the process ends.
  static func shutdown()
}

extension DMTPlugin {
  public static var vendor: String { "" }
  public static var license: String { "" }
  public static var homepage: String { "" }
  public static var minimumHostMinor: UInt32 { 0 }
  public static func initialize() throws(DMTError) {}
  public static func shutdown() {}
}
