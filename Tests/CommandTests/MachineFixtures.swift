import Foundation
import Testing

/// Runs without a backend asked for by name, so that the manifest, a profile or a score decides.
func freely(
  _ arguments: [String], in workspace: Workspace, _ environment: [String: String] = [:]
) throws -> Command.Result {
  try Command.run(arguments, in: workspace, environment: ["DMT_BACKEND": ""].merging(environment) { $1 })
}

extension Workspace {
  /// The manifest with backends of the tests in its order, `m.yaml` otherwise.
  func writeManifest(_ name: String, backends: [String]) throws {
    try write(name, Self.manifest + "backends: [\(backends.joined(separator: ", "))]\n")
  }

  /// A plugin of Tests/Fixtures/Plugins/crooked.c.
  @discardableResult
  func buildBackend(
    _ name: String, defect: Int = 0, version: String = "1.0.0", id: String? = nil, backend: String? = nil
  ) throws -> String {
    try PluginTests.build(
      "crooked", as: name,
      [
        "DEFECT=\(defect)", "FIXTURE_ID=\"\(id ?? "com.example.\(name)")\"", "FIXTURE_VERSION=\"\(version)\"",
        "BACKEND=\"\(backend ?? name)\"",
      ], in: self)
  }
}

/// The plugins with kernels that were built here.
enum KernelPlugins {
  static let folder =
    ProcessInfo.processInfo.environment["DMT_TEST_PLUGINS"].flatMap { $0.isEmpty ? nil : $0 }
    ?? Command.repository + "/bin/plugins"

  static func areBuilt(_ names: String...) -> Bool {
    names.allSatisfy { FileManager.default.fileExists(atPath: "\(folder)/\($0)/plugin.json") }
  }
}
