/// Writes short forms out: `user: user_id` is `user: {column: user_id}`.
enum ShortForms {
  /// The mapping that `node` stands for, or nil when it stands for none.
  static func expanded(_ node: ManifestNode, _ record: Record) -> ManifestNode? {
    if node.entries != nil { return node }
    guard node.scalar != nil, let key = record.shorthand else { return nil }
    return wrapped(node, key)
  }

  /// The mapping that `node` stands for, or nil when it stands for none.
  static func expanded(_ node: ManifestNode, _ variants: Variants) -> ManifestNode? {
    if node.entries != nil { return node }
    guard node.scalar != nil, variants.allowsShorthand else { return nil }
    return wrapped(node, variants.discriminator)
  }

  private static func wrapped(_ node: ManifestNode, _ key: String) -> ManifestNode? {
    guard !node.isNull else { return nil }
    return ManifestNode(.mapping([.init(key: key, keyOrigin: node.origin, value: node)]), origin: node.origin)
  }
}
