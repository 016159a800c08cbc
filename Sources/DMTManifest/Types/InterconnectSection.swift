public import DMTCore

/// What joins ranks.
public struct InterconnectSection: Sendable, Equatable {
  public var name: String?
  public var timeoutSeconds = 60
  public var place = DMTError.Place()
  public init() {}
}
