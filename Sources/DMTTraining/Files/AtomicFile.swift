package import DMTCore
import DMTSafetensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Replaces a file as a whole: whoever opens it, after a crash at whatever moment, finds the old contents or the new.
///
/// The new contents go to a temporary name in the same folder, are flushed to the device, take the old file's name, and
/// then the folder itself is flushed. Any failure before the rename removes the temporary file and leaves the old one as
/// it was.
package enum AtomicFile {
  /// Ends the names of temporary files, so that those a killed process left can be told.
  static let suffix = ".dmt-tmp"

  /// Replaces the file at `path` by what `body` writes to the descriptor it is given.
  ///
  /// - Throws: what `body` throws; ``DMTError/Code/io`` with the system's reason otherwise.
  package static func replace(_ path: String, _ body: (Int32) throws(DMTError) -> Void) throws(DMTError) {
    let (folder, name) = split(path)
    let temporary = "\(folder)/.\(name).\(getpid())\(suffix)"
    // A process of this number may have been killed here before.
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure("create", path, errno) }
    var isOpen = true
    do throws(DMTError) {
      try body(descriptor)
      guard fsync(descriptor) == 0 else { throw failure("flush", path, errno) }
      isOpen = false
      guard close(descriptor) == 0 else { throw failure("close", path, errno) }
      guard rename(temporary, path) == 0 else { throw failure("rename", path, errno) }
    } catch {
      if isOpen { close(descriptor) }
      unlink(temporary)
      throw error
    }
    try flushFolder(folder, path)
  }

  /// Replaces the file at `path` by `bytes`.
  package static func replace(_ path: String, with bytes: [UInt8]) throws(DMTError) {
    try replace(path) { (descriptor) throws(DMTError) in
      let number = bytes.withUnsafeBytes { SystemCalls.writeAll($0, to: descriptor) }
      guard number == 0 else { throw failure("write", path, number) }
    }
  }

  /// Removes the temporary files that killed processes left in `folder`.
  package static func removeLeftovers(in folder: String) {
    guard let listing = opendir(folder) else { return }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) { String(cString: $0) }
      }
      if name.hasPrefix("."), name.hasSuffix(suffix) { names.append(name) }
    }
    for name in names { unlink("\(folder)/\(name)") }
  }

  private static func flushFolder(_ folder: String, _ path: String) throws(DMTError) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open the folder of", path, errno) }
    defer { close(descriptor) }
    // Some file systems cannot flush a folder and say so; there is nothing more to be done on them.
    if fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP {
      throw failure("flush the folder of", path, errno)
    }
  }

  private static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let folder = path[..<slash]
    return (folder.isEmpty ? "/" : String(folder), String(path[path.index(after: slash)...]))
  }

  private static func failure(_ action: String, _ path: String, _ number: Int32) -> DMTError {
    DMTError(
      .io, "cannot \(action) the file: \(SystemCalls.message(number))", place: .init(file: path),
      remedy: "make room or choose another folder; what was there before is unchanged")
  }
}
