public import DMTCore
import DMTManifest

extension FeatureEncoder {
  private static let formatVersion: UInt64 = 1

  /// The encoder as bytes, the same on every platform.
  public var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.write(Self.formatVersion)
    writer.write(tables.count)
    for table in tables {
      writer.write(table.name)
      switch table.encoding {
      case .vocabulary(let minimumCount):
        writer.write(0)
        writer.write(minimumCount)
        (table.vocabulary ?? Vocabulary(dictionary: ByteDictionary())).write(to: &writer)
      case .hash(let rows):
        writer.write(1)
        writer.write(rows)
      case .index(let rows):
        writer.write(2)
        writer.write(rows)
      }
    }
    writer.write(features.count)
    for feature in features {
      writer.write(feature.name)
      writer.write(feature.column)
      writer.write(feature.separator != nil)
      writer.write(feature.separator ?? "")
      switch feature.transform {
      case .text: writer.write(0)
      case .bands(let bands):
        writer.write(1)
        writer.write(bands.flatMap { [$0.from, $0.width] })
      case .quantiles(let edges, let zeroApart):
        writer.write(2)
        writer.write(zeroApart)
        writer.write(edges)
      }
      writer.write(feature.table)
      writer.write(feature.isSingle)
    }
    writer.write(dense.count)
    for column in dense {
      writer.write(column.name)
      writer.write(column.column)
      writer.write(column.usesLog1p)
      writer.write(column.missing)
      writer.write(column.mean)
      writer.write(column.deviation)
    }
    return writer.bytes
  }

  /// The encoder that ``bytes`` were made from.
  public init(bytes: [UInt8]) throws(DMTError) {
    do {
      try self.init(reading: bytes)
    } catch {
      throw DMTError(
        .invalidData, "the stored feature encoder is damaged or of another version",
        remedy: "train again, or rebuild the cache")
    }
  }

  private init(reading bytes: [UInt8]) throws(ByteReader.Malformed) {
    var reader = ByteReader(bytes)
    guard try reader.word() == Self.formatVersion else { throw ByteReader.Malformed() }
    tables = []
    for _ in 0..<(try reader.elementCount(stride: 16)) {
      let name = try reader.string()
      switch try reader.int() {
      case 0:
        let minimumCount = try reader.int()
        let vocabulary = try Vocabulary(from: &reader)
        tables.append(Table(name: name, encoding: .vocabulary(minimumCount: minimumCount), vocabulary: vocabulary))
      case let kind where kind == 1 || kind == 2:
        let rows = try reader.size()
        guard rows > 0, rows <= Int(UInt32.max) else { throw ByteReader.Malformed() }
        tables.append(Table(name: name, encoding: kind == 1 ? .hash(rows: rows) : .index(rows: rows), vocabulary: nil))
      default: throw ByteReader.Malformed()
      }
    }
    features = []
    for _ in 0..<(try reader.elementCount(stride: 32)) {
      let name = try reader.string()
      let column = try reader.string()
      let hasSeparator = try reader.bool()
      let separator = try reader.string()
      let transform: FittedTransform
      switch try reader.int() {
      case 0: transform = .text
      case 1:
        let numbers = try reader.doubles()
        guard numbers.count % 2 == 0 else { throw ByteReader.Malformed() }
        transform = .bands(
          stride(from: 0, to: numbers.count, by: 2).map { .init(from: numbers[$0], width: numbers[$0 + 1]) })
      case 2:
        let zeroApart = try reader.bool()
        transform = .quantiles(edges: try reader.doubles(), zeroApart: zeroApart)
      default: throw ByteReader.Malformed()
      }
      let table = try reader.size()
      guard table < tables.count else { throw ByteReader.Malformed() }
      features.append(
        Feature(
          name: name, column: column, separator: hasSeparator ? separator : nil, transform: transform, table: table,
          isSingle: try reader.bool()))
    }
    dense = []
    for _ in 0..<(try reader.elementCount(stride: 41)) {
      dense.append(
        Dense(
          name: try reader.string(), column: try reader.string(), usesLog1p: try reader.bool(),
          missing: try reader.double(), mean: try reader.double(), deviation: try reader.double()))
    }
    guard reader.isAtEnd else { throw ByteReader.Malformed() }
  }
}
