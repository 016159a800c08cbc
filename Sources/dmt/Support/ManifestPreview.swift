import DMTManifest
import DMTPluginHost
import Foundation

/// What has to be known of a manifest before it can be checked: the check needs the plugins, the plugins need the threads.
///
/// A manifest that cannot be read has neither; its errors are left to the check.
struct ManifestPreview {
  /// Libraries and folders in the `plugins` section, relative ones from here.
  private(set) var pluginFiles: [String] = []
  /// `train.threads`.
  private(set) var threads: Int?

  init(path: String?, overrides: [String]) {
    guard let path else { return }
    let text = try? String(contentsOfFile: path, encoding: .utf8)
    let root = text.flatMap { try? ManifestNode.parsed($0, file: path) }
    var names = root?["plugins"]?.elements ?? []
    threads = Self.threads(root?["train"]?["threads"])
    for override in overrides {
      guard let equals = override.firstIndex(of: "="),
        let value = try? ManifestNode.parsed(String(override[override.index(after: equals)...]), file: "--set")
      else { continue }
      let key = override[..<equals]
      if key == "train.threads" { threads = Self.threads(value) }
      if key == "plugins" { names = value.elements ?? [] }
      if key.hasPrefix("plugins.") { names.append(value) }
    }
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    pluginFiles = names.compactMap(\.scalar?.text).filter(Self.isFile).map { $0.hasPrefix("/") ? $0 : folder + $0 }
  }

  /// Whether a name in the `plugins` section is a file; else it is a plugin's id.
  static func isFile(_ name: String) -> Bool { name.contains("/") || name.hasSuffix(".so") }

  private static func threads(_ node: ManifestNode?) -> Int? {
    node?.scalar.flatMap { Int($0.text) }.flatMap { 1...ThreadPool.maximumThreads ~= $0 ? $0 : nil }
  }
}
