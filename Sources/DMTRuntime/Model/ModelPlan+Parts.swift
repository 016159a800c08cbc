import DMTCore

extension ModelPlan {
  /// A feature, or a part of its columns that is a table of its own.
  struct Part {
    var feature: ModelFeature
    /// Index of the whole feature in the batch.
    var batchFeature: Int
  }

  /// The features in their order, each one whose columns are split replaced by its parts `NAME#0`, `NAME#1`, ..
  ///
  /// Parts of one table are parts of the whole's: features that share table `T` share `T#0`, `T#1`, ..
  /// - Throws: ``DMTError/Code/invalidManifest`` when widths do not add up to the feature's embedding.
  static func parts(
    of features: [ModelFeature], splits: [String: [Int]], place: DMTError.Place
  ) throws(DMTError) -> [Part] {
    var parts: [Part] = []
    for (index, feature) in features.enumerated() {
      guard let widths = splits[feature.name] else {
        parts.append(Part(feature: feature, batchFeature: index))
        continue
      }
      guard widths.allSatisfy({ $0 > 0 }), widths.reduce(0, +) == feature.dim else {
        throw DMTError(
          .invalidManifest,
          "feature '\(feature.name)' is split into \(widths) columns, its embedding has \(feature.dim)", place: place)
      }
      for (number, width) in widths.enumerated() {
        var part = feature
        part.name = "\(feature.name)#\(number)"
        part.table = "\(feature.table)#\(number)"
        part.dim = width
        parts.append(Part(feature: part, batchFeature: index))
      }
    }
    return parts
  }
}
