import DMTCore

/// One thing that every interconnect has to do, run by all ranks of a world.
public struct InterconnectTrial: Sendable, CustomStringConvertible {
  /// A sentence.
  public let name: String
  /// Whether it ends the world: it needs one of its own, which for a launched interconnect is a launch of its own.
  public let endsWorld: Bool
  let body: @Sendable (RankUnderTest) throws -> Void

  init(_ name: String, endsWorld: Bool = false, _ body: @escaping @Sendable (RankUnderTest) throws -> Void) {
    self.name = name
    self.endsWorld = endsWorld
    self.body = body
  }

  public var description: String { name }

  /// Runs it as one rank, after which all ranks of a world that goes on meet at a barrier.
  ///
  /// - Returns: what was wrong, as sentences; empty where all was right.
  func run(on connection: any RankConnection, world: any InterconnectWorld, settings: TrialSettings) -> [String] {
    let rank = RankUnderTest(connection, world: world, settings: settings)
    do {
      try body(rank)
      if !endsWorld { try rank.barrier() }
    } catch let error as DMTError {
      rank.fail("threw \(error.code): \(error.message)")
    } catch {
      rank.fail("threw \(error)")
    }
    return rank.failures
  }
}

/// What a suite may set.
public struct TrialSettings: Sendable {
  /// Limit of every wait that has none of its own; long, since it is reached only by what hangs.
  public var timeoutMilliseconds = 60_000
  /// Limit of the waits that shall run into it.
  public var shortTimeoutMilliseconds = 300
  /// Bytes of a large part. Above what an engine moves in one piece.
  public var largeBytes = 3 << 20

  public init() {}
}
