/// A value of the manifest with the place at which it was written.
public struct ManifestNode: Sendable, Equatable {
  /// One key of a mapping.
  public struct Entry: Sendable, Equatable {
    public var key: String
    /// Where the key was written.
    public var keyOrigin: ManifestOrigin
    public var value: ManifestNode

    public init(key: String, keyOrigin: ManifestOrigin, value: ManifestNode) {
      self.key = key
      self.keyOrigin = keyOrigin
      self.value = value
    }
  }

  /// What the value is.
  public enum Content: Sendable, Equatable {
    case scalar(ManifestScalar)
    case sequence([ManifestNode])
    /// Keys in the order of the file; no key twice.
    case mapping([Entry])
  }

  public var content: Content
  public var origin: ManifestOrigin

  public init(_ content: Content, origin: ManifestOrigin) {
    self.content = content
    self.origin = origin
  }

  /// The value of `key`, when this is a mapping that has it.
  public subscript(key: String) -> ManifestNode? { entry(key)?.value }

  /// The entry of `key`, when this is a mapping that has it.
  public func entry(_ key: String) -> Entry? { entries?.first { $0.key == key } }

  /// The keys and values, when this is a mapping.
  public var entries: [Entry]? {
    if case .mapping(let entries) = content { entries } else { nil }
  }

  /// The elements, when this is a sequence.
  public var elements: [ManifestNode]? {
    if case .sequence(let elements) = content { elements } else { nil }
  }

  /// The scalar, when this is one.
  public var scalar: ManifestScalar? {
    if case .scalar(let scalar) = content { scalar } else { nil }
  }

  /// True for `null`, `~` and a key without a value.
  public var isNull: Bool { scalar?.value == .null }

  /// The value in words, for messages: `the text 'abc'`, `a list`.
  public var phrase: String {
    switch content {
    case .scalar(let scalar): scalar.phrase
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}

extension ManifestNode {
  static func text(_ text: String, origin: ManifestOrigin = .defaultValue) -> ManifestNode {
    ManifestNode(.scalar(ManifestScalar(text, isPlain: false)), origin: origin)
  }

  static func bool(_ value: Bool, origin: ManifestOrigin = .defaultValue) -> ManifestNode {
    ManifestNode(.scalar(ManifestScalar(String(value), isPlain: true)), origin: origin)
  }

  static func int(_ value: Int, origin: ManifestOrigin = .defaultValue) -> ManifestNode {
    ManifestNode(.scalar(ManifestScalar(String(value), isPlain: true)), origin: origin)
  }

  static func number(_ value: Double, origin: ManifestOrigin = .defaultValue) -> ManifestNode {
    ManifestNode(.scalar(ManifestScalar(ManifestScalar.text(of: value), isPlain: true)), origin: origin)
  }

  static func null(origin: ManifestOrigin = .defaultValue) -> ManifestNode {
    ManifestNode(.scalar(ManifestScalar("null", isPlain: true)), origin: origin)
  }

  static func list(_ elements: [ManifestNode], origin: ManifestOrigin = .defaultValue) -> ManifestNode {
    ManifestNode(.sequence(elements), origin: origin)
  }

  /// The empty mapping: of a section with this default, every key has its own default.
  static func emptyMapping(origin: ManifestOrigin = .defaultValue) -> ManifestNode {
    ManifestNode(.mapping([]), origin: origin)
  }
}
