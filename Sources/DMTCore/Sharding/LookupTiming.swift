/// When the rows of a batch are looked up.
public enum LookupTiming: String, Sendable, Hashable, CaseIterable, Encodable {
  /// After the update of the batch before: what one process computes.
  case synchronous
  /// Before the update of the batch before, so that embeddings travel while it computes. Rows are one update old.
  case semiSynchronous = "semi_synchronous"

  /// The word in manifests.
  public var name: String { rawValue }
}
