import DMTCore

/// Encoded samples as one block of bytes: the layout of the cache file, and of memory where there is no file.
///
/// Header (128 bytes): magic, format version, key, size and checksum of what follows, checksum of the header. Then the
/// description (encoder, counts, positions), then the arrays, each at a multiple of 64 bytes.
struct SampleImage {
  static let magic = Array("DMTDATA\n".utf8)
  static let formatVersion: UInt64 = 1
  static let headerSize = 128

  /// What is known about the samples beside their columns.
  struct Description {
    var encoder: FeatureEncoder
    var badRowCount: Int
    var badRows: [String]
    var splits: [SplitLayout]
  }

  /// Where the columns of one split lie, in bytes from the first array.
  struct SplitLayout {
    var count: Int
    var hasLabels: Bool
    var positiveCount: Int
    var labels: Int
    var dense: Int
    var rowNumbers: Int
    var columns: [ColumnLayout]
  }

  struct ColumnLayout {
    var valueCount: Int
    var values: Int
    /// Negative: one value a sample.
    var offsets: Int
  }

  /// Hands out positions, each at a multiple of 64 bytes.
  struct Allocator {
    private(set) var size = 0

    mutating func take(_ bytes: Int) -> Int {
      defer { size += (bytes + 63) / 64 * 64 }
      return size
    }
  }

  /// The description as bytes, padded to a multiple of 64.
  static func encode(_ description: Description) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(bytes: description.encoder.bytes)
    writer.write(description.badRowCount)
    writer.write(description.badRows.count)
    for text in description.badRows { writer.write(text) }
    writer.write(description.splits.count)
    for split in description.splits {
      writer.write(split.count)
      writer.write(split.hasLabels)
      writer.write([split.positiveCount, split.labels, split.dense, split.rowNumbers])
      writer.write(split.columns.flatMap { [$0.valueCount, $0.values, $0.offsets] })
    }
    return writer.bytes
  }

  private static func decode(_ bytes: [UInt8]) throws(ByteReader.Malformed) -> Description {
    var reader = ByteReader(bytes)
    let encoder: FeatureEncoder
    do {
      encoder = try FeatureEncoder(bytes: try reader.blob())
    } catch {
      throw ByteReader.Malformed()
    }
    var description = Description(encoder: encoder, badRowCount: try reader.size(), badRows: [], splits: [])
    for _ in 0..<(try reader.elementCount(stride: 8)) { description.badRows.append(try reader.string()) }
    for _ in 0..<(try reader.elementCount(stride: 17)) {
      let count = try reader.size()
      let hasLabels = try reader.bool()
      let places = try reader.ints()
      let columns = try reader.ints()
      guard places.count == 4, columns.count == 3 * encoder.features.count else { throw ByteReader.Malformed() }
      description.splits.append(
        SplitLayout(
          count: count, hasLabels: hasLabels, positiveCount: places[0], labels: places[1], dense: places[2],
          rowNumbers: places[3],
          columns: stride(from: 0, to: columns.count, by: 3).map {
            ColumnLayout(valueCount: columns[$0], values: columns[$0 + 1], offsets: columns[$0 + 2])
          }))
    }
    return description
  }

  let memory: MappedMemory
  let description: Description
  private let arrays: Int

  /// Bytes of an image with `description` and `arrayBytes` of arrays.
  static func size(description: [UInt8], arrayBytes: Int) -> Int { arraysStart(description) + arrayBytes }

  private static func arraysStart(_ description: [UInt8]) -> Int { (headerSize + 8 + description.count + 63) / 64 * 64 }

  /// Writes the description into new memory; the arrays and then ``finish(key:)`` follow.
  init(into memory: MappedMemory, description: Description, encoded: [UInt8]) {
    self.memory = memory
    self.description = description
    arrays = Self.arraysStart(encoded)
    let bytes = memory.mutableBytes
    bytes.storeBytes(of: UInt64(encoded.count).littleEndian, toByteOffset: Self.headerSize, as: UInt64.self)
    UnsafeMutableRawBufferPointer(rebasing: bytes[(Self.headerSize + 8)...]).copyBytes(from: encoded)
  }

  /// Writes the header: from now on the image is valid.
  func finish(key: [UInt8]) {
    let bytes = memory.mutableBytes
    let payload = UnsafeRawBufferPointer(rebasing: memory.bytes[Self.headerSize...])
    let header = Self.header(key: key, payloadCount: payload.count, checksum: StableHash.checksum(payload))
    bytes.copyBytes(from: header)
  }

  private static func header(key: [UInt8], payloadCount: Int, checksum: UInt64) -> [UInt8] {
    var writer = ByteWriter()
    var bytes = magic
    writer.write(formatVersion)
    writer.write(payloadCount)
    writer.write(checksum)
    bytes += writer.bytes
    bytes += key.prefix(32) + [UInt8](repeating: 0, count: max(0, 32 - key.count))
    bytes += [UInt8](repeating: 0, count: headerSize - 8 - bytes.count)
    let sum = bytes.withUnsafeBytes { StableHash.checksum($0) }
    writer = ByteWriter()
    writer.write(sum)
    return bytes + writer.bytes
  }

  /// Checks an image that was read from a file; what is wrong with it, when something is.
  struct Damaged: Error {
    var reason: String
  }

  init(checking memory: MappedMemory, key: [UInt8], denseCount: Int) throws(Damaged) {
    let bytes = memory.bytes
    guard bytes.count >= Self.headerSize + 8 else { throw Damaged(reason: "it is only \(bytes.count) bytes long") }
    let payload = UnsafeRawBufferPointer(rebasing: bytes[Self.headerSize...])
    let found = Array(bytes[..<Self.headerSize])
    guard found.starts(with: Self.magic) else { throw Damaged(reason: "it does not start like a cache") }
    let expected = Self.header(key: key, payloadCount: payload.count, checksum: StableHash.checksum(payload))
    guard found == expected else { throw Damaged(reason: "its size or checksum is not what its header says") }
    let count = Int(UInt64(littleEndian: bytes.load(fromByteOffset: Self.headerSize, as: UInt64.self)))
    guard count >= 0, count <= payload.count - 8 else { throw Damaged(reason: "its description is cut off") }
    let encoded = Array(payload[8..<8 + count])
    do {
      description = try Self.decode(encoded)
    } catch {
      throw Damaged(reason: "its description cannot be read")
    }
    self.memory = memory
    arrays = Self.arraysStart(encoded)
    guard description.encoder.dense.count == denseCount else { throw Damaged(reason: "it has other dense features") }
    for split in description.splits where !fits(split) { throw Damaged(reason: "its arrays do not fit") }
  }

  private func fits(_ split: SplitLayout) -> Bool {
    let room = memory.count - arrays
    func fits(_ place: Int, _ count: Int, _ stride: Int) -> Bool {
      let (bytes, overflow) = count.multipliedReportingOverflow(by: stride)
      return place >= 0 && place % 64 == 0 && !overflow && place <= room && bytes <= room - place
    }
    guard fits(split.labels, split.count, 1), fits(split.rowNumbers, split.count, 4),
      fits(split.dense, split.count, 4 * description.encoder.dense.count)
    else { return false }
    return split.columns.allSatisfy {
      fits($0.values, $0.valueCount, 4)
        && ($0.offsets < 0 ? $0.valueCount == split.count : fits($0.offsets, split.count + 1, 8))
    }
  }

  /// A place for elements of an array, for its writer.
  func mutable<Element>(_ place: Int, of type: Element.Type) -> UnsafeMutablePointer<Element>? {
    memory.mutableBytes.baseAddress.map { ($0 + arrays + place).assumingMemoryBound(to: type) }
  }

  private func pointer<Element>(_ place: Int, of type: Element.Type) -> UnsafePointer<Element>? {
    memory.bytes.baseAddress.map { ($0 + arrays + place).assumingMemoryBound(to: type) }
  }

  /// The samples of split `index`; nil when there is no such split.
  func samples(_ index: Int) -> SampleTable? {
    guard description.splits.indices.contains(index) else { return nil }
    let split = description.splits[index]
    guard let labels = pointer(split.labels, of: UInt8.self), let dense = pointer(split.dense, of: Float.self),
      let rowNumbers = pointer(split.rowNumbers, of: UInt32.self)
    else { return nil }
    var columns: [SampleTable.Column] = []
    for column in split.columns {
      guard let values = pointer(column.values, of: UInt32.self) else { return nil }
      columns.append(
        SampleTable.Column(
          values: values, valueCount: column.valueCount,
          offsets: column.offsets < 0 ? nil : pointer(column.offsets, of: UInt64.self)))
    }
    return SampleTable(
      count: split.count, hasLabels: split.hasLabels, denseCount: description.encoder.dense.count,
      positiveCount: split.positiveCount, labels: labels, dense: dense, rowNumbers: rowNumbers, columns: columns,
      memory: memory)
  }
}
