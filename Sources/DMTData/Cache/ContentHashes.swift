import Crypto
import DMTCore
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// SHA-256 of input files, remembered beside the cache so that an unchanged file is read once.
///
/// A file counts as unchanged while its path, size, inode and times of change are; a file touched in the last two
/// seconds is not remembered, because a further change might leave its times as they are.
struct ContentHashes {
  private let memoPath: String
  private var memo: [String: String] = [:]
  private var isChanged = false

  /// - Parameter folder: where the memo lies; it may be missing or unwritable.
  init(folder: String) {
    memoPath = folder + "/content-hashes"
    guard let bytes = try? Self.readAll(memoPath, limit: 1 << 24) else { return }
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      // The hash comes first: a path may hold anything but a line end.
      let parts = line.split(separator: " ", maxSplits: 1)
      if parts.count == 2, parts[0].count == 64 { memo[String(parts[1])] = String(parts[0]) }
    }
  }

  /// The hash of a file's bytes as they are on disk, as 64 hex digits.
  mutating func hash(of path: String) throws(DMTError) -> String {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw InputFile.openError(path: path, reason: "\(Errno(rawValue: errno))")
    }
    let identity =
      "\(status.st_size) \(status.st_ino) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) "
      + "\(status.st_ctim.tv_sec).\(status.st_ctim.tv_nsec) \(path)"
    if let known = memo[identity] { return known }
    let hash = try Self.contentHash(path)
    if time(nil) - status.st_mtim.tv_sec > 2, time(nil) - status.st_ctim.tv_sec > 2, !path.contains("\n") {
      memo[identity] = hash
      isChanged = true
    }
    return hash
  }

  /// Writes the memo; where that is not possible, files are hashed again next time.
  func save() {
    guard isChanged else { return }
    let text = memo.map { "\($0.value) \($0.key)" }.sorted().joined(separator: "\n") + "\n"
    _ = try? AtomicFile.write(Array(text.utf8), to: memoPath)
  }

  /// SHA-256 of bytes, as 64 hex digits.
  static func hash(_ bytes: [UInt8]) -> String { SHA256.hash(data: bytes).hexadecimal }

  private static func contentHash(_ path: String) throws(DMTError) -> String {
    let source = try FileSource(path: path)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { buffer.deallocate() }
    var hasher = SHA256()
    while true {
      let count = try source.read(into: buffer)
      if count == 0 { break }
      hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    return hasher.finalize().hexadecimal
  }

  private static func readAll(_ path: String, limit: Int) throws(DMTError) -> [UInt8] {
    let source = try FileSource(path: path)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { buffer.deallocate() }
    var bytes: [UInt8] = []
    while bytes.count < limit {
      let count = try source.read(into: buffer)
      if count == 0 { break }
      bytes.append(contentsOf: buffer[..<count])
    }
    return bytes
  }
}

/// Files that appear whole or not at all: written under a name of their own, synced, renamed.
enum AtomicFile {
  /// A name beside `path` that no other writer uses.
  static func temporaryName(for path: String) -> String {
    "\(path).\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
  }

  /// Writes `bytes` to `path`.
  static func write(_ bytes: [UInt8], to path: String) throws {
    let temporary = temporaryName(for: path)
    let file = try FileDescriptor.open(
      FilePath(temporary), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
      permissions: FilePermissions(rawValue: 0o644))
    do {
      try file.closeAfter {
        try file.writeAll(bytes)
        try sync(file)
      }
      try rename(temporary, to: path)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Waits until the file's bytes are on disk.
  static func sync(_ file: FileDescriptor) throws(Errno) {
    guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
  }

  /// Gives the file its final name, replacing what had it.
  static func rename(_ temporary: String, to path: String) throws(Errno) {
    #if canImport(Glibc)
      let result = Glibc.rename(temporary, path)
    #elseif canImport(Musl)
      let result = Musl.rename(temporary, path)
    #else
      let result = Darwin.rename(temporary, path)
    #endif
    guard result == 0 else { throw Errno(rawValue: errno) }
    // The folder's entry is on disk too; where a folder cannot be synced, the rename is still atomic.
    let folder = FilePath(path).removingLastComponent()
    if let descriptor = try? FileDescriptor.open(folder.isEmpty ? "." : folder, .readOnly, options: .closeOnExec) {
      _ = fsync(descriptor.rawValue)
      try? descriptor.close()
    }
  }

  /// Makes a folder and those above it.
  static func makeFolder(_ path: String) throws(Errno) {
    var current = FilePath(path)
    var missing: [FilePath] = []
    while !current.isEmpty, access(current.string, F_OK) != 0 {
      missing.append(current)
      let parent = current.removingLastComponent()
      if parent == current { break }
      current = parent
    }
    for folder in missing.reversed() where mkdir(folder.string, 0o755) != 0 && errno != EEXIST {
      throw Errno(rawValue: errno)
    }
  }
}
