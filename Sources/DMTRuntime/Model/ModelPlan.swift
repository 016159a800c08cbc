public import DMTCore
public import DMTManifest

/// A feature as the data has it: its table's size is known.
public struct ModelFeature: Sendable, Hashable {
  public var name: String
  public var table: String
  public var rows: Int
  public var dim: Int
  public var pooling: Pooling

  public init(name: String, table: String, rows: Int, dim: Int, pooling: Pooling) {
    self.name = name
    self.table = table
    self.rows = rows
    self.dim = dim
    self.pooling = pooling
  }
}

/// A model before any memory is allocated: its tables, where each feature goes, and the graph of everything dense.
public struct ModelPlan: Sendable {
  /// A table.
  public struct Table: Sendable, Hashable {
    public var name: String
    public var shape: TableShape
    public var initializer: Initializer
    /// Where a rank holds a part of the table: the part, `shape` being its extent. nil: the whole table.
    public var region: TableRegion?
    /// The name of its weights in checkpoints: `tables.NAME.weight`.
    public var parameterName: String { "tables.\(name).weight" }
    /// The operator that gives the weights their meaning; a checkpoint records its revision.
    package static let op = EmbeddingBagOperator()
  }

  /// A tower: where its features' embeddings go in and where its output comes out.
  public struct Tower: Sendable, Hashable {
    public var name: String
    /// Index in ``embeddingOutputs``.
    public var input: Int
    /// The value that holds its output, [B, ``columns``].
    public var output: Int
    public var columns: Int
  }

  /// Pooled embeddings of some features side by side: the input of a tower, or of a flat model's over-arch.
  public struct EmbeddingOutput: Sendable, Hashable {
    public var value: Int
    public var columns: Int
  }

  public var tables: [Table] = []
  /// In the order of the data's features.
  public var features: [EmbeddingFeature] = []
  /// Index in the batch of each entry of ``features``.
  public var batchFeatures: [Int] = []
  public var featureNames: [String] = []
  public var embeddingOutputs: [EmbeddingOutput] = []
  /// Empty for a flat model.
  public var towers: [Tower] = []
  /// The output that holds a weight of its own for every category, where the over-arch wants one.
  public var firstOrderOutput: Int?
  public var denseCount: Int
  public var dense: Int?
  public var labels: Int = 0
  public var logits: Int = 0
  public var loss: Int = 0
  public var graph = Graph()

  /// Rows times widths of all tables.
  public var tableElements: Int { tables.reduce(0) { $0 + $1.shape.rows * $1.shape.dim } }
}

extension ModelPlan {
  /// Expands a manifest's towers and over-arch for these features.
  ///
  /// - Parameters:
  ///   - manifest: the checked manifest.
  ///   - features: one for each of the manifest's features, in the order in which batches carry them.
  ///   - denseCount: columns of the dense input.
  /// - Throws: ``DMTError`` with the manifest's position when a module is unknown or shapes do not fit.
  public init(
    manifest: Manifest, features: [ModelFeature], denseCount: Int, components: Components
  ) throws(DMTError) {
    self.denseCount = denseCount
    featureNames = features.map(\.name)
    let composer = GraphComposer(components: components)
    let model = manifest.model
    let parts = try ModelPlan.parts(of: features, splits: model.columnSplits, place: model.place)
    func embed(_ members: [Int], name: String) throws(DMTError) -> GraphValue {
      let dims = members.map { parts[$0].feature.dim }
      let columns = dims.reduce(0, +)
      let isUniform = Set(dims).count == 1
      let shape: Shape = isUniform ? [Shape.batch, members.count, dims[0]] : [Shape.batch, columns]
      let value = composer.input(name, shape: shape, needsGradient: true)
      var column = 0
      for member in members {
        let feature = parts[member].feature
        self.features.append(
          EmbeddingFeature(
            table: try table(
              for: feature, name: feature.table, dim: feature.dim, initializer: model.tableInitializer,
              place: model.place),
            pooling: feature.pooling, output: embeddingOutputs.count, column: column))
        batchFeatures.append(parts[member].batchFeature)
        column += feature.dim
      }
      embeddingOutputs.append(EmbeddingOutput(value: Int(value.id), columns: columns))
      return value
    }

    guard !features.isEmpty else {
      throw DMTError(.invalidManifest, "the model has no categorical feature", place: model.place)
    }
    let byName = Dictionary(parts.enumerated().map { ($1.feature.name, $0) }, uniquingKeysWith: { first, _ in first })
    var x: GraphValue
    if model.towers.isEmpty {
      x = try embed(Array(parts.indices), name: "embeddings")
    } else {
      var outputs: [GraphValue] = []
      for tower in model.towers {
        let members = try tower.features.map { name throws(DMTError) -> Int in
          guard let index = byName[name] else {
            throw DMTError(
              .notFound, "tower '\(tower.name)' names feature '\(name)', which does not exist", place: tower.place,
              remedy: Spelling.suggestion(for: name, in: byName.keys))
          }
          return index
        }
        guard !members.isEmpty else {
          throw DMTError(.invalidManifest, "tower '\(tower.name)' has no feature", place: tower.place)
        }
        let scope = "towers.\(tower.name)"
        let value = try embed(members, name: "\(scope).embeddings")
        do throws(DMTError) {
          let output = try composer.module(
            tower.module.module, name: scope, attributes: tower.module.attributes, inputs: [value])
          let flat = try ModelPlan.flattened(output, in: composer, owner: "tower '\(tower.name)'")
          towers.append(
            Tower(
              name: tower.name, input: embeddingOutputs.count - 1, output: Int(flat.id),
              columns: try composer.shape(of: flat).elementsPerSample))
          outputs.append(flat)
        } catch {
          throw error.at(tower.module.place)
        }
      }
      x =
        outputs.count == 1
        ? outputs[0] : try composer.apply("concat", name: "towers", ["axis": .int(1)], inputs: outputs)
    }

    var inputs = [x]
    if denseCount > 0 {
      let value = composer.input("dense", shape: [Shape.batch, denseCount], needsGradient: false)
      dense = Int(value.id)
      inputs.append(value)
    }
    if case .bool(true) = model.overArch.attributes["first_order"] {
      inputs.append(try firstOrder(features, composer: composer, place: model.place))
    }
    let logits: GraphValue
    do throws(DMTError) {
      logits = try composer.module(
        model.overArch.module, name: "over_arch", attributes: model.overArch.attributes, inputs: inputs)
      let shape = try composer.shape(of: logits)
      guard shape == [Shape.batch] else {
        throw DMTError(
          .shapeMismatch, "over-arch '\(model.overArch.module)' gives \(shape), expected [B], one logit a sample",
          remedy: "an over-arch ends in one logit; a tower module cannot stand here")
      }
    } catch {
      throw error.at(model.overArch.place)
    }
    let labels = composer.input("labels", shape: [Shape.batch], needsGradient: false)
    let loss = try composer.apply("bce_with_logits", name: "loss", [:], logits, labels)
    self.labels = Int(labels.id)
    self.logits = Int(logits.id)
    self.loss = Int(loss.id)
    graph = composer.graph
  }

  /// A weight of its own for every category, from tables of width 1 that start at zero; [B, F].
  private mutating func firstOrder(
    _ features: [ModelFeature], composer: GraphComposer, place: DMTError.Place
  ) throws(DMTError) -> GraphValue {
    let value = composer.input("first_order", shape: [Shape.batch, features.count], needsGradient: true)
    for (index, feature) in features.enumerated() {
      let table = try table(
        for: feature, name: "\(feature.table).first_order", dim: 1, initializer: .zeros, place: place)
      self.features.append(
        EmbeddingFeature(table: table, pooling: feature.pooling, output: embeddingOutputs.count, column: index))
      batchFeatures.append(index)
    }
    firstOrderOutput = embeddingOutputs.count
    embeddingOutputs.append(EmbeddingOutput(value: Int(value.id), columns: features.count))
    return value
  }

  /// The index of table `name`, made when it is new.
  private mutating func table(
    for feature: ModelFeature, name: String, dim: Int, initializer: Initializer, place: DMTError.Place
  ) throws(DMTError) -> Int {
    let shape = TableShape(rows: feature.rows, dim: dim)
    if let known = tables.firstIndex(where: { $0.name == name }) {
      guard tables[known].shape == shape else {
        throw DMTError(
          .shapeMismatch,
          "feature '\(feature.name)' wants table '\(name)' with \(shape.rows) rows x \(shape.dim), another one has "
            + "\(tables[known].shape.rows) x \(tables[known].shape.dim)", place: place,
          remedy: "features of one table need one `dim`")
      }
      return known
    }
    tables.append(Table(name: name, shape: shape, initializer: initializer))
    return tables.count - 1
  }

  /// A tower's output as [B, O].
  private static func flattened(
    _ value: GraphValue, in composer: GraphComposer, owner: String
  ) throws(DMTError) -> GraphValue {
    let shape = try composer.shape(of: value)
    guard shape.isBatched, shape.rank >= 2 else {
      throw DMTError(.shapeMismatch, "\(owner) gives \(shape), expected [B, ..]")
    }
    if shape.rank == 2 { return value }
    return try composer.apply("reshape", ["shape": .ints([-1, shape.elementsPerSample])], value)
  }
}
