/// How the ranks keep the over-arch's parameters, gradients and optimizer states (FSDP, VLDB 2023).
///
/// Tower modules stay whole on every rank of their tower group.
public enum DenseSharding: Sendable, Hashable {
  /// Every rank keeps everything.
  case replicated
  /// Ranks keep parts of everything; units of about `unitBytes` are brought together where they are computed with.
  case fullySharded(Mode, unitBytes: Int)

  /// Which ranks keep parts, and how long a unit stays whole.
  public enum Mode: Sendable, Hashable, CaseIterable {
    /// Parts over all ranks; a unit is brought together before its forward and again before its backward.
    case full
    /// Parts over all ranks; a unit that was brought together before forward stays until it is updated.
    case gradOp
    /// Parts over the ranks of a host, alike on every host; otherwise as `full`.
    case hybrid

    /// The word in manifests.
    public var name: String {
      switch self {
      case .full: "fully_sharded"
      case .gradOp: "grad_op"
      case .hybrid: "hybrid"
      }
    }

    /// One sentence for messages and manifests.
    public var summary: String {
      switch self {
      case .full: "Parts over all ranks, brought together before forward and again before backward."
      case .gradOp: "Parts over all ranks, brought together before forward and kept whole until the update."
      case .hybrid: "Parts over the ranks of a host, the same on every host; otherwise as fully_sharded."
      }
    }

    /// The mode that a manifest calls `name`.
    public init?(name: String) {
      guard let found = Mode.allCases.first(where: { $0.name == name }) else { return nil }
      self = found
    }
  }

  /// Bytes of a unit where nothing else is said.
  public static let defaultUnitBytes = 4 << 20

  /// Units of ``defaultUnitBytes``.
  public static func fullySharded(_ mode: Mode) -> DenseSharding {
    .fullySharded(mode, unitBytes: defaultUnitBytes)
  }

  /// The word in manifests.
  public var name: String {
    switch self {
    case .replicated: "replicated"
    case .fullySharded(let mode, _): mode.name
    }
  }
}
