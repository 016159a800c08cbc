internal import CDMTPlugin
internal import DMTCore
internal import FoundationEssentials
internal import Synchronization

/// A plugin's library and those beside it that it needs, opened and checked, in the order in which they are loaded.
///
/// The loader finds a library's neighbours relative to its name, and a descriptor's name lies in no useful folder. So the
/// neighbours are opened here, by the same rules as the plugin, and loaded first; the loader then takes them by their
/// SONAME.
struct PluginLibraries: Sendable {
  /// The plugin's own library.
  let main: OpenedLibrary
  /// Libraries beside it, in the order in which they are loaded.
  private(set) var neighbours: [OpenedLibrary] = []
  /// Why it is trusted.
  let trust: String

  /// All of them, the plugin's own last.
  var all: [OpenedLibrary] { neighbours + [main] }

  /// Longest chain of libraries that need each other.
  private static let maximumDepth = 16

  /// - Parameters:
  ///   - main: the plugin's library.
  ///   - search: for its neighbours.
  /// - Throws: ``DMTError/Code/pluginRefused`` for a library that others can write, that is not trusted, or that the loader
  ///   would not find again.
  init(
    _ main: OpenedLibrary, policy: TrustPolicy, permissions: FilePermissions = FilePermissions(),
    search: LibrarySearch = .system
  ) throws(DMTError) {
    self.main = main
    trust = try policy.decide(main)
    // What is no library at all the scan says better.
    guard let headers = try? main.headers() else { return }
    try addNeighbours(of: main, headers, policy, permissions, search, depth: 0)
  }

  private mutating func addNeighbours(
    of library: OpenedLibrary, _ headers: ELFFile, _ policy: TrustPolicy, _ permissions: FilePermissions,
    _ search: LibrarySearch, depth: Int
  ) throws(DMTError) {
    guard headers.runpath.contains(where: { $0.contains("ORIGIN") }), depth < Self.maximumDepth else { return }
    for name in headers.needed where Self.ofProgram[name] == nil {
      guard let found = search.find(name, for: headers, in: FilePermissions.parent(of: library.path)),
        found.isBesidePlugin
      else { continue }
      let neighbour = try OpenedLibrary(found.path, isSealed: policy.wantsSealedCopy)
      guard !all.contains(where: { $0.path == neighbour.path }) else { continue }
      try permissions.check(neighbour.path, upTo: FilePermissions.parent(of: neighbour.path))
      _ = try policy.decide(neighbour)
      let its = try neighbour.headers()
      guard its.soname == name else {
        throw DMTError(
          .pluginRefused,
          "\(library.path) needs \(name), and \(neighbour.path) "
            + (its.soname.map { "calls itself \($0)" } ?? "has no SONAME"),
          remedy: "link \(name) with -Wl,-soname,\(name)")
      }
      try addNeighbours(of: neighbour, its, policy, permissions, search, depth: depth + 1)
      neighbours.append(neighbour)
    }
  }

  /// Libraries that the program itself was started with, and their files: the loader gives a plugin those and looks for no
  /// others.
  static let ofProgram: [String: String] = {
    let maps = FileManager.default.contents(atPath: "/proc/self/maps").map { String(decoding: $0, as: UTF8.self) } ?? ""
    let files = maps.split(separator: "\n").compactMap { line in line.firstIndex(of: "/").map { String(line[$0...]) } }
    return Dictionary(files.map { ($0.split(separator: "/").last.map(String.init) ?? $0, $0) }) { first, _ in first }
  }()

  /// Descriptors of what was opened in this process. They stay open: the loader knows the libraries by the numbers.
  private static let kept = Mutex<[OpenedLibrary.Handle]>([])

  /// Opens all of them in this process, for good, and finds the plugin's entry point.
  func entry() throws(DMTError) -> dmt_plugin_entry_function {
    Self.kept.withLock { $0 += all.map(\.handle) }
    for library in neighbours { try DynamicLibrary.open(library.descriptor, path: library.path) }
    return try DynamicLibrary.entry(of: main.descriptor, path: main.path)
  }
}
