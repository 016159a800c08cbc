internal import FoundationEssentials
internal import Glibc

/// Where the system's loader finds a library that another one needs.
struct LibrarySearch {
  /// Folders of LD_LIBRARY_PATH.
  private let variable: [String]
  /// What ldconfig knows: names to paths.
  private let cache: [String: String]

  /// As the loader of this process searches.
  static let system = LibrarySearch()

  init(environment: [String: String]? = nil, cachePath: String = "/etc/ld.so.cache") {
    // The loader too ignores the variable in a process with more rights than its user.
    let environment = environment ?? TrustedEnvironment.variables
    variable = (environment["LD_LIBRARY_PATH"] ?? "").split { $0 == ":" || $0 == ";" }.map(String.init)
    cache = Self.readCache(cachePath)
  }

  /// A library that was found.
  struct Found: Equatable {
    var path: String
    /// A RUNPATH led to it that is relative to the library that needs it.
    var isBesidePlugin = false
  }

  /// Finds `name` for a library with these headers, in the loader's order.
  ///
  /// - Parameter folder: where that library lies: `$ORIGIN`.
  func find(_ name: String, for headers: ELFFile, in folder: String) -> Found? {
    if name.contains("/") { return Self.isLibrary(name) ? Found(path: name) : nil }
    for place in variable where Self.isLibrary(place + "/" + name) { return Found(path: place + "/" + name) }
    for entry in headers.runpath {
      let place = Self.expand(entry, folder)
      if Self.isLibrary(place + "/" + name) {
        return Found(path: place + "/" + name, isBesidePlugin: place != entry)
      }
    }
    if let path = cache[name], Self.isLibrary(path) { return Found(path: path) }
    for place in Self.defaults where Self.isLibrary(place + "/" + name) { return Found(path: place + "/" + name) }
    return nil
  }

  /// A RUNPATH's folder with `$ORIGIN` replaced.
  private static func expand(_ entry: String, _ folder: String) -> String {
    var result = entry
    for token in ["${ORIGIN}", "$ORIGIN"] {
      while let range = result.firstRange(of: token) { result.replaceSubrange(range, with: folder) }
    }
    return result
  }

  private static var defaults: [String] {
    #if arch(x86_64)
      ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"]
    #else
      ["/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"]
    #endif
  }

  /// The loader passes over files of other machines.
  private static func isLibrary(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var head = [UInt8](repeating: 0, count: 20)
    guard pread(descriptor, &head, head.count, 0) == head.count else { return false }
    #if arch(x86_64)
      let machine: UInt8 = 62
    #else
      let machine: UInt8 = 183
    #endif
    return head.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) && head[18] == machine
  }

  // MARK: The cache of ldconfig

  private static let magic = Array("glibc-ld.so.cache1.1".utf8)

  private static func readCache(_ path: String) -> [String: String] {
    guard let data = FileManager.default.contents(atPath: path) else { return [:] }
    let reader = ELFReader(bytes: [UInt8](data), path: path)
    let bytes = reader.bytes
    // An older format may come first.
    guard let start = bytes.firstRange(of: magic)?.lowerBound,
      let count = reader.integer(UInt64(start + 20), as: UInt32.self)
    else { return [:] }
    #if arch(x86_64)
      let flags: UInt32 = 0x303
    #else
      let flags: UInt32 = 0xA03
    #endif
    var found: [String: String] = [:]
    for index in 0..<UInt64(min(count, 1 << 20)) {
      let at = UInt64(start) + 48 + 24 * index
      guard let kind = reader.integer(at, as: UInt32.self), let name = reader.integer(at + 4, as: UInt32.self),
        let value = reader.integer(at + 8, as: UInt32.self)
      else { break }
      guard kind == flags else { continue }
      let key = reader.string(UInt64(start), at: UInt64(name))
      // The first is what the loader prefers.
      if found[key] == nil { found[key] = reader.string(UInt64(start), at: UInt64(value)) }
    }
    return found
  }
}
