public import DMTCore

/// Where a feature's pooled embedding lies in a row of ``Model/pooledEmbeddings(_:into:)``.
public struct PooledColumns: Sendable, Hashable {
  /// The feature; `NAME#i` for a part of one whose columns are split.
  public var feature: String
  public var column: Int
  public var dim: Int
}

extension ModelPlan {
  /// The columns of every feature in a row of ``Model/pooledEmbeddings(_:into:)``: towers one after the other, the features
  /// of a flat model in the order of the data.
  public var pooledColumns: [PooledColumns] {
    var starts: [Int] = []
    var next = 0
    for (index, output) in embeddingOutputs.enumerated() {
      starts.append(next)
      if index != firstOrderOutput { next += output.columns }
    }
    return zip(features, batchFeatures).compactMap { feature, batchFeature in
      guard feature.output != firstOrderOutput else { return nil }
      let whole = featureNames[batchFeature]
      let table = tables[feature.table]
      // A part's table ends as the part does.
      var name = whole
      if let mark = table.name.lastIndex(of: "#") { name += table.name[mark...] }
      return PooledColumns(feature: name, column: starts[feature.output] + feature.column, dim: table.shape.dim)
    }
  }

  /// Elements in a row of ``Model/pooledEmbeddings(_:into:)``.
  public var pooledWidth: Int {
    embeddingOutputs.indices.filter { $0 != firstOrderOutput }.reduce(0) { $0 + embeddingOutputs[$1].columns }
  }
}

extension Model {
  /// Looks a batch up: the pooled embeddings of its samples, [B, ``ModelPlan/pooledWidth``], row-major.
  ///
  /// - Parameter rows: grows when it must; what lies behind the last row is left as it is.
  public func pooledEmbeddings(_ batch: Batch, into rows: inout [Float]) throws(DMTError) {
    let width = plan.pooledWidth
    let count = batch.count * width
    if rows.count < count { rows += [Float](repeating: 0, count: count - rows.count) }
    guard batch.count > 0 else { return }
    let outputs = plan.embeddingOutputs.map {
      UnsafeMutableRawPointer.allocate(
        byteCount: max(1, batch.count * $0.columns * settings.dtype.byteCount), alignment: 64)
    }
    defer { for output in outputs { output.deallocate() } }
    for (index, output) in outputs.enumerated() { embedding.setOutput(index, output) }
    try embedding.forward(batch)
    var start = 0
    for (index, output) in plan.embeddingOutputs.enumerated() where index != plan.firstOrderOutput {
      for sample in 0..<batch.count {
        for column in 0..<output.columns {
          let element = sample * output.columns + column
          rows[sample * width + start + column] =
            settings.dtype == .float64
            ? Float(outputs[index].assumingMemoryBound(to: Double.self)[element])
            : outputs[index].assumingMemoryBound(to: Float.self)[element]
        }
      }
      start += output.columns
    }
  }
}
