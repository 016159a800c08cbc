internal import CDMTPlugin
package import DMTCore
internal import FoundationEssentials
internal import Glibc

/// Where plugins are looked for, in order.
public struct PluginSearchPath: Sendable {
  /// Why a place is searched.
  public enum Origin: String, Sendable, Codable, CaseIterable {
    /// Named on the command line or in the manifest.
    case explicit
    /// In DMT_PLUGIN_PATH.
    case environment
    /// `plugins` beside the running program, or `lib/dmt/plugins` beside the `bin` that it lies in.
    case executable
    /// `dmt/plugins` in the user's data folder.
    case user
    /// In the system's library folders.
    case system
  }

  /// A folder of plugins, a plugin's folder, or (explicit) a library.
  public struct Place: Sendable, Hashable {
    public var path: String
    public var origin: Origin
  }

  public var places: [Place]

  /// - Parameters:
  ///   - explicit: paths from the command line, then from the manifest.
  ///   - environment: the process's variables; ignored when it runs with more rights than its user.
  ///   - executable: the running program.
  public init(
    explicit: [String] = [], environment: [String: String]? = nil,
    executable: String = PluginSearchPath.executablePath, isPrivileged: Bool? = nil
  ) {
    let isPrivileged = isPrivileged ?? TrustedEnvironment.isPrivileged
    let environment = environment ?? TrustedEnvironment.variables(isPrivileged: isPrivileged)
    places = explicit.map { Place(path: $0, origin: .explicit) }
    func add(_ path: String, _ origin: Origin) {
      let place = Place(path: path, origin: origin)
      if !places.contains(where: { $0.path == path }) { places.append(place) }
    }
    if !isPrivileged, let list = environment["DMT_PLUGIN_PATH"] {
      for path in list.split(separator: ":") { add(String(path), .environment) }
    }
    if let slash = executable.lastIndex(of: "/") {
      let folder = executable[..<slash]
      add(folder + "/plugins", .executable)
      // `make install` puts bin/dmt beside lib/dmt, wherever the prefix is.
      if folder.hasSuffix("/bin") { add(folder.dropLast(4) + "/lib/dmt/plugins", .executable) }
    }
    if !isPrivileged, let data = UserFolder.data.path(in: environment) { add(data + "/dmt/plugins", .user) }
    add("/usr/local/lib/dmt/plugins", .system)
    add("/usr/lib/dmt/plugins", .system)
  }

  /// The running program, links resolved.
  public static var executablePath: String {
    FoundPlugin.resolve("/proc/self/exe") ?? CommandLine.arguments.first ?? "dmt"
  }
}

/// A place that may hold a plugin, before anything of it has been read.
struct FoundPlugin {
  var origin: PluginSearchPath.Origin
  /// The plugin's folder, with a sidecar; nil for a bare library.
  var folder: String?
  /// The bare library; nil for a folder.
  var library: String?
  /// The folder of plugins in which it was found; nil when it was named itself.
  var place: String?
  /// What is wrong with the place, when there is no plugin to read.
  var problem: DMTError?

  var path: String { folder ?? library ?? "" }
}

extension PluginSearchPath {
  /// All places in search order, folders sorted by name.
  func find() -> [FoundPlugin] {
    places.flatMap { place in find(place) }
  }

  private func find(_ place: Place) -> [FoundPlugin] {
    var isFolder = false
    guard Self.exists(place.path, isFolder: &isFolder) else {
      guard place.origin == .explicit else { return [] }
      return [
        FoundPlugin(
          origin: place.origin, library: place.path,
          problem: DMTError(
            .notFound, "there is no file or folder \(place.path)",
            remedy: "name a plugin's folder (with \(PluginSidecar.fileName)), a folder of such folders, or a .so"))
      ]
    }
    if !isFolder {
      // Outside explicit paths a library without a sidecar is not ours to run.
      return place.origin == .explicit || place.origin == .environment
        ? [FoundPlugin(origin: place.origin, library: place.path)] : []
    }
    if Self.exists(place.path + "/" + PluginSidecar.fileName) {
      return [FoundPlugin(origin: place.origin, folder: place.path)]
    }
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []).sorted()
    let found = names.filter { Self.exists(place.path + "/" + $0 + "/" + PluginSidecar.fileName) }
      .map { FoundPlugin(origin: place.origin, folder: place.path + "/" + $0, place: place.path) }
    if found.isEmpty, place.origin == .explicit {
      return [
        FoundPlugin(
          origin: place.origin, folder: place.path,
          problem: DMTError(
            .notFound, "folder \(place.path) holds no \(PluginSidecar.fileName), nor a folder with one",
            remedy: "name the plugin's folder or its .so"))
      ]
    }
    return found
  }

  /// The library of the one plugin that `path`, a library or a plugin's folder, names, for this CPU; its folder and its
  /// sidecar where there is one.
  ///
  /// - Throws: ``DMTError/Code/notFound`` when there is no such file, ``DMTError/Code/pluginRefused`` for a sidecar that
  ///   cannot be used.
  package static func plugin(
    at path: String
  ) throws(DMTError) -> (library: String, folder: String?, sidecar: PluginSidecar?) {
    let found = try one(at: path)
    guard let folder = found.folder else { return (FoundPlugin.resolve(path) ?? path, nil, nil) }
    let sidecar = try PluginSidecar(path: folder + "/" + PluginSidecar.fileName)
    let library = try found.open(named: try sidecar.library(for: .host).file, isSealed: false)
    return (library.path, folder, sidecar)
  }

  /// The one plugin that `path`, a library or a plugin's folder, names.
  ///
  /// - Throws: ``DMTError/Code/notFound`` when there is none, ``DMTError/Code/invalidArgument`` when there are several.
  static func one(at path: String) throws(DMTError) -> FoundPlugin {
    var search = PluginSearchPath(explicit: [path], environment: [:], executable: "")
    search.places.removeAll { $0.origin != .explicit }
    let all = search.find()
    guard let found = all.first else { throw DMTError(.notFound, "there is no plugin at \(path)") }
    guard all.count == 1 else {
      throw DMTError(
        .invalidArgument, "\(path) holds \(all.count) plugins, expected one", remedy: "name them: \(path)/*")
    }
    if let problem = found.problem { throw problem }
    return found
  }

  private static func exists(_ path: String) -> Bool {
    var isFolder = false
    return exists(path, isFolder: &isFolder)
  }

  private static func exists(_ path: String, isFolder: inout Bool) -> Bool {
    FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
  }
}

extension FoundPlugin {
  /// Opens the library inside a folder that a sidecar names, or the bare library.
  ///
  /// - Throws: ``DMTError/Code/pluginRefused`` for a path that leaves the folder, ``DMTError/Code/notFound`` when there
  ///   is no such file.
  func open(named name: String?, isSealed: Bool) throws(DMTError) -> OpenedLibrary {
    guard let folder, let name else { return try OpenedLibrary(path, isSealed: isSealed) }
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !name.isEmpty, !name.hasPrefix("/"), !parts.contains(".."), !name.contains("\0") else {
      throw DMTError(
        .pluginRefused, "its sidecar names library '\(name)', which leaves the plugin's folder",
        remedy: "name a file beside \(PluginSidecar.fileName)")
    }
    let path = folder + "/" + name
    guard Self.resolve(path) != nil, let root = Self.resolve(folder) else {
      throw DMTError(
        .notFound, "its sidecar names library '\(name)', and there is no \(path)", remedy: "build the plugin")
    }
    return try OpenedLibrary(path, within: root, isSealed: isSealed)
  }

  /// Checks who may change the plugin's files: the library, its sidecar, and the folders up to the plugin's own and the one
  /// that this was found in.
  ///
  /// - Throws: ``DMTError/Code/pluginRefused`` with the path and the `chmod` that helps.
  func checkPermissions(of library: OpenedLibrary, by permissions: FilePermissions) throws(DMTError) {
    guard let folder, let root = Self.resolve(folder) else {
      return try permissions.check(library.path, upTo: FilePermissions.parent(of: library.path))
    }
    if let sidecar = Self.resolve(folder + "/" + PluginSidecar.fileName) {
      try permissions.check(sidecar, upTo: FilePermissions.parent(of: sidecar))
    }
    try permissions.check(library.path, upTo: root)
    if let place, let resolved = Self.resolve(place) { try permissions.check(entry: folder, in: resolved) }
  }

  /// The path with links resolved; nil when there is no such file.
  static func resolve(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
