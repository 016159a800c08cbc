import DMTCore
import Yams

/// Reads YAML into a tree that knows where each key and value was written.
///
/// Anchors, aliases and merge keys (`<<`) are resolved; tags are refused. A limit on size and depth keeps a small file
/// of nested aliases from filling the memory.
struct YAMLReader {
  private static let maximumNodes = 200_000
  private static let maximumDepth = 64

  /// Makes the origin of a position; an override's value has one origin throughout.
  private let origin: (_ line: Int, _ column: Int) -> ManifestOrigin
  private var nodes = 0

  private init(origin: @escaping (Int, Int) -> ManifestOrigin) { self.origin = origin }

  /// The tree of a manifest's text, or nil when the text holds no value.
  ///
  /// - Throws: ``DMTError/Code/invalidManifest`` with file, line and column for text that is not YAML.
  static func read(_ text: String, file: String) throws(DMTError) -> ManifestNode? {
    try read(text) { .file(file, line: $0, column: $1) }
  }

  /// The tree of an override's value; an empty text is null.
  ///
  /// - Throws: ``DMTError/Code/invalidManifest`` for text that is not YAML.
  static func read(_ text: String, override: String) throws(DMTError) -> ManifestNode {
    try read(text) { _, _ in .override(override) } ?? .null(origin: .override(override))
  }

  private static func read(
    _ text: String, origin: @escaping (Int, Int) -> ManifestOrigin
  ) throws(DMTError) -> ManifestNode? {
    // A byte order mark would shift the columns of the first line.
    let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    let root: Node?
    do {
      root = try compose(text)
    } catch {
      throw YAMLSyntaxError.located(error, text: text, origin: origin)
    }
    guard let root else { return nil }
    var reader = YAMLReader(origin: origin)
    return try reader.convert(root, depth: 0)
  }

  /// Parses without a resolver: what a plain scalar means is ``ManifestScalar``'s business.
  static func compose(_ text: String) throws -> Node? {
    try Yams.compose(yaml: text, .basic, .default, .utf8)
  }

  private func originOf(_ node: Node) -> ManifestOrigin {
    // Every node that the parser made has a mark.
    origin(node.mark?.line ?? 1, node.mark?.column ?? 1)
  }

  private func failure(_ message: String, _ node: Node, remedy: String? = nil) -> DMTError {
    DMTError(.invalidManifest, message, place: originOf(node).place, remedy: remedy)
  }

  private mutating func convert(_ node: Node, depth: Int) throws(DMTError) -> ManifestNode {
    nodes += 1
    guard nodes <= Self.maximumNodes else {
      throw failure("the manifest has more than \(Self.maximumNodes) values, aliases counted as often as used", node)
    }
    guard depth <= Self.maximumDepth else {
      throw failure("lists and mappings are nested deeper than \(Self.maximumDepth) levels", node)
    }
    switch node {
    case .scalar(let scalar):
      try refuseTag(scalar.tag, of: node)
      // A quoted scalar carries the tag of texts.
      let isPlain = scalar.style == .plain && scalar.tag.rawValue != Tag.Name.str.rawValue
      return ManifestNode(.scalar(ManifestScalar(scalar.string, isPlain: isPlain)), origin: originOf(node))
    case .sequence(let sequence):
      try refuseTag(sequence.tag, of: node)
      var elements: [ManifestNode] = []
      for element in sequence { elements.append(try convert(element, depth: depth + 1)) }
      return ManifestNode(.sequence(elements), origin: originOf(node))
    case .mapping(let mapping):
      try refuseTag(mapping.tag, of: node)
      return try convert(mapping, of: node, depth: depth)
    case .alias:
      throw failure("an alias that stands for nothing", node)
    }
  }

  private mutating func convert(
    _ mapping: Node.Mapping, of node: Node, depth: Int
  ) throws(DMTError) -> ManifestNode {
    var entries: [ManifestNode.Entry] = []
    var merged: [ManifestNode.Entry] = []
    var seen: [String: ManifestOrigin] = [:]
    for (key, value) in mapping {
      guard case .scalar(let name) = key else { throw failure("a key is a list or a mapping, expected a name", key) }
      if name.string == "<<", name.style == .plain {
        merged += try mergedEntries(value, depth: depth + 1)
        continue
      }
      let origin = originOf(key)
      if let first = seen.updateValue(origin, forKey: name.string) {
        throw DMTError(
          .invalidManifest, "key '\(name.string)' is given twice, first at \(first.comment)", place: origin.place,
          remedy: "keep one of them")
      }
      let converted = try convert(value, depth: depth + 1)
      entries.append(ManifestNode.Entry(key: name.string, keyOrigin: origin, value: converted))
    }
    // The mapping's own keys win over merged ones, and earlier merged ones over later ones.
    for entry in merged where seen.updateValue(entry.keyOrigin, forKey: entry.key) == nil { entries.append(entry) }
    return ManifestNode(.mapping(entries), origin: originOf(node))
  }

  private mutating func mergedEntries(_ value: Node, depth: Int) throws(DMTError) -> [ManifestNode.Entry] {
    let sources = if case .sequence(let sequence) = value { Array(sequence) } else { [value] }
    var merged: [ManifestNode.Entry] = []
    for source in sources {
      guard let entries = try convert(source, depth: depth).entries else {
        throw failure("'<<' merges something that is not a mapping", source, remedy: "give it an alias of a mapping")
      }
      merged += entries
    }
    return merged
  }

  private func refuseTag(_ tag: Tag, of node: Node) throws(DMTError) {
    let name = tag.rawValue
    guard name != Tag.Name.implicit.rawValue, name != Tag.Name.str.rawValue else { return }
    throw failure("tag '\(name)' is not allowed in a manifest", node, remedy: "remove the tag")
  }
}
