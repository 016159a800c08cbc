import DMTCore
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A block of memory from mmap: a file's pages, or anonymous ones.
final class MappedMemory: @unchecked Sendable {
  private let base: UnsafeMutableRawPointer
  /// Bytes of the block.
  let count: Int

  private init(base: UnsafeMutableRawPointer, count: Int) {
    self.base = base
    self.count = count
  }

  deinit { munmap(base, max(count, 1)) }

  /// The block for reading.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// The block for writing; only its maker uses it, before anybody else sees the block.
  var mutableBytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base, count: count) }

  /// Zeroed memory of its own, without a file.
  static func anonymous(count: Int) throws(DMTError) -> MappedMemory {
    guard let base = map(count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1) else {
      throw DMTError(.io, "no memory for \(count) bytes of samples: \(Errno(rawValue: errno))")
    }
    return MappedMemory(base: base, count: count)
  }

  /// The pages of an open file, for reading; with `writable`, what is written goes to the file.
  static func file(_ descriptor: FileDescriptor, count: Int, writable: Bool) throws(Errno) -> MappedMemory {
    let protection = writable ? PROT_READ | PROT_WRITE : PROT_READ
    guard let base = map(count, protection, MAP_SHARED, descriptor.rawValue) else { throw Errno(rawValue: errno) }
    return MappedMemory(base: base, count: count)
  }

  /// Ends writing: what was written is on disk, and the block is read-only from now on.
  func seal() throws(Errno) {
    guard msync(base, max(count, 1), MS_SYNC) == 0 else { throw Errno(rawValue: errno) }
    guard mprotect(base, max(count, 1), PROT_READ) == 0 else { throw Errno(rawValue: errno) }
  }

  private static func map(_ count: Int, _ protection: Int32, _ flags: Int32, _ file: Int32) -> UnsafeMutableRawPointer?
  {
    let address = mmap(nil, max(count, 1), protection, flags, file, 0)
    return address == MAP_FAILED ? nil : address
  }
}
