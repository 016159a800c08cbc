internal import Glibc

/// What the libraries that a plugin needs are like, to notice that one was installed, updated or removed.
enum DependencyStates {
  /// More libraries than any plugin needs.
  private static let maximumCount = 512

  /// Each library that `library` needs, and that those need in turn: its path, size and time of change, or `missing`.
  static func of(_ library: OpenedLibrary) -> [String: String] {
    guard let headers = try? library.headers() else { return [:] }
    let search = LibrarySearch.system
    var states: [String: String] = [:]
    var pending = [(headers: headers, folder: FilePermissions.parent(of: library.path))]
    while let next = pending.popLast(), states.count < maximumCount {
      for name in next.headers.needed where states[name] == nil {
        guard let found = search.find(name, for: next.headers, in: next.folder) else {
          states[name] = "missing"
          continue
        }
        var status = stat()
        guard stat(found.path, &status) == 0 else {
          states[name] = "missing"
          continue
        }
        states[name] = "\(found.path) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
        if let its = ELFFile(file: found.path) {
          pending.append((its, FilePermissions.parent(of: FoundPlugin.resolve(found.path) ?? found.path)))
        }
      }
    }
    return states
  }
}
