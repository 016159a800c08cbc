package import DMTCore
import SystemPackage

/// Bytes that are read from start to end.
package protocol ByteSource: AnyObject {
  /// Fills the front of `memory` and returns how many bytes it wrote; 0 at the end.
  ///
  /// Reaching the end is also where a decompressor's exit is checked, so a truncated file never looks complete.
  func read(into memory: UnsafeMutableRawBufferPointer) throws(DMTError) -> Int
}

/// A file as it is.
final class FileSource: ByteSource {
  private let descriptor: FileDescriptor
  private let path: String

  init(path: String) throws(DMTError) {
    self.path = path
    do {
      descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
    } catch {
      throw InputFile.openError(path: path, reason: "\(error)")
    }
  }

  deinit { try? descriptor.close() }

  func read(into memory: UnsafeMutableRawBufferPointer) throws(DMTError) -> Int {
    do {
      return try descriptor.read(into: memory)
    } catch {
      throw DMTError(.io, "reading failed: \(error)", place: .init(file: path))
    }
  }
}

/// An input file: where it is, and how its bytes are had.
package enum InputFile {
  /// A decompressor and the Debian/Ubuntu package that brings it.
  package struct Tool: Sendable {
    package let name: String
    let package: String

    package init(name: String, package: String) {
      self.name = name
      self.package = package
    }
  }

  /// The decompressor that the file's name asks for, if any.
  package static func tool(for path: String) -> Tool? {
    if path.hasSuffix(".xz") { return Tool(name: "xz", package: "xz-utils") }
    if path.hasSuffix(".gz") { return Tool(name: "gzip", package: "gzip") }
    if path.hasSuffix(".zst") { return Tool(name: "zstd", package: "zstd") }
    return nil
  }

  /// `path`, or `path` in `folder` when it is relative.
  static func resolve(_ path: String, in folder: String) -> String {
    if path.hasPrefix("/") || folder.isEmpty { return path }
    return folder.hasSuffix("/") ? folder + path : folder + "/" + path
  }

  /// Opens the file, through its decompressor where the name ends in .xz, .gz or .zst.
  static func open(_ path: String) throws(DMTError) -> any ByteSource {
    guard let tool = tool(for: path) else { return try FileSource(path: path) }
    // Opened once in this process, so that a file that is not there is told apart from one that cannot be unpacked.
    _ = try FileSource(path: path)
    return try DecompressedSource(path: path, tool: tool)
  }

  static func openError(path: String, reason: String) -> DMTError {
    DMTError(
      .notFound, "the data file cannot be opened: \(reason)", place: .init(file: path),
      remedy: "check the path in the manifest's data section; relative paths start at the manifest's folder")
  }
}
