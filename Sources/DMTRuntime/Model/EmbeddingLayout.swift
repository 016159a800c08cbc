package import DMTCore

/// The tables and features that one lookup serves: a model's, or a rank's part of them.
package struct EmbeddingLayout: Sendable {
  package var tables: [ModelPlan.Table]
  /// Features of one table follow each other.
  package var features: [EmbeddingFeature]
  /// Index in the batch of each entry of ``features``.
  package var batchFeatures: [Int]
  /// Name of each feature of the batch, for errors.
  package var featureNames: [String]
  /// Columns of each output.
  package var outputColumns: [Int]

  package init(
    tables: [ModelPlan.Table], features: [EmbeddingFeature], batchFeatures: [Int], featureNames: [String],
    outputColumns: [Int]
  ) {
    self.tables = tables
    self.features = features
    self.batchFeatures = batchFeatures
    self.featureNames = featureNames
    self.outputColumns = outputColumns
  }
}

extension ModelPlan {
  /// All tables and features of the model.
  package var embeddingLayout: EmbeddingLayout {
    EmbeddingLayout(
      tables: tables, features: features, batchFeatures: batchFeatures, featureNames: featureNames,
      outputColumns: embeddingOutputs.map(\.columns))
  }
}
