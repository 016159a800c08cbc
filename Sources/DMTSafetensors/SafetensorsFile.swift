public import DMTCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A safetensors file, mapped into memory and checked before anything of it is handed out.
///
/// Layout: 8 bytes header length (little-endian), the header (a JSON object: tensor name -> dtype, shape, data_offsets;
/// `__metadata__` -> texts), the tensors' bytes without holes. The file must not be changed in place while it is open;
/// replacing it by a rename, as this project's writers do, is fine.
public final class SafetensorsFile: @unchecked Sendable {
  /// The path as it was given.
  public let path: String
  /// The texts under `__metadata__`.
  public let metadata: [String: String]
  /// The tensors, sorted by name.
  public let entries: [SafetensorsEntry]

  /// Headers past this are refused, as the format's own reader does.
  static let largestHeader = 100_000_000

  private let mapping: UnsafeRawBufferPointer
  private let dataStart: Int
  private let indices: [String: Int]

  /// Maps and checks the file at `path`.
  ///
  /// - Throws: ``DMTError/Code/notFound`` when there is none, ``DMTError/Code/io`` when it cannot be read,
  ///   ``DMTError/Code/invalidData`` when the header is malformed, or dtype, shape and bytes of a tensor disagree, or
  ///   tensors overlap, leave holes or pass the end of the file.
  public init(path: String) throws(DMTError) {
    let mapping = try Self.map(path)
    do {
      let dataStart = try Self.dataStart(of: mapping, path: path)
      let header = UnsafeRawBufferPointer(rebasing: mapping[8..<dataStart])
      var parser = SafetensorsHeaderParser(bytes: header, path: path)
      let (raw, metadata) = try parser.parse()
      let entries = try Self.checked(raw, dataSize: mapping.count - dataStart, path: path)
      self.path = path
      self.metadata = metadata
      self.entries = entries.sorted { $0.name < $1.name }
      self.mapping = mapping
      self.dataStart = dataStart
      self.indices = Dictionary(
        uniqueKeysWithValues: self.entries.enumerated().map { ($0.element.name, $0.offset) })
    } catch {
      Self.unmap(mapping)
      throw error
    }
  }

  deinit { Self.unmap(mapping) }

  /// The tensor called `name`, or nil.
  public subscript(name: String) -> SafetensorsEntry? { indices[name].map { entries[$0] } }

  /// The tensor called `name`.
  ///
  /// - Throws: ``DMTError/Code/notFound`` with the nearest name that is there.
  public func entry(_ name: String) throws(DMTError) -> SafetensorsEntry {
    if let entry = self[name] { return entry }
    throw DMTError(
      .notFound, "the file holds no tensor '\(name)'", place: .init(file: path),
      remedy: Spelling.suggestion(for: name, in: entries.map(\.name)))
  }

  /// Calls `body` with the bytes of the tensor called `name`; they may lie at any alignment and are valid in `body` only.
  public func withBytes<Result>(
    of name: String, _ body: (UnsafeRawBufferPointer) throws(DMTError) -> Result
  ) throws(DMTError) -> Result {
    try body(bytes(of: try entry(name)))
  }

  /// Copies the bytes of the tensor called `name` to `destination`, which must be exactly as large.
  ///
  /// - Throws: ``DMTError/Code/notFound``, or ``DMTError/Code/shapeMismatch`` when the sizes differ.
  public func copy(_ name: String, to destination: UnsafeMutableRawBufferPointer) throws(DMTError) {
    let source = bytes(of: try entry(name))
    guard source.count == destination.count else {
      throw DMTError(
        .shapeMismatch, "tensor '\(name)' has \(source.count) bytes, expected \(destination.count)",
        place: .init(file: path))
    }
    destination.copyMemory(from: source)
  }

  /// The bytes of `entry`, valid as long as this object; `entry` must be one of ``entries``.
  func bytes(of entry: SafetensorsEntry) -> UnsafeRawBufferPointer {
    let range = entry.byteRange
    return UnsafeRawBufferPointer(rebasing: mapping[dataStart + range.lowerBound..<dataStart + range.upperBound])
  }
}

extension SafetensorsFile {
  private static func map(_ path: String) throws(DMTError) -> UnsafeRawBufferPointer {
    let place = DMTError.Place(file: path)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let number = errno
      throw DMTError(
        number == ENOENT ? .notFound : .io, "cannot open the safetensors file: \(SystemCalls.message(number))",
        place: place)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw DMTError(.io, "cannot examine the safetensors file: \(SystemCalls.message(errno))", place: place)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw DMTError(.invalidArgument, "this is not a regular file", place: place)
    }
    let size = Int(status.st_size)
    guard size >= 10 else {
      throw DMTError(
        .invalidData, "the file has \(size) bytes, a safetensors file has at least 10", place: place,
        remedy: "the file is damaged or is no safetensors file; make or copy it again")
    }
    guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw DMTError(.io, "cannot map the safetensors file: \(SystemCalls.message(errno))", place: place)
    }
    return UnsafeRawBufferPointer(start: start, count: size)
  }

  private static func unmap(_ mapping: UnsafeRawBufferPointer) {
    munmap(UnsafeMutableRawPointer(mutating: mapping.baseAddress), mapping.count)
  }

  private static func dataStart(of mapping: UnsafeRawBufferPointer, path: String) throws(DMTError) -> Int {
    let length = UInt64(littleEndian: mapping.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
    let room = min(mapping.count - 8, largestHeader)
    guard length <= UInt64(room) else {
      throw DMTError(
        .invalidData, "the header is said to have \(length) bytes, the file has room for \(room)",
        place: .init(file: path), remedy: "the file is cut off or is no safetensors file; make or copy it again")
    }
    return 8 + Int(length)
  }

  /// The entries with their dtypes known and their offsets in range, in agreement with the shapes, and without holes.
  private static func checked(
    _ raw: [SafetensorsHeaderParser.RawEntry], dataSize: Int, path: String
  ) throws(DMTError) -> [SafetensorsEntry] {
    func failure(_ message: String) -> DMTError {
      DMTError(
        .invalidData, message, place: .init(file: path),
        remedy: "the file is damaged or cut off; make or copy it again")
    }
    var next = 0
    var entries: [SafetensorsEntry] = []
    entries.reserveCapacity(raw.count)
    for tensor in raw.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      guard let dtype = SafetensorsDType(rawValue: tensor.dtype) else {
        throw DMTError(
          .unsupported, "tensor '\(tensor.name)' has the unknown dtype '\(tensor.dtype)'", place: .init(file: path),
          remedy: Spelling.suggestion(for: tensor.dtype, in: SafetensorsDType.allCases.map(\.rawValue)))
      }
      guard tensor.begin <= tensor.end, tensor.end <= dataSize else {
        throw failure(
          "tensor '\(tensor.name)' lies at bytes \(tensor.begin) to \(tensor.end), the file holds \(dataSize)")
      }
      guard tensor.begin == next else {
        throw failure(
          "tensor '\(tensor.name)' starts at byte \(tensor.begin), expected \(next): tensors overlap or leave a hole")
      }
      let count = SafetensorsEntry.elementCount(of: tensor.shape)
      let size = count.map { $0.multipliedReportingOverflow(by: dtype.byteCount) }
      guard let size, !size.overflow, size.partialValue == tensor.end - tensor.begin else {
        throw failure(
          "tensor '\(tensor.name)' has \(tensor.end - tensor.begin) bytes, which is not \(dtype.rawValue) "
            + "[\(tensor.shape.map(String.init).joined(separator: ", "))]")
      }
      entries.append(
        SafetensorsEntry(
          name: tensor.name, dtype: dtype, shape: tensor.shape, byteRange: tensor.begin..<tensor.end))
      next = tensor.end
    }
    guard next == dataSize else {
      throw failure("the tensors end at byte \(next), the file holds \(dataSize) bytes of them")
    }
    return entries
  }
}
