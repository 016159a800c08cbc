internal import CDMTHostShims
internal import DMTCore
internal import Glibc

/// A library that was opened once: what is checked, scanned and loaded is this descriptor, whatever its name comes to mean
/// meanwhile.
final class OpenedLibrary: Sendable {
  typealias Handle = Descriptor

  /// More than any library has; larger files are not read.
  private static let maximumSize = 2 << 30

  /// Where the file was when it was opened, links resolved.
  let path: String
  /// SHA-256 of ``bytes``, in hexadecimal.
  let sha256: String
  /// The file's contents.
  let bytes: [UInt8]
  /// Keeps the descriptor open, without the contents.
  let handle: Handle
  /// Open as long as ``handle`` lives.
  var descriptor: Int32 { handle.number }

  /// Opens and reads a library.
  ///
  /// - Parameters:
  ///   - folder: what the file has to lie in, links resolved; nil: anywhere.
  ///   - isSealed: keep a copy in memory that nobody can change, instead of the file.
  /// - Throws: ``DMTError/Code/pluginRefused`` when there is no such file, it is none, or lies outside of the folder.
  init(_ name: String, within folder: String? = nil, isSealed: Bool = false) throws(DMTError) {
    // Not blocking: opening a pipe would wait for its writer.
    let file = try Handle(open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
      DMTError(
        .pluginRefused, "\(name) cannot be read: \($0)", remedy: "make it readable for this user, or install it again")
    }
    var status = stat()
    guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw DMTError(.pluginRefused, "\(name) is no regular file", remedy: "name the built .so")
    }
    guard status.st_size <= Self.maximumSize else {
      throw DMTError(.pluginRefused, "\(name) has \(status.st_size) bytes, more than any library")
    }
    guard let resolved = Self.target(of: file.number) else {
      throw DMTError(
        .pluginRefused, "/proc/self/fd is not there, and libraries are opened through it",
        remedy: "mount /proc: mount -t proc proc /proc")
    }
    if let folder, !resolved.hasPrefix(folder == "/" ? "/" : folder + "/") {
      throw DMTError(
        .pluginRefused, "its library '\(name)' is a link to \(resolved), which lies outside the plugin's folder",
        remedy: "copy the library into the folder")
    }
    bytes = try Self.read(file.number, size: Int(status.st_size), name)
    path = resolved
    sha256 = SHA256Text.hash(of: bytes)
    if isSealed {
      // What a debugger and the report of a crash show; the system takes 249 bytes.
      let label = String(resolved.split(separator: "/").last?.suffix(60) ?? "dmt-plugin")
      let copy = bytes.withUnsafeBytes { dmt_sealed_copy(label, $0.baseAddress, Int64($0.count)) }
      handle = try Handle(copy) {
        DMTError(.pluginRefused, "\(name) cannot be copied into sealed memory: \($0)", remedy: "free some memory")
      }
    } else {
      handle = file
    }
  }

  /// The file's headers.
  ///
  /// - Throws: ``DMTError/Code/pluginRefused`` when it is no library.
  func headers(withSymbols: Bool = false) throws(DMTError) -> ELFFile {
    try ELFFile(bytes, path: path, withSymbols: withSymbols)
  }

  /// The descriptor's place in the folder of descriptors, by which the loader opens it.
  ///
  /// With the process's number instead of `self`, so that a debugger, another process, finds the file too.
  static func alias(of descriptor: Int32) -> String {
    "/proc/\(link("/proc/self") ?? "self")/fd/\(descriptor)"
  }

  /// What an open descriptor stands for; nil without /proc.
  private static func target(of descriptor: Int32) -> String? { link("/proc/self/fd/\(descriptor)") }

  private static func link(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count)
    guard count > 0 else { return nil }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func read(_ descriptor: Int32, size: Int, _ name: String) throws(DMTError) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let got = pread(descriptor, buffer.baseAddress?.advanced(by: count), size - count, count)
        if got < 0 && errno == EINTR { continue }
        if got < 0 { failure = errno }
        if got <= 0 { return }
        count += got
      }
    }
    guard failure == 0 else {
      throw DMTError(.pluginRefused, "\(name) cannot be read: \(String(cString: strerror(failure)))")
    }
    return bytes
  }
}

/// Owns a descriptor.
final class Descriptor: Sendable {
  let number: Int32

  /// - Parameter failure: what to throw for -1; gets the system's words.
  init(_ number: Int32, _ failure: (String) -> DMTError) throws(DMTError) {
    guard number >= 0 else { throw failure(String(cString: strerror(errno))) }
    // The first three have a meaning in every child.
    let moved = number < 3 ? dmt_duplicate(number, 3) : number
    if moved != number { close(number) }
    guard moved >= 0 else { throw failure(String(cString: strerror(errno))) }
    self.number = moved
  }

  deinit { close(number) }
}
