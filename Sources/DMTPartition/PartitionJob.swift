public import DMTCore
import DMTData
import DMTManifest
public import DMTRuntime
public import DMTTraining

/// A partition of a manifest's features into towers, from the question to the answer.
///
///     let job = try PartitionJob(pipeline, settings: settings)
///     let outcome = try job.run(partitioner, model: run.model)
public struct PartitionJob {
  /// What is wanted.
  public struct Settings: Sendable {
    public var towers: Int
    public var strategy: String
    public var balance: Double
    public var capacity: PartitionRequest.Capacity?
    public var seed: UInt64
    public var affinity: Affinity.Kind
    /// The affinity is gathered from at most this many training samples.
    public var maximumSamples: Int

    public init(
      towers: Int, strategy: String, balance: Double = 1, capacity: PartitionRequest.Capacity? = nil, seed: UInt64 = 1,
      affinity: Affinity.Kind = .magnitude, maximumSamples: Int = 100_000
    ) {
      self.towers = towers
      self.strategy = strategy
      self.balance = balance
      self.capacity = capacity
      self.seed = seed
      self.affinity = affinity
      self.maximumSamples = maximumSamples
    }
  }

  public let settings: Settings
  /// Manifest and data, of the flat model.
  public let pipeline: Pipeline
  /// The widths of the parts of each feature; one width: it stays whole.
  public let widths: [[Int]]
  /// What is dealt: features, or their parts.
  public let features: [PartitionRequest.Feature]

  /// Splits columns where there are more towers than features, and adds up what every part costs.
  ///
  /// - Parameter pipeline: of a flat model whose columns are not split.
  /// - Throws: ``DMTError/Code/invalidArgument`` for more towers than columns, and for a model with towers.
  public init(_ pipeline: Pipeline, settings: Settings) throws(DMTError) {
    let model = pipeline.manifest.model
    guard model.towers.isEmpty, model.columnSplits.isEmpty else {
      throw DMTError(
        .invalidArgument, "the model has towers, expected a flat one", place: model.place,
        remedy: "train the manifest without its towers: --set 'model.towers={}' --set 'model.split={}'")
    }
    let dataset = pipeline.dataset
    guard !dataset.features.isEmpty else {
      throw DMTError(.invalidArgument, "the manifest has no categorical feature to deal into towers")
    }
    guard settings.towers >= 1 else {
      throw DMTError(.invalidArgument, "\(settings.towers) towers are asked for, expected 1 or more")
    }
    let dims = dataset.features.map { $0.dim ?? model.dim }
    widths = try ColumnSplit.widths(dims: dims, towers: settings.towers)
    let samples = dataset.samples(of: .train)
    var features: [PartitionRequest.Feature] = []
    for (index, feature) in dataset.features.enumerated() {
      let bag = Double(samples.valueCount(ofFeature: index)) / Double(max(1, samples.count))
      for (part, width) in widths[index].enumerated() {
        features.append(
          PartitionRequest.Feature(
            name: widths[index].count == 1 ? feature.name : "\(feature.name)#\(part)", rows: feature.rows, dim: width,
            lookupCost: bag * Double(width), bytes: feature.rows * width * model.dtype.byteCount))
      }
    }
    self.features = features
    self.settings = settings
    self.pipeline = pipeline
  }

  /// Deals the features.
  ///
  /// - Parameters:
  ///   - model: the trained flat model; needed where the strategy reads the affinity.
  ///   - shouldStop: asked after every batch.
  /// - Throws: as ``TowerPartitioner/checkedPartition(_:)``; ``DMTError/Code/invalidArgument`` when features have embeddings
  ///   of different widths, which no cosine compares; what ``AffinityAccumulator`` throws.
  public func run(
    _ partitioner: any TowerPartitioner, model: Model?, shouldStop: () -> Bool = { InterruptFlag.isRaised }
  ) throws(DMTError) -> PartitionOutcome {
    var affinity: Affinity?
    if let strategy = partitioner.strategies.first(where: { $0.name == settings.strategy }), strategy.needsAffinity {
      guard let model else {
        throw DMTError(.invalidArgument, "strategy '\(strategy.name)' needs a trained model")
      }
      affinity = try gatherAffinity(of: model, shouldStop: shouldStop)
    }
    let request = PartitionRequest(
      features: features, affinity: affinity?.matrix, towers: settings.towers, balance: settings.balance,
      capacity: settings.capacity, strategy: settings.strategy, seed: settings.seed)
    return PartitionOutcome(
      job: self, partitioner: partitioner.name, affinity: affinity,
      partition: try partitioner.checkedPartition(request))
  }

  private func gatherAffinity(of model: Model, shouldStop: () -> Bool) throws(DMTError) -> Affinity {
    let columns = model.plan.pooledColumns
    guard columns.map(\.feature) == pipeline.dataset.features.map(\.name) else {
      throw DMTError(.invalidArgument, "the model has other features than the data, or towers")
    }
    guard let first = columns.first else { throw DMTError(.invalidArgument, "the model has no feature") }
    if let other = columns.first(where: { $0.dim != first.dim }) {
      throw DMTError(
        .invalidArgument,
        "feature '\(first.feature)' has \(first.dim) columns and '\(other.feature)' has \(other.dim): embeddings of "
          + "different widths have no cosine",
        remedy: "give all features one dim, or use --strategy strided")
    }
    // Parts of one width are compared themselves; otherwise a part is as alike to others as the whole is.
    let partWidth = Set(widths.flatMap(\.self)).count == 1 ? widths[0][0] : first.dim
    let comparesParts = partWidth < first.dim
    let starts =
      comparesParts
      ? columns.flatMap { column in stride(from: column.column, to: column.column + column.dim, by: partWidth) }
      : columns.map(\.column)
    var accumulator = AffinityAccumulator(
      features: comparesParts ? features.map(\.name) : columns.map(\.feature), dim: partWidth, kind: settings.affinity)
    let batches = pipeline.batches(of: .train)
    let width = model.plan.pooledWidth
    var rows: [Float] = []
    batches.seek(epoch: 0, batchNumber: 0)
    while accumulator.samples < settings.maximumSamples, let batch = try batches.next() {
      defer { batches.recycle(batch) }
      if shouldStop() { throw DMTError(.cancelled, "the partition was interrupted") }
      try model.pooledEmbeddings(batch, into: &rows)
      let count = min(batch.count, settings.maximumSamples - accumulator.samples) * width
      try rows.withUnsafeBufferPointer { (rows) throws(DMTError) in
        try accumulator.add(rows: UnsafeBufferPointer(rebasing: rows[..<count]), width: width, columns: starts)
      }
    }
    let affinity = try accumulator.affinity()
    return features.count == accumulator.features.count ? affinity : repeated(affinity)
  }

  /// The affinity of parts from that of whole features; parts of one feature are as alike as can be.
  private func repeated(_ whole: Affinity) -> Affinity {
    let owners = widths.indices.flatMap { feature in widths[feature].map { _ in feature } }
    let matrix = owners.flatMap { i in owners.map { j in whole.matrix[i * widths.count + j] } }
    return Affinity(matrix: matrix, kind: whole.kind, samples: whole.samples)
  }
}

/// A partition with all that it was made from.
public struct PartitionOutcome {
  public let job: PartitionJob
  /// The partitioner's name.
  public let partitioner: String
  public let affinity: Affinity?
  public let partition: TowerPartition

  /// The features of each tower, ascending.
  public var groups: [[Int]] { partition.groups(job.settings.towers) }

  /// The adjusted Rand index against the groups that synthetic data were planted with; nil for other data, and where columns
  /// are split.
  public var plantedAgreement: Double? {
    guard let synthetic = job.pipeline.manifest.data.synthetic, job.widths.allSatisfy({ $0.count == 1 }) else {
      return nil
    }
    var owners: [String: Int] = [:]
    for (group, members) in synthetic.plantedGroups.enumerated() {
      for member in members { owners["f\(member)"] = group }
    }
    let planted = job.pipeline.manifest.features.compactMap { owners[$0.column] }
    guard planted.count == partition.assignment.count else { return nil }
    return adjustedRandIndex(partition.assignment, planted)
  }
}
