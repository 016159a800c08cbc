public import CDMTPlugin

/// What kind of traffic a communicator carries; collectives of different lanes do not wait for each other.
public enum Lane: Int32, Sendable, Hashable, CaseIterable {
  /// Row numbers of the next batches.
  case index = 0
  /// Pooled embeddings and their gradients.
  case embedding = 1
  /// Gradients and weights of dense parameters.
  case dense = 2
  /// Losses, decisions, checkpoints, metrics.
  case control = 3
}

/// Moves data between ranks. The contract of every call stands in `dmt/interconnect.h`.
public protocol Interconnect: Sendable {
  /// The name in manifests: `threads`, `mpi`.
  var name: String { get }
  /// True: ranks are threads of this process, which the host starts. False: ranks are processes that a launcher started,
  /// this process being one of them.
  var isEmbedded: Bool { get }
  /// Joins, or makes, a world of ranks.
  ///
  /// - Parameters:
  ///   - rankCount: embedded: how many ranks to make. Otherwise how many are expected, nil: as many as the launcher started.
  ///   - timeoutMilliseconds: the longest that a rank waits for another one in any call without a limit of its own.
  /// - Throws: ``DMTError/Code/interconnectFailed`` when the engine cannot start or another number of ranks is there.
  func openWorld(rankCount: Int?, timeoutMilliseconds: Int) throws(DMTError) -> any InterconnectWorld
}

/// The ranks of a job.
public protocol InterconnectWorld: AnyObject, Sendable {
  /// Ranks in all.
  var rankCount: Int { get }
  /// The rank of this process; nil where ranks are threads.
  var ownRank: Int? { get }
  /// For each rank the number of the host it runs on, from 0 in the order of the ranks; all 0 where ranks are threads.
  var hostOfRank: [Int] { get }
  /// The connection of a rank; called once for each rank, by its own thread.
  func connect(rank: Int) throws(DMTError) -> any RankConnection
}

/// A rank's access to the others; used by one thread at a time.
public protocol RankConnection: AnyObject {
  /// This rank.
  var rank: Int { get }
  /// A communicator among `ranks` (ascending, this rank among them) on a lane; all of them call it in the same order.
  func communicator(ranks: [Int], lane: Lane) throws(DMTError) -> any Communicator
  /// Ends the collectives of all ranks with an error that carries `message`; the rank itself is about to fail. Any thread may
  /// call it.
  func abort(_ message: String)
}

/// A group of ranks that run collectives in the same order.
///
/// Several collectives may be under way at once, also on one communicator; they are waited for in any order.
public protocol Communicator: AnyObject {
  /// The members' ranks in the world, ascending; counts and offsets of a collective are in this order.
  var ranks: [Int] { get }
  /// Begins a collective; its buffers belong to the interconnect until ``wait(_:timeoutMilliseconds:)`` has returned.
  ///
  /// - Returns: the ticket to test and wait with; never 0.
  /// - Throws: ``DMTError/Code/invalidArgument`` for counts or pointers that break the rules, before anything was sent.
  func start(_ collective: UnsafePointer<dmt_collective>) throws(DMTError) -> UInt64
  /// Whether the collective is finished, without waiting; it still has to be waited for.
  func isDone(_ ticket: UInt64) throws(DMTError) -> Bool
  /// Waits for a collective and gives its ticket up.
  ///
  /// - Parameter timeoutMilliseconds: 0: the world's.
  /// - Throws: ``DMTError/Code/interconnectFailed`` when a member aborted, died, or did not arrive in time: the error names
  ///   this rank, the collective and the ranks that are missing as far as the engine knows them.
  func wait(_ ticket: UInt64, timeoutMilliseconds: Int) throws(DMTError)
}
