import DMTCore

/// Makes the typed manifest of an effective tree.
struct ManifestDecoder {
  let catalog: ManifestCatalog

  /// - Parameter path: the manifest's own path.
  func manifest(_ root: NodeReader, path: String) throws(DMTError) -> Manifest {
    var features: [FeatureSpec] = []
    for entry in try root.required("features").entries { features.append(try feature(entry)) }
    var dense: [DenseSpec] = []
    for entry in try root.required("dense").entries { dense.append(try denseFeature(entry)) }
    return Manifest(
      version: try root.required("dmt").int(), name: try root.required("name").text(), path: path,
      data: try data(root.required("data")), features: features, dense: dense,
      model: try model(root.required("model")), train: try train(root.required("train")),
      backends: try root.required("backends").texts(), plugins: try root.required("plugins").texts(),
      sharding: try sharding(root.required("sharding")), interconnect: try interconnect(root.required("interconnect")))
  }

  private func feature(_ entry: ManifestNode.Entry) throws(DMTError) -> FeatureSpec {
    let reader = NodeReader(node: entry.value)
    return FeatureSpec(
      name: entry.key, column: try reader.required("column").text(), transform: try transform(reader),
      encoding: try encoding(reader), separator: try reader.child("separator")?.text(),
      pooling: try pooling(reader.required("pooling")), dim: try reader.child("dim")?.int(),
      table: try reader.child("table")?.text(), place: entry.keyOrigin.place)
  }

  private func pooling(_ reader: NodeReader) throws(DMTError) -> FeatureSpec.Pooling {
    try Self.choice(reader)
  }

  private func transform(_ reader: NodeReader) throws(DMTError) -> FeatureSpec.Transform {
    if let list = reader.child("bands") {
      var bands: [FeatureSpec.Band] = []
      for band in list.elements {
        bands.append(.init(from: try band.required("from").number(), width: try band.required("width").number()))
      }
      return .bands(bands.sorted { $0.from > $1.from })
    }
    if let quantiles = reader.child("quantiles") {
      return .quantiles(
        try quantiles.required("bins").int(), zeroApart: try quantiles.required("zero_apart").bool())
    }
    return .text
  }

  private func encoding(_ reader: NodeReader) throws(DMTError) -> FeatureSpec.Encoding {
    if let rows = reader.child("hash") { return .hash(rows: try rows.int()) }
    if let rows = reader.child("index") { return .index(rows: try rows.int()) }
    return .vocabulary(minimumCount: try reader.required("min_count").int())
  }

  private func denseFeature(_ entry: ManifestNode.Entry) throws(DMTError) -> DenseSpec {
    let reader = NodeReader(node: entry.value)
    var transform: DenseSpec.Transform = []
    for name in try reader.required("transform").texts() {
      transform.insert(name == "log1p" ? .log1p : .standardise)
    }
    return DenseSpec(
      name: entry.key, column: try reader.required("column").text(), transform: transform,
      missing: try reader.required("missing").number(), place: entry.keyOrigin.place)
  }

  /// The case that a text names.
  static func choice<Choice: RawRepresentable<String>>(_ reader: NodeReader) throws(DMTError) -> Choice {
    let text = try reader.text()
    guard let choice = Choice(rawValue: text) else {
      throw DMTError(.internalError, "a checked choice of the manifest is '\(text)'", place: reader.place)
    }
    return choice
  }
}
