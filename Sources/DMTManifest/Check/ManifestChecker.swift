import DMTCore

/// Holds a tree against its form and yields the effective tree: short forms written out, defaults filled in, keys in
/// the order of the reference.
///
/// A value that does not fit is reported and left out, and the check goes on with the next one.
struct ManifestChecker {
  /// What towers may list, in the order of the file: features, or the parts of one whose columns are split.
  let featureNames: [String]
  /// The file that the manifest takes its towers from.
  var towersFile: TowersFile?
  var errors = ManifestErrors()

  /// The effective form of `node`, or nil when nothing of it can be used.
  ///
  /// - Parameter path: the value's dotted name, for messages; empty for the root.
  /// - Parameter keyOrigin: where the value's key was written, the place of a complaint about a missing key.
  mutating func checked(
    _ node: ManifestNode, _ form: Form, path: String, keyOrigin: ManifestOrigin
  ) -> ManifestNode? {
    switch form {
    case .nullable(let inner):
      return node.isNull ? node : checked(node, inner, path: path, keyOrigin: keyOrigin)
    case .either(let scalar, let mapping):
      if node.entries != nil { return checked(node, mapping, path: path, keyOrigin: keyOrigin) }
      if node.scalar == nil || node.isNull { return wrongType(node, form, path) }
      return checked(node, scalar, path: path, keyOrigin: keyOrigin)
    case .record(let record):
      return checkedRecord(node, record, form, path: path, keyOrigin: keyOrigin)
    case .variants(let variants):
      return checkedVariant(node, variants, form, path: path, keyOrigin: keyOrigin)
    case .map(let map):
      return checkedMap(node, map, form, path: path, keyOrigin: keyOrigin)
    case .list(let element, let minimum, let allowsSingle):
      return checkedList(node, element, minimum, allowsSingle, form, path: path)
    case .bool, .int, .number, .text, .verbatim:
      return checkedScalar(node, form, path: path)
    }
  }

  mutating func wrongType(_ node: ManifestNode, _ form: Form, _ path: String) -> ManifestNode? {
    let remedy: String? =
      switch (form, node.scalar?.value) {
      case (_, .null): "give it a value or remove the key"
      case (.text(let rule), .int), (.text(let rule), .double), (.text(let rule), .bool):
        rule.choices.isEmpty ? "put it in quotes" : nil
      default: nil
      }
    errors.add(
      "\(path.isEmpty ? "the manifest" : path) is \(node.phrase), expected \(form.phrase)", at: node.origin,
      remedy: remedy)
    return nil
  }

  private mutating func checkedList(
    _ node: ManifestNode, _ element: Form, _ minimum: Int, _ allowsSingle: Bool, _ form: Form, path: String
  ) -> ManifestNode? {
    let elements: [ManifestNode]
    if let found = node.elements {
      elements = found
    } else if allowsSingle, node.scalar != nil, !node.isNull {
      guard let single = checked(node, element, path: path, keyOrigin: node.origin) else { return nil }
      return .list([single], origin: node.origin)
    } else {
      return wrongType(node, form, path)
    }
    if elements.count < minimum {
      errors.add("\(path) has \(elements.count) elements, expected at least \(minimum)", at: node.origin)
    }
    var result: [ManifestNode] = []
    for (index, value) in elements.enumerated() {
      if let value = checked(value, element, path: "\(path).\(index)", keyOrigin: value.origin) { result.append(value) }
    }
    return .list(result, origin: node.origin)
  }

  private mutating func checkedMap(
    _ node: ManifestNode, _ map: NamedMap, _ form: Form, path: String, keyOrigin: ManifestOrigin
  ) -> ManifestNode? {
    guard let written = node.entries else { return wrongType(node, form, path) }
    var entries = written
    var isGenerated = StridedTowers.isGenerator(node) && map.generator != nil
    if map.fileGenerator != nil, TowersFile.isReference(node) {
      guard let towers = towersFile?.expanded(node, path: path, errors: &errors) else { return nil }
      entries = towers
      isGenerated = true
    } else if isGenerated {
      guard let towers = StridedTowers.expanded(node, features: featureNames, path: path, errors: &errors) else {
        return nil
      }
      entries = towers
    }
    var result: [ManifestNode.Entry] = []
    for entry in entries {
      if map.hasPlainNames, !TextRule.isName(entry.key) {
        errors.add(
          "\(map.noun) name '\(entry.key)' in \(path), expected letters, digits, '_' and '-' only", at: entry.keyOrigin,
          remedy: "rename it")
        continue
      }
      let before = errors.errors.count
      let value = checked(entry.value, map.form, path: "\(path).\(entry.key)", keyOrigin: entry.keyOrigin)
      if let value { result.append(.init(key: entry.key, keyOrigin: entry.keyOrigin, value: value)) }
      // The towers of a generator are alike: one complaint is enough.
      if isGenerated, errors.errors.count > before { return nil }
    }
    return ManifestNode(.mapping(result), origin: node.origin)
  }
}
