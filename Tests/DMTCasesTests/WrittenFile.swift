import DMTSafetensors
import Foundation

/// A safetensors file in the system's temporary folder that is removed with this object.
final class WrittenFile {
  enum Content {
    case floats([Float], [Int])
    case integers([Int64], [Int])
  }

  let path: String

  init(_ tensors: [(String, Content)], metadata: [String: String]) throws {
    path = NSTemporaryDirectory() + "dmt-case-\(UUID().uuidString).safetensors"
    var buffers: [UnsafeMutableRawBufferPointer] = []
    defer { for buffer in buffers { buffer.deallocate() } }
    func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
      buffer.copyMemory(from: bytes)
      buffers.append(buffer)
      return UnsafeRawBufferPointer(buffer)
    }
    let list = tensors.map { name, content in
      switch content {
      case .floats(let values, let shape):
        SafetensorsTensor(name: name, dtype: .f32, shape: shape, bytes: values.withUnsafeBytes(copy))
      case .integers(let values, let shape):
        SafetensorsTensor(name: name, dtype: .i64, shape: shape, bytes: values.withUnsafeBytes(copy))
      }
    }
    try Data().write(to: URL(filePath: path))
    let handle = try FileHandle(forWritingTo: URL(filePath: path))
    defer { try? handle.close() }
    try SafetensorsWriter.write(list, metadata: metadata, to: handle.fileDescriptor, path: path)
  }

  deinit { unlink(path) }
}
