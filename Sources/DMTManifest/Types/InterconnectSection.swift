public import DMTCore

/// What joins ranks.
public struct InterconnectSection: Sendable, Equatable {
  /// The interconnect; nil: the one that fits how the run is started.
  public var name: String?
  /// The longest that a rank waits for another one.
  public var timeoutSeconds: Int
  public var place: DMTError.Place

  public init(name: String? = nil, timeoutSeconds: Int = 60, place: DMTError.Place = .init()) {
    self.name = name
    self.timeoutSeconds = timeoutSeconds
    self.place = place
  }

  /// The interconnects of this project's plugins: a manifest may name them where they are not installed.
  public static let defaultInterconnects = ["threads", "mpi"]
}
