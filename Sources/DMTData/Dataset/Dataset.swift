public import DMTCore
public import DMTManifest

/// A categorical feature of a data set, as the model sees it.
public struct DatasetFeature: Sendable, Equatable {
  /// The feature's name in the manifest.
  public let name: String
  /// The table its row numbers belong to.
  public let table: String
  /// Rows of that table.
  public let rows: Int
  /// What a bag's rows become.
  public let pooling: FeatureSpec.Pooling
  /// The embedding dimension the manifest asks for; nil: the model's.
  public let dim: Int?
  /// Every bag holds exactly one row number.
  public let isSingle: Bool
}

/// A table of a data set.
public struct DatasetTable: Sendable, Equatable {
  /// The name that its features share.
  public let name: String
  /// Its rows.
  public let rows: Int

  public init(name: String, rows: Int) {
    self.name = name
    self.rows = rows
  }
}

/// The encoded samples of a pipeline: train, valid and test, with what is needed to encode further rows alike.
///
/// The first ``load(data:features:dense:folder:progress:)`` reads the files, learns the vocabularies and writes an indexed
/// columnar cache; later ones map that file and start at once. Immutable, so any thread may use it.
public final class Dataset: Sendable {
  /// Categorical features, in the manifest's order.
  public let features: [DatasetFeature]
  /// Tables, in the order of the features that first name them.
  public let tables: [DatasetTable]
  /// Numeric features, in the manifest's order.
  public let denseNames: [String]
  /// 64 hex digits that change with the input files' bytes and with the preprocessing, and with nothing else.
  public let fingerprint: String
  /// Vocabularies, bins and statistics of the training rows.
  public let encoder: FeatureEncoder
  /// Rows that were left out because they could not be read.
  public let badRowCount: Int
  /// The first few of them: place, what was found, what was expected.
  public let badRows: [String]
  /// True when the samples came from the cache of an earlier run.
  public let isFromCache: Bool

  private let samples: [SplitName: SampleTable]
  private let data: DataSection
  private let featureSpecs: [FeatureSpec]
  private let denseSpecs: [DenseSpec]
  private let folder: String

  /// Reads, or maps, the data set that a manifest describes.
  ///
  /// - Parameters:
  ///   - folder: the manifest's folder, where relative paths start; empty: the working folder.
  ///   - progress: hears a line now and then, warnings about the cache among them.
  /// - Throws: ``DMTError``: a file or column that is not there (`notFound`), data that cannot be read as the manifest says
  ///   (`invalidData`, with file, line and column), a missing decompressor (`unsupported`).
  public static func load(
    data: DataSection, features: [FeatureSpec], dense: [DenseSpec], folder: String, progress: ((String) -> Void)? = nil
  ) throws(DMTError) -> Dataset {
    let badRows = BadRows(
      limit: data.maxBadRows,
      remedy: data.maxBadRows > 0
        ? nil : "mend the row; `data.max_bad_rows: N` counts up to N such rows and leaves them out")
    let loader = TableLoader(
      data: data, features: features, dense: dense, folder: folder, badRows: badRows, progress: progress)
    let cacheFolder = InputFile.resolve(data.cachePath ?? ".dmt", in: folder)
    var hashes = ContentHashes(folder: cacheFolder)
    var contents: [String] = []
    for path in loader.inputPaths { contents.append(try hashes.hash(of: path)) }
    let key = CacheKey.text(data: data, features: features, dense: dense, hasCacheOf: contents)
    let cache = DatasetCache(folder: cacheFolder, fingerprint: ContentHashes.hash(Array(key.utf8)))
    func warn(_ line: String) { progress?(line) }
    if let image = cache.load(denseCount: dense.count, warn: warn), image.description.badRowCount <= data.maxBadRows {
      hashes.save()
      progress?("mapped \(cache.path)")
      return try Dataset(
        image, cache: cache, isFromCache: true, data: data, features: features, dense: dense, folder: folder)
    }
    let table = try loader.load()
    guard table.splits.contains(.train) else {
      throw DMTError(
        .invalidData, "no row is for training", place: data.place, remedy: "check the data section's files and split")
    }
    progress?("encoding \(table.count) rows")
    let encoder = try FeatureEncoder(fitting: table, features: features, dense: dense)
    let builder = SampleImageBuilder(table: table, encoder: encoder, badRows: badRows)
    let image = try cache.build(builder, splits: SplitName.allCases, warn: warn)
    hashes.save()
    if badRows.count > 0 {
      progress?("left out \(badRows.count) bad rows, the first: \(badRows.first.first?.description ?? "")")
    }
    return try Dataset(
      image, cache: cache, isFromCache: false, data: data, features: features, dense: dense, folder: folder)
  }

  private init(
    _ image: SampleImage, cache: DatasetCache, isFromCache: Bool, data: DataSection, features specs: [FeatureSpec],
    dense: [DenseSpec], folder: String
  ) throws(DMTError) {
    encoder = image.description.encoder
    badRowCount = image.description.badRowCount
    badRows = image.description.badRows
    fingerprint = cache.fingerprint
    self.isFromCache = isFromCache
    self.data = data
    featureSpecs = specs
    denseSpecs = dense
    self.folder = folder
    tables = encoder.tables.map { DatasetTable(name: $0.name, rows: $0.rows) }
    denseNames = dense.map(\.name)
    features = zip(encoder.features, specs).map { [tables] fitted, spec in
      DatasetFeature(
        name: spec.name, table: tables[fitted.table].name, rows: tables[fitted.table].rows, pooling: spec.pooling,
        dim: spec.dim, isSingle: fitted.isSingle)
    }
    var samples: [SplitName: SampleTable] = [:]
    for (index, name) in SplitName.allCases.enumerated() {
      guard let table = image.samples(index) else {
        throw DMTError(.internalError, "the sample image lacks split \(name)", place: .init(file: cache.path))
      }
      samples[name] = table
    }
    self.samples = samples
  }

  /// The samples of a split; it may be empty.
  public func samples(of split: SplitName) -> SampleTable {
    // Unreachable: the one initializer puts a table there for every case of SplitName, or throws.
    guard let table = samples[split] else { preconditionFailure("every split has a table from initialisation on") }
    return table
  }

  /// How many samples a split has.
  public func count(of split: SplitName) -> Int { samples(of: split).count }

  /// Samples to train on.
  public var trainCount: Int { count(of: .train) }

  /// Samples to validate on.
  public var validCount: Int { count(of: .valid) }

  /// Samples to test on.
  public var testCount: Int { count(of: .test) }

  /// The share of label 1 in a split.
  public func positiveRate(of split: SplitName) -> Double { samples(of: split).positiveRate }

  /// A batch of the right shape for this data set, without samples yet.
  public func makeBatch() -> Batch { Batch(featureCount: features.count, denseCount: denseNames.count) }

  /// Encodes the rows of a further file with this data set's vocabularies, statistics and side tables.
  ///
  /// The file has the main file's layout; its label column may be missing. Samples are in file order.
  ///
  /// - Throws: ``DMTError``, also for the first bad row: a prediction is asked for every row.
  public func encodeRows(_ path: String, progress: ((String) -> Void)? = nil) throws(DMTError) -> SampleTable {
    try encoder.encodeRows(
      path, data: data, features: featureSpecs, dense: denseSpecs, folder: folder, progress: progress)
  }
}

extension FeatureEncoder {
  /// Encodes the rows of a file without the data set that this encoder was fitted on.
  ///
  /// - Parameters:
  ///   - path: a file in the layout of `data`'s main file; its label column may be missing.
  ///   - data: the data section; its side tables are read again.
  ///   - folder: where relative paths of `data` start; `path` is taken as it stands.
  public func encodeRows(
    _ path: String, data: DataSection, features: [FeatureSpec], dense: [DenseSpec], folder: String,
    progress: ((String) -> Void)? = nil
  ) throws(DMTError) -> SampleTable {
    guard features.map(\.name) == self.features.map(\.name), features.map(\.column) == self.features.map(\.column),
      dense.map(\.name) == self.dense.map(\.name), dense.map(\.column) == self.dense.map(\.column)
    else {
      throw DMTError(
        .invalidArgument, "the encoder was fitted for other features than the manifest names", place: data.place,
        remedy: "use the manifest of the run that fitted it")
    }
    let badRows = BadRows(limit: 0, remedy: "mend the row or take it out: every row gets a prediction, or none does")
    let loader = TableLoader(
      data: data, features: features, dense: dense, folder: folder, badRows: badRows, progress: progress)
    let table = try loader.loadRows(path: path)
    let builder = SampleImageBuilder(table: table, encoder: self, badRows: badRows)
    let image = try builder.build(splits: [.test]) { (size) throws(DMTError) in try MappedMemory.anonymous(count: size)
    }
    guard let samples = image.samples(0) else {
      throw DMTError(.internalError, "the encoded rows have no samples", place: .init(file: path))
    }
    return samples
  }
}
