public import DMTCore

/// Writes tensors and texts in the safetensors format.
///
/// The same tensors and texts always give the same bytes: tensors are ordered by element size (largest first, so that
/// each one starts at a multiple of its own element size), then by name; texts by key.
public enum SafetensorsWriter {
  /// Writes a whole file to `descriptor` from its current position, without copying the tensors.
  ///
  /// - Parameter path: what the descriptor writes to, for messages.
  /// - Throws: ``DMTError/Code/invalidArgument`` for two tensors of one name, a reserved name, or bytes that do not fit
  ///   dtype and shape (nothing is written then); ``DMTError/Code/io`` when the system refuses a write.
  public static func write(
    _ tensors: [SafetensorsTensor], metadata: [String: String] = [:], to descriptor: Int32, path: String
  ) throws(DMTError) {
    let ordered = order(tensors)
    let header = try header(for: ordered, metadata: metadata, path: path)
    try write(header.withUnsafeBytes { SystemCalls.writeAll($0, to: descriptor) }, path: path)
    for tensor in ordered {
      try write(SystemCalls.writeAll(tensor.bytes, to: descriptor), path: path)
    }
  }

  private static func write(_ errorNumber: Int32, path: String) throws(DMTError) {
    guard errorNumber == 0 else {
      throw DMTError(
        .io, "cannot write the tensors: \(SystemCalls.message(errorNumber))", place: .init(file: path),
        remedy: "make room or choose another folder; what was there before is unchanged")
    }
  }

  private static func order(_ tensors: [SafetensorsTensor]) -> [SafetensorsTensor] {
    tensors.sorted { ($1.dtype.byteCount, $0.name) < ($0.dtype.byteCount, $1.name) }
  }

  /// Length field and header; the header is padded with blanks so that the tensors start at a multiple of 8.
  private static func header(
    for tensors: [SafetensorsTensor], metadata: [String: String], path: String
  ) throws(DMTError) -> [UInt8] {
    var text: [UInt8] = [UInt8(ascii: "{")]
    if !metadata.isEmpty {
      text += Array("\"__metadata__\":{".utf8)
      for (index, key) in metadata.keys.sorted().enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        appendQuoted(key, to: &text)
        text.append(UInt8(ascii: ":"))
        appendQuoted(metadata[key] ?? "", to: &text)
      }
      text.append(UInt8(ascii: "}"))
    }
    var names: Set<String> = []
    var offset = 0
    for tensor in tensors {
      guard tensor.name != "__metadata__", names.insert(tensor.name).inserted else {
        throw DMTError(
          .invalidArgument, "a safetensors file cannot hold a second tensor '\(tensor.name)'", place: .init(file: path))
      }
      let count = SafetensorsEntry.elementCount(of: tensor.shape)
      let size = count.map { $0.multipliedReportingOverflow(by: tensor.dtype.byteCount) }
      guard let size, !size.overflow, size.partialValue == tensor.bytes.count else {
        throw DMTError(
          .invalidArgument,
          "tensor '\(tensor.name)' has \(tensor.bytes.count) bytes, which is not \(tensor.dtype.rawValue) \(tensor.shape)",
          place: .init(file: path))
      }
      if text.count > 1 { text.append(UInt8(ascii: ",")) }
      appendQuoted(tensor.name, to: &text)
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      let end = offset + tensor.bytes.count
      text += Array(
        ":{\"dtype\":\"\(tensor.dtype.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}".utf8)
      offset = end
    }
    text.append(UInt8(ascii: "}"))
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    guard text.count <= SafetensorsFile.largestHeader else {
      throw DMTError(
        .unsupported,
        "the header would have \(text.count) bytes; the format allows \(SafetensorsFile.largestHeader)",
        place: .init(file: path))
    }
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
  }

  private static func appendQuoted(_ string: String, to text: inout [UInt8]) {
    text.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        text.append(UInt8(ascii: "\\"))
        text.append(byte)
      case 0..<0x20:
        let digits = Array("0123456789abcdef".utf8)
        text += Array("\\u00".utf8)
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
  }
}
