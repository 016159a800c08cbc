import DMTCore
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The columnar cache: one file a key, memory-mapped, written under a temporary name and renamed when it is whole.
struct DatasetCache {
  let folder: String
  /// 64 hex digits: the hash of contents and preprocessing.
  let fingerprint: String

  /// The cache file of this key.
  var path: String { "\(folder)/\(fingerprint.prefix(32)).samples" }

  private var key: [UInt8] {
    let digits = Array(fingerprint.utf8).map { $0 > 0x39 ? $0 - 0x57 : $0 - 0x30 }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  /// The image of an earlier run; nil when there is none, or when what is there cannot be used, which `warn` then hears.
  func load(denseCount: Int, warn: (String) -> Void) -> SampleImage? {
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
    } catch {
      if error as? Errno != .noSuchFileOrDirectory {
        warn("warning: the cache \(path) cannot be opened (\(error)); building it anew")
      }
      return nil
    }
    defer { try? file.close() }
    do {
      let size = try file.seek(offset: 0, from: .end)
      let memory = try MappedMemory.file(file, count: Int(size), writable: false)
      return try SampleImage(checking: memory, key: key, denseCount: denseCount)
    } catch let error as SampleImage.Damaged {
      warn("warning: the cache \(path) is damaged (\(error.reason)); building it anew")
    } catch {
      warn("warning: the cache \(path) cannot be read (\(error)); building it anew")
    }
    return nil
  }

  /// A file under construction: its pages are written through the mapping.
  private struct Draft {
    var file: FileDescriptor
    var name: String
    var memory: MappedMemory
  }

  /// Builds the image in a new cache file, or in memory when no file can be written, which `warn` then hears.
  func build(_ builder: SampleImageBuilder, splits: [SplitName], warn: (String) -> Void) throws(DMTError) -> SampleImage
  {
    var draft: Draft?
    var complaint: String?
    let image: SampleImage
    do throws(DMTError) {
      image = try builder.build(splits: splits) { (size) throws(DMTError) -> MappedMemory in
        do throws(Errno) {
          let started = try startDraft(size: size)
          draft = started
          return started.memory
        } catch {
          complaint = "\(error)"
          return try MappedMemory.anonymous(count: size)
        }
      }
    } catch {
      discard(draft)
      throw error
    }
    image.finish(key: key)
    if let draft {
      do throws(Errno) {
        try draft.memory.seal()
        try AtomicFile.sync(draft.file)
        try AtomicFile.rename(draft.name, to: path)
        try? draft.file.close()
      } catch {
        // The samples are in the mapping all the same; only the file's name goes.
        complaint = "\(error)"
        discard(draft)
      }
    }
    if let complaint {
      warn(
        "warning: no cache can be written to \(folder) (\(complaint)); going on in memory, the next run reads the data again"
      )
    }
    return image
  }

  private func startDraft(size: Int) throws(Errno) -> Draft {
    try AtomicFile.makeFolder(folder)
    let name = AtomicFile.temporaryName(for: path)
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(
        FilePath(name), .readWrite, options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: FilePermissions(rawValue: 0o644))
    } catch {
      throw error as? Errno ?? .ioError
    }
    do throws(Errno) {
      // Disk space is claimed now: a full disk found out while writing to the mapping would be a fatal signal.
      let result = posix_fallocate(file.rawValue, 0, off_t(size))
      guard result == 0 else { throw Errno(rawValue: result) }
      return Draft(file: file, name: name, memory: try MappedMemory.file(file, count: size, writable: true))
    } catch {
      try? file.close()
      unlink(name)
      throw error
    }
  }

  private func discard(_ draft: Draft?) {
    guard let draft else { return }
    try? draft.file.close()
    unlink(draft.name)
  }
}
