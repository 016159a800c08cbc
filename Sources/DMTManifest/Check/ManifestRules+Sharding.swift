import DMTCore

extension ManifestRules {
  /// `sharding.tables` names tables of the model.
  mutating func checkSharding() {
    guard isWhole, let tables = root["sharding"]?["tables"]?.entries, !tables.isEmpty else { return }
    let known = tableNames
    for table in tables where !known.contains(table.key) {
      errors.add(
        "unknown table '\(table.key)' in sharding.tables", at: table.keyOrigin,
        remedy: Spelling.suggestion(for: table.key, in: known))
    }
  }

  /// The model's tables: one a feature unless several share it, `TABLE#0` .. for one whose columns are split, and
  /// `TABLE.first_order` where the over-arch wants first-order weights.
  private var tableNames: [String] {
    let splits = root["model"]?["split"]
    var hasFirstOrder = false
    if case .bool(true)? = root["model"]?["over_arch"]?["first_order"]?.scalar?.value { hasFirstOrder = true }
    var names: [String] = []
    var seen: Set<String> = []
    for feature in root["features"]?.entries ?? [] {
      let table = text(feature.value["table"]) ?? feature.key
      guard seen.insert(table).inserted else { continue }
      if let parts = splits?[feature.key]?.elements {
        names += parts.indices.map { "\(table)#\($0)" }
      } else {
        names.append(table)
      }
      if hasFirstOrder { names.append("\(table).first_order") }
    }
    return names
  }
}
