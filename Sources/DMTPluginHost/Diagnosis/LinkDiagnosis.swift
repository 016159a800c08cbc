internal import CDMTHostShims
internal import Glibc

/// What the system's loader will find wrong with a library, all of it, found in headers alone.
struct LinkDiagnosis {
  /// Libraries that are looked at, at most.
  private static let maximumCount = 512

  private let stated: [String]
  private let search: LibrarySearch
  /// Libraries that are needed, directly or not, by name; nil: nowhere to be found.
  private(set) var libraries: [String: String?] = [:]
  private(set) var findings: [Finding] = []

  /// - Parameters:
  ///   - headers: with symbols.
  ///   - path: the library, links resolved.
  ///   - stated: packages that the plugin's sidecar names for what it needs.
  init(_ headers: ELFFile, path: String, stated: [String] = [], search: LibrarySearch = .system) {
    self.stated = stated
    self.search = search
    var pending = [(path: path, headers: headers)]
    while let next = pending.popLast(), libraries.count < Self.maximumCount {
      for name in next.headers.needed where libraries[name] == nil {
        if let file = PluginLibraries.ofProgram[name] {
          libraries[name] = .some(file)
          continue
        }
        let found = search.find(name, for: next.headers, in: FilePermissions.parent(of: next.path))
        libraries[name] = .some(found?.path)
        if let found, let its = ELFFile(file: found.path) {
          pending.append((FoundPlugin.resolve(found.path) ?? found.path, its))
        } else {
          findings.append(missing(name, for: next.path))
        }
      }
      findVersions(next.headers, next.path)
    }
    if !findings.contains(where: { $0.kind == .missingLibrary || $0.kind == .missingSwiftRuntime }) {
      findSymbols(headers, path)
    }
  }

  private func missing(_ name: String, for path: String) -> Finding {
    let isSwift = KnownPackages.isSwiftRuntime(name)
    return Finding(
      isSwift ? .missingSwiftRuntime : .missingLibrary,
      "\(path) needs \(name), which is not on this machine"
        + (isSwift ? ": it belongs to the Swift runtime" : ""), remedy: PackageAdvice.remedy(for: name, stated: stated))
  }

  /// Versions of symbols that a library wants of those it needs.
  private mutating func findVersions(_ headers: ELFFile, _ path: String) {
    for need in headers.versionNeeds where !need.isWeak {
      guard let file = libraries[need.library] ?? nil, let its = ELFFile(file: file), !its.versionDefinitions.isEmpty,
        !its.versionDefinitions.contains(need.version)
      else { continue }
      let isGlibc = need.version.hasPrefix("GLIBC_")
      let family = need.version.prefix { $0 != "_" } + "_"
      let newest = its.versionDefinitions.filter { $0.hasPrefix(family) }
        .max { Self.numbers($0).lexicographicallyPrecedes(Self.numbers($1)) }
      let has = newest.map { "has up to \($0)" } ?? "has nothing of the kind"
      let system = String(cString: dmt_libc_version())
      findings.append(
        Finding(
          isGlibc ? .wrongGlibc : .missingVersion,
          "\(path) needs \(need.version) of \(need.library), \(file) \(has)"
            + (isGlibc ? "; this system's glibc is \(system)" : ""),
          remedy: isGlibc
            ? "build the plugin on a system whose glibc is \(system) or older, or use it on a newer system"
            : "install a newer \(KnownPackages.package(for: need.library) ?? need.library), or build the plugin here"))
    }
  }

  /// The numbers in a version's name, for comparing.
  static func numbers(_ version: String) -> [Int] {
    version.split { !$0.isNumber }.compactMap { Int($0) }
  }

  /// Symbols that nobody defines.
  private mutating func findSymbols(_ headers: ELFFile, _ path: String) {
    // What this program was started with is there for every plugin; dlsym asks the loader itself and runs no code.
    var missing = headers.imports.filter { dlsym(nil, $0) == nil }
    for (name, file) in libraries where !missing.isEmpty && PluginLibraries.ofProgram[name] == nil {
      guard let file, let bytes = try? OpenedLibrary(file), let its = try? bytes.headers(withSymbols: true) else {
        continue
      }
      let exports = Set(its.exports)
      missing.removeAll { exports.contains($0) }
    }
    guard !missing.isEmpty else { return }
    let isHost = missing.contains { $0.hasPrefix("dmt_") }
    findings.append(
      Finding(
        .undefinedSymbol,
        "\(path) takes \(missing.count == 1 ? "a symbol" : "\(missing.count) symbols") from nowhere: "
          + missing.prefix(5).joined(separator: ", ") + (missing.count > 5 ? ", .." : ""),
        remedy: isHost
          ? "a plugin imports nothing from dmt: the host's services come as a table (dmt/host.h)"
          : "link the plugin with the libraries that define them; -Wl,-z,defs makes the linker say so"))
  }
}
