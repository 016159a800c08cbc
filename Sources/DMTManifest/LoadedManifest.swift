import DMTCore
import Foundation

/// A manifest that passed every check, with the origin of each of its values.
public struct LoadedManifest: Sendable {
  /// The typed manifest.
  public var manifest: Manifest
  /// The effective tree: short forms written out, overrides applied, defaults filled in.
  public var tree: ManifestNode

  /// The effective manifest as YAML; loading it again gives the same manifest.
  ///
  /// - Parameters:
  ///   - withOrigins: every value is followed by a comment that says where it is from: `# FILE:LINE:COLUMN`, `# --set`,
  ///     `# default`.
  ///   - absolutePaths: paths that are relative to the manifest's folder are made absolute, so that the text may be
  ///     stored in another folder.
  public func effectiveYAML(withOrigins: Bool = false, absolutePaths: Bool = false) -> String {
    YAMLWriter.write(absolutePaths ? treeWithAbsolutePaths : tree, withOrigins: withOrigins)
  }

  private var treeWithAbsolutePaths: ManifestNode {
    var tree = tree
    for key in ["path", "valid_path", "test_path", "cache"] {
      tree.transform(["data", key]) { absolute($0) }
    }
    tree.transform(["data", "join"]) { joins in
      var joins = joins
      if case .sequence(var elements) = joins.content {
        for index in elements.indices { elements[index].transform(["path"]) { absolute($0) } }
        joins.content = .sequence(elements)
      }
      return joins
    }
    tree.transform(["plugins"]) { plugins in
      guard let elements = plugins.elements else { return plugins }
      // An id has no folder.
      return .list(
        elements.map { ($0.scalar?.text.contains("/") ?? false) ? absolute($0) : $0 }, origin: plugins.origin)
    }
    return tree
  }

  private func absolute(_ node: ManifestNode) -> ManifestNode {
    guard case .text(let path)? = node.scalar?.value else { return node }
    let resolved = manifest.resolved(path)
    let absolute = resolved.hasPrefix("/") ? resolved : FileManager.default.currentDirectoryPath + "/" + resolved
    return .text(absolute, origin: node.origin)
  }
}

extension Manifest {
  /// A path of the manifest, seen from the current folder: relative paths start at the manifest's own folder.
  public func resolved(_ path: String) -> String {
    guard !path.hasPrefix("/"), let slash = self.path.lastIndex(of: "/") else { return path }
    return self.path[...slash] + path
  }
}

extension ManifestNode {
  /// Changes the value at a path of keys; nothing happens when there is none.
  fileprivate mutating func transform(_ path: ArraySlice<String>, _ change: (ManifestNode) -> ManifestNode) {
    guard let key = path.first else {
      self = change(self)
      return
    }
    guard case .mapping(var entries) = content, let index = entries.firstIndex(where: { $0.key == key }) else { return }
    entries[index].value.transform(path.dropFirst(), change)
    content = .mapping(entries)
  }

  fileprivate mutating func transform(_ path: [String], _ change: (ManifestNode) -> ManifestNode) {
    transform(path[...], change)
  }
}
