import DMTCore

/// The short way to write towers: `towers: {count: 4, module: tower.dcn, ..}`.
///
/// Tower i is named `towerI` and reads features i, i + count, i + 2 count, ..; all towers have the same module.
enum StridedTowers {
  /// The keys that only this form has.
  static let keys = [
    Key("count", .int(1...10_000), .required, "How many towers; at most as many as features."),
    Key("assign", .choice(["strided"]), .defaultsTo(.text("strided")), "Feature i goes to tower i modulo count."),
  ]

  /// True when the mapping under `towers` is of this form: a tower named `count` would be a mapping.
  static func isGenerator(_ towers: ManifestNode) -> Bool { towers["count"]?.scalar != nil }

  static func name(_ index: Int) -> String { "tower\(index)" }

  /// The towers written out, or nil after a complaint.
  static func expanded(
    _ node: ManifestNode, features: [String], path: String, errors: inout ManifestErrors
  ) -> [ManifestNode.Entry]? {
    var checker = ManifestChecker(featureNames: features)
    var count: Int?
    for key in keys {
      guard let entry = node.entry(key.name) else { continue }
      let value = checker.checked(entry.value, key.form, path: "\(path).\(key.name)", keyOrigin: entry.keyOrigin)
      if key.name == "count", case .int(let number)? = value?.scalar?.value { count = number }
    }
    for error in checker.errors.errors { errors.append(error) }
    guard let count, checker.errors.errors.isEmpty, let countNode = node["count"] else { return nil }
    guard count <= features.count else {
      errors.add(
        "\(path) asks for \(count) towers of \(features.count) features, expected at most one tower a feature",
        at: countNode.origin)
      return nil
    }
    let shared = (node.entries ?? []).filter { entry in !keys.contains { $0.name == entry.key } }
    return (0..<count).map { tower in
      let mine = stride(from: tower, to: features.count, by: count).map {
        ManifestNode.text(features[$0], origin: countNode.origin)
      }
      let list = ManifestNode.Entry(
        key: "features", keyOrigin: countNode.origin, value: .list(mine, origin: countNode.origin))
      return .init(
        key: name(tower), keyOrigin: countNode.origin,
        value: ManifestNode(.mapping([list] + shared), origin: node.origin))
    }
  }
}
