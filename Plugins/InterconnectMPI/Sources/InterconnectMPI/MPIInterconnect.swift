import CMPI
import DMTPluginKit

/// Ranks are processes that a launcher started; Open MPI carries what they send.
///
/// MPI exists once a process, so there is one world, and it cannot be opened again after it was closed.
struct MPIInterconnect: Interconnect {
  let name = "mpi"
  let isEmbedded = false

  func openWorld(rankCount: Int?, timeoutMilliseconds: Int) throws(DMTError) -> any InterconnectWorld {
    let engine = try MPIEngine.shared()
    if let rankCount, rankCount != engine.rankCount {
      throw DMTError(
        .interconnectFailed, "\(rankCount) ranks were asked for, MPI has \(engine.rankCount)",
        remedy: engine.rankCount == 1
          ? "start the program with mpirun -n \(rankCount), or srun" : "ask for as many ranks as the launcher starts")
    }
    return MPIWorld(engine, timeoutMilliseconds: timeoutMilliseconds)
  }
}

/// The ranks of the job.
final class MPIWorld: InterconnectWorld {
  let rankCount: Int
  let ownRank: Int?
  let hostOfRank: [Int]
  let timeoutMilliseconds: Int
  private let engine: MPIEngine

  init(_ engine: MPIEngine, timeoutMilliseconds: Int) {
    self.engine = engine
    self.timeoutMilliseconds = timeoutMilliseconds
    rankCount = engine.rankCount
    ownRank = engine.rank
    hostOfRank = engine.hostOfRank
  }

  deinit { engine.finish() }

  func connect(rank: Int) throws(DMTError) -> any RankConnection {
    guard rank == engine.rank else {
      throw DMTError(.invalidArgument, "rank \(rank) is another process, this one is rank \(engine.rank)")
    }
    return MPIConnection(engine, world: self)
  }
}

/// This process's access to the others.
final class MPIConnection: RankConnection {
  let rank: Int
  private let engine: MPIEngine
  private let world: MPIWorld
  private var made: [[Int]: Int] = [:]

  init(_ engine: MPIEngine, world: MPIWorld) {
    self.engine = engine
    self.world = world
    rank = engine.rank
  }

  func communicator(ranks: [Int], lane: Lane) throws(DMTError) -> any Communicator {
    guard let member = ranks.firstIndex(of: rank) else {
      throw DMTError(.invalidArgument, "rank \(rank) is not among ranks \(ranks)")
    }
    // All members make it at the same time; the tag keeps two of them apart that share some ranks.
    let ordinal = made[ranks, default: 0]
    made[ranks] = ordinal + 1
    let comm = try engine.group(
      ranks, tag: (ordinal * 8 + Int(lane.rawValue)) % 32_000, timeoutMilliseconds: world.timeoutMilliseconds)
    return MPICommunicator(
      engine, comm: comm, ranks: ranks, member: member, lane: lane,
      timeoutMilliseconds: world.timeoutMilliseconds)
  }

  func abort(_ message: String) { engine.abort("rank \(rank) gave up: \(message)") }
}
