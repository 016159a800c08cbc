import DMTCore
import DMTTraining
import Foundation
import Testing

/// A folder in the system's temporary folder that is removed with this object.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "dmt-training-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The names in the folder, hidden ones too.
  func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
}

/// The bytes of a file.
func contents(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

/// The error that `body` throws, which must be a `DMTError`.
func error(_ body: () throws -> Void) throws -> DMTError {
  do {
    try body()
  } catch {
    return try #require(error as? DMTError)
  }
  throw DMTError(.internalError, "the call was expected to throw and did not")
}

/// Owns the memory of tensors, as a model would.
final class TensorStore {
  private var blocks: [UnsafeMutableRawBufferPointer] = []

  deinit { blocks.forEach { $0.deallocate() } }

  /// A tensor of these floats.
  func tensor(_ name: String, _ shape: [Int], _ values: [Float]) -> NamedTensor {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, values.count * 4), alignment: 64)
    values.withUnsafeBytes { block.copyMemory(from: $0) }
    blocks.append(block)
    return NamedTensor(
      name: name, dtype: .float32, shape: shape,
      bytes: UnsafeMutableRawBufferPointer(rebasing: block[0..<values.count * 4]))
  }
}

extension NamedTensor {
  /// The elements of a float32 tensor.
  var floats: [Float] { Array(bytes.bindMemory(to: Float.self)) }
}
