import DMTCore

/// A value given on the command line: `--set train.batch=1024`.
struct ManifestOverride {
  /// The override as it was given, `path=value`.
  let text: String
  /// The keys and list positions from the root to the value.
  let path: [String]
  let value: ManifestNode

  /// Reads `path=value`; the value is YAML.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for a text without a path, ``DMTError/Code/invalidManifest`` for a
  ///   value that is not YAML.
  init(_ text: String) throws(DMTError) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw DMTError(
        .invalidArgument, "override '\(text)' has no path, expected path=value",
        remedy: "write it like --set train.batch=1024")
    }
    self.text = text
    path = text[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    value = try YAMLReader.read(String(text[text.index(after: equals)...]), override: text)
  }

  /// The tree with the value at its path; short forms on the way are written out.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for a path that no manifest has.
  func applied(to root: ManifestNode, grammar: ManifestGrammar) throws(DMTError) -> ManifestNode {
    let features = root.towerFeatures
    return try set(root, .record(grammar.root), from: 0, features: features)
  }

  private var origin: ManifestOrigin { .override(text) }

  private func unknown(at depth: Int, _ known: [String]) -> DMTError {
    let parent = path[..<depth].joined(separator: ".")
    let prefix = parent.isEmpty ? "" : parent + "."
    let name = path[depth]
    let nearest = Spelling.nearest(to: name, in: known)
    return DMTError(
      .invalidArgument, "there is no '\(prefix)\(name)' in this manifest", place: origin.place,
      remedy: nearest.map { "did you mean '\(prefix)\($0)'?" } ?? Spelling.suggestion(for: name, in: known))
  }

  private func notAContainer(_ depth: Int) -> DMTError {
    DMTError(
      .invalidArgument, "'\(path[..<depth].joined(separator: "."))' is a single value and has nothing below it",
      place: origin.place, remedy: "end the path there")
  }

  /// `node` (nil: absent, or null) with the value at `path[depth...]`.
  private func set(
    _ node: ManifestNode?, _ form: Form, from depth: Int, features: [String]
  ) throws(DMTError) -> ManifestNode {
    guard depth < path.count else { return value }
    switch form {
    case .bool, .int, .number, .text, .verbatim:
      throw notAContainer(depth)
    case .nullable(let inner):
      return try set(node.flatMap { $0.isNull ? nil : $0 }, inner, from: depth, features: features)
    case .either(_, let mapping):
      return try set(node.flatMap { $0.entries == nil ? nil : $0 }, mapping, from: depth, features: features)
    case .record(let record):
      let mapping = try base(node.map { ShortForms.expanded($0, record) }, depth)
      return try setKey(mapping, record, also: [], from: depth, features: features)
    case .variants(let variants):
      let mapping = try base(node.map { ShortForms.expanded($0, variants) }, depth)
      return try setVariant(mapping, variants, from: depth, features: features)
    case .map(let map):
      return try setName(base(node.map { $0.entries == nil ? nil : $0 }, depth), map, from: depth, features: features)
    case .list(let element, _, let allowsSingle):
      return try setElement(node, element, allowsSingle, from: depth, features: features)
    }
  }

  /// The mapping to change: an empty one for an absent value; a value that is no mapping is an error.
  private func base(_ mapping: ManifestNode??, _ depth: Int) throws(DMTError) -> ManifestNode {
    guard let mapping else { return .emptyMapping(origin: origin) }
    guard let mapping else { throw notAContainer(depth) }
    return mapping
  }

  private func setVariant(
    _ mapping: ManifestNode, _ variants: Variants, from depth: Int, features: [String]
  ) throws(DMTError) -> ManifestNode {
    var name = variants.defaultVariant
    if case .text(let text)? = mapping[variants.discriminator]?.scalar?.value { name = text }
    // A key of another variant is let through: a later override may select that variant. The check has the last word.
    let others = variants.variants.compactMap { variants.record($0.name) }
    let record = name.flatMap { variants.record($0) }
    guard let first = record ?? others.first else { throw unknown(at: depth, [variants.discriminator]) }
    return try setKey(mapping, first, also: others, from: depth, features: features)
  }

  private func setKey(
    _ mapping: ManifestNode, _ record: Record, also others: [Record], from depth: Int, features: [String]
  ) throws(DMTError) -> ManifestNode {
    let name = path[depth]
    guard let key = record[name] ?? others.lazy.compactMap({ $0[name] }).first else {
      throw unknown(at: depth, record.keys.map(\.name))
    }
    var fallback: ManifestNode?
    if case .defaultsTo(let value) = key.absence { fallback = value }
    let value = try set(mapping[name] ?? fallback, key.form, from: depth + 1, features: features)
    // The override wins over a key that excludes it.
    let excluded = record.choices.filter { $0.keys.contains(name) }.flatMap(\.keys).filter { $0 != name }
    return mapping.replacing(name, with: value, origin: origin, removing: excluded)
  }

  private func setName(
    _ mapping: ManifestNode, _ map: NamedMap, from depth: Int, features: [String]
  ) throws(DMTError) -> ManifestNode {
    if map.isOpen {
      // Such a name may itself hold dots.
      return mapping.replacing(path[depth...].joined(separator: "."), with: value, origin: origin, removing: [])
    }
    var mapping = mapping
    if let form = map.fileGenerator, TowersFile.isReference(mapping) {
      return try set(mapping, form, from: depth, features: features)
    }
    if let generator = map.generator, StridedTowers.isGenerator(mapping) {
      var errors = ManifestErrors()
      let parent = path[..<depth].joined(separator: ".")
      let towers = StridedTowers.expanded(mapping, features: features, path: parent, errors: &errors)
      guard let towers, towers.contains(where: { $0.key == path[depth] }) else {
        return try set(mapping, generator, from: depth, features: features)
      }
      mapping = ManifestNode(.mapping(towers), origin: mapping.origin)
    }
    let name = path[depth]
    guard let child = mapping[name] else {
      throw unknown(at: depth, (mapping.entries ?? []).map(\.key))
    }
    let value = try set(child, map.form, from: depth + 1, features: features)
    return mapping.replacing(name, with: value, origin: origin, removing: [])
  }

  private func setElement(
    _ node: ManifestNode?, _ element: Form, _ allowsSingle: Bool, from depth: Int, features: [String]
  ) throws(DMTError) -> ManifestNode {
    var elements: [ManifestNode] = []
    if let node {
      if let found = node.elements {
        elements = found
      } else if allowsSingle, node.scalar != nil {
        elements = [node]
      } else {
        throw notAContainer(depth)
      }
    }
    guard let index = Int(path[depth]), (0...elements.count).contains(index) else {
      throw DMTError(
        .invalidArgument,
        "'\(path[...depth].joined(separator: "."))' is not a position of a list of \(elements.count) elements",
        place: origin.place, remedy: "use 0 to \(elements.count); \(elements.count) appends")
    }
    let old = index < elements.count ? elements[index] : nil
    let new = try set(old, element, from: depth + 1, features: features)
    if index < elements.count { elements[index] = new } else { elements.append(new) }
    return .list(elements, origin: node?.origin ?? origin)
  }
}

extension ManifestNode {
  /// This mapping with `key` set, in its place when it is there already, and without the keys of `removed`.
  fileprivate func replacing(
    _ key: String, with value: ManifestNode, origin: ManifestOrigin, removing removed: [String]
  ) -> ManifestNode {
    var entries = (self.entries ?? []).filter { !removed.contains($0.key) }
    if let index = entries.firstIndex(where: { $0.key == key }) {
      entries[index].value = value
    } else {
      entries.append(Entry(key: key, keyOrigin: origin, value: value))
    }
    return ManifestNode(.mapping(entries), origin: self.origin)
  }
}
