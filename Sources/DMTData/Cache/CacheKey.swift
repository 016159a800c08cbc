import DMTCore
import DMTManifest

/// What a cache depends on, written out: the text is hashed, so nothing may be left out and no two settings may look alike.
enum CacheKey {
  /// The canonical text of the preprocessing; dimensions, pooling and paths are no part of it.
  static func text(data: DataSection, features: [FeatureSpec], dense: [DenseSpec], hasCacheOf hashes: [String])
    -> String
  {
    var lines = ["dmt data \(SampleImage.formatVersion)"]
    lines.append("format \(data.format.rawValue)")
    if let use = data.reader {
      lines.append("reader \(quoted(use.reader.name)) \(use.reader.contentRevision)")
      for (name, value) in use.attributes.values.sorted(by: { $0.key < $1.key }) {
        lines.append("attribute \(quoted(name)) \(value)".debugDescription)
      }
    }
    lines.append("inputs \(hashes)")
    lines.append("files valid=\(data.validPath != nil) test=\(data.testPath != nil)")
    lines.append("columns \(data.columns.map { "\($0)" } ?? "header")")
    lines.append("delimiter \(quoted(data.delimiter)) trim=\(data.trim)")
    lines.append("skip \(data.skipLines) \(data.testSkipLines)")
    lines.append("missing \(data.missing)")
    for join in data.joins { lines.append("join \(quoted(join.key)) \(quoted(join.on))") }
    lines.append("label \(quoted(data.labelColumn)) \(label(data.labelRule))")
    lines.append("split \(split(data.split))")
    if data.format == .synthetic, let spec = data.synthetic {
      lines.append(
        "synthetic \(spec.samples) \(spec.features) \(spec.rows) \(spec.zipf) \(spec.pooling) \(spec.dense) \(spec.groups) "
          + "\(spec.noise) \(spec.seed)")
    }
    for feature in features {
      lines.append(
        "feature \(quoted(feature.name)) \(quoted(feature.column)) \(quoted(feature.table ?? feature.name)) "
          + "\(feature.separator.map(quoted) ?? "single") \(transform(feature.transform)) \(encoding(feature.encoding))"
      )
    }
    for column in dense {
      lines.append(
        "dense \(quoted(column.name)) \(quoted(column.column)) \(column.transform.rawValue) \(column.missing)")
    }
    return lines.joined(separator: "\n")
  }

  private static func quoted(_ text: String) -> String { text.debugDescription }

  private static func label(_ rule: DataSection.LabelRule) -> String {
    switch rule {
    case .binary: "binary"
    case .atLeast(let bound): "at least \(bound)"
    case .oneOf(let texts): "one of \(texts)"
    }
  }

  private static func split(_ split: DataSection.Split) -> String {
    switch split {
    case .rows: "rows"
    case .files: "files"
    case .column(let name, let train, let valid, let test): "column \(quoted(name)) \(train) \(valid) \(test)"
    }
  }

  private static func transform(_ transform: FeatureSpec.Transform) -> String {
    switch transform {
    case .text: "text"
    case .bands(let bands): "bands \(bands.map { "\($0.from)/\($0.width)" })"
    case .quantiles(let bins, let zeroApart): "quantiles \(bins) \(zeroApart)"
    }
  }

  private static func encoding(_ encoding: FeatureSpec.Encoding) -> String {
    switch encoding {
    case .vocabulary(let minimumCount): "vocabulary \(minimumCount)"
    case .hash(let rows): "hash \(rows)"
    case .index(let rows): "index \(rows)"
    }
  }
}
