import DMTCore

extension ManifestRules {
  mutating func checkFeatures() {
    let features = root["features"]?.entries ?? []
    let dense = root["dense"]?.entries ?? []
    if root["features"] != nil, root["dense"] != nil, features.isEmpty, dense.isEmpty {
      errors.add(
        "the manifest has neither features nor dense features, expected at least one", at: root.origin,
        remedy: "add a feature: features: {user: user_id}")
    }
    for feature in dense where features.contains(where: { $0.key == feature.key }) {
      errors.add(
        "dense.\(feature.key) has the name of a categorical feature, expected one name for one feature",
        at: feature.keyOrigin, remedy: "rename one of them; both may read the same column")
    }
    checkColumns(of: features, section: "features")
    checkColumns(of: dense, section: "dense")
    checkLabel()
    for feature in features { checkBands(feature) }
    for feature in dense { checkTransform(feature) }
  }

  private mutating func checkColumns(of features: [ManifestNode.Entry], section: String) {
    let label = labelColumn
    let known = knownColumns
    for feature in features {
      guard let column = feature.value["column"], let name = text(column) else { continue }
      if name == label {
        errors.add(
          "\(section).\(feature.key) reads '\(name)', the column of the label", at: column.origin,
          remedy: "remove the feature: a model that reads its label learns nothing else")
      } else if let known, !known.contains(name) {
        errors.add(
          "\(section).\(feature.key) reads column '\(name)', which the data do not have", at: column.origin,
          remedy: known.count > 40
            ? Spelling.nearest(to: name, in: known).map { "did you mean '\($0)'?" }
            : Spelling.suggestion(for: name, in: known))
      }
    }
  }

  /// The column of the label of CSV data and of a plugin's format; other formats have a label without a name.
  private var labelColumn: String? {
    guard let format = text(root["data"]?["format"]),
      format == DataSection.Format.csv.rawValue || catalog.readers[format] != nil
    else { return nil }
    return text(root["data"]?["label"]?["column"])
  }

  private mutating func checkLabel() {
    guard let column = root["data"]?["label"]?["column"], let name = labelColumn, let known = knownColumns,
      !known.contains(name)
    else { return }
    errors.add(
      "data.label reads column '\(name)', which the data do not have", at: column.origin,
      remedy: Spelling.suggestion(for: name, in: known))
  }

  private mutating func checkBands(_ feature: ManifestNode.Entry) {
    var seen: Set<Double> = []
    for band in feature.value["bands"]?.elements ?? [] {
      guard let from = band["from"], let start = number(from), !seen.insert(start).inserted else { continue }
      errors.add(
        "features.\(feature.key).bands has two bands from \(NumberBounds.text(start))", at: from.origin,
        remedy: "remove one")
    }
  }

  private mutating func checkTransform(_ feature: ManifestNode.Entry) {
    guard let transform = feature.value["transform"], let steps = transform.elements else { return }
    let names = steps.compactMap { text($0) }
    guard names.count == steps.count,
      !["", "log1p", "standardise", "log1p standardise"].contains(names.joined(separator: " "))
    else { return }
    errors.add(
      "dense.\(feature.key).transform is [\(names.joined(separator: ", "))], expected log1p and standardise at most once "
        + "and in this order", at: transform.origin)
  }

  /// Features of one table share rows, so that everything that makes a row must be the same.
  mutating func checkSharedTables() {
    let features = root["features"]?.entries ?? []
    var first: [String: ManifestNode.Entry] = [:]
    for feature in features {
      let table = text(feature.value["table"]) ?? feature.key
      guard let other = first[table] else {
        first[table] = feature
        continue
      }
      for key in ["dim", "min_count", "hash", "index", "bands", "quantiles"]
      where !isSame(feature.value[key], other.value[key]) {
        errors.add(
          "features.\(feature.key) and features.\(other.key) share table '\(table)' but differ in '\(key)'",
          at: place(of: key, in: feature),
          remedy: "give both the same \(key), or each its own table")
      }
    }
  }

  /// Where the key was written, or, for a default, where the feature was.
  private func place(of key: String, in feature: ManifestNode.Entry) -> ManifestOrigin {
    guard let origin = feature.value[key]?.origin, origin != .defaultValue else { return feature.keyOrigin }
    return origin
  }

  /// Equal as values, wherever and however they were written.
  private func isSame(_ a: ManifestNode?, _ b: ManifestNode?) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    switch (a.content, b.content) {
    case (.scalar(let left), .scalar(let right)):
      return left.value == right.value || (number(a) != nil && number(a) == number(b))
    case (.sequence(let left), .sequence(let right)):
      return left.count == right.count && zip(left, right).allSatisfy { isSame($0, $1) }
    case (.mapping(let left), .mapping(let right)):
      return left.count == right.count && left.allSatisfy { isSame($0.value, b[$0.key]) }
    default:
      return false
    }
  }
}
