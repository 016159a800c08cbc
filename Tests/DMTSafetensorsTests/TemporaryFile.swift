import Foundation

/// A file in the system's temporary folder that is removed with this object.
final class TemporaryFile {
  let path: String

  init(_ bytes: [UInt8] = []) throws {
    path = NSTemporaryDirectory() + "dmt-safetensors-\(UUID().uuidString)"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  deinit { unlink(path) }

  func replace(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

  func contents() throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }
}

/// The bytes of a safetensors file with this header text and this many data bytes.
func file(header: String, dataBytes: Int = 0) -> [UInt8] {
  withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8)
    + [UInt8](repeating: 7, count: dataBytes)
}
