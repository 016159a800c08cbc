import DMTCore

extension ManifestNode {
  /// What the towers of this manifest may list: its features in their order, `NAME#0`, `NAME#1` .. for one whose columns are
  /// split.
  var towerFeatures: [String] {
    let splits = self["model"]?["split"]
    return (self["features"]?.entries ?? []).flatMap { feature in
      guard let parts = splits?[feature.key]?.elements, parts.count > 1 else { return [feature.key] }
      return parts.indices.map { "\(feature.key)#\($0)" }
    }
  }
}

extension ManifestRules {
  /// The parts of a feature's columns make up its embedding, and features of one table are split alike.
  mutating func checkSplits() {
    guard let splits = root["model"]?["split"]?.entries, !splits.isEmpty else { return }
    let features = root["features"]?.entries ?? []
    var widths: [String: [Double]] = [:]
    for split in splits {
      guard let feature = features.first(where: { $0.key == split.key }) else {
        errors.add(
          "unknown feature '\(split.key)' in model.split", at: split.keyOrigin,
          remedy: Spelling.suggestion(for: split.key, in: features.map(\.key)))
        continue
      }
      let parts = (split.value.elements ?? []).compactMap { number($0) }
      widths[split.key] = parts
      guard let dim = number(feature.value["dim"] ?? root["model"]?["dim"]) else { continue }
      let sum = parts.reduce(0, +)
      if sum != dim {
        errors.add(
          "model.split.\(split.key) adds up to \(NumberBounds.text(sum)) columns, the feature's embedding has "
            + NumberBounds.text(dim), at: split.value.origin)
      }
    }
    var first: [String: String] = [:]
    for feature in features {
      let table = text(feature.value["table"]) ?? feature.key
      guard let other = first[table] else {
        first[table] = feature.key
        continue
      }
      if widths[feature.key] != widths[other],
        let split = splits.first(where: { [feature.key, other].contains($0.key) })
      {
        errors.add(
          "features '\(other)' and '\(feature.key)' share table '\(table)' but are split differently",
          at: split.keyOrigin, remedy: "give both the same widths, or each its own table")
      }
    }
  }
}
