/// A piece of work that is assigned to one of some ranks.
public struct ShardCandidate: Sendable, Hashable {
  /// What serving it costs a step, in any unit that is the same for all pieces.
  public var cost: Double
  /// Bytes of its table part.
  public var bytes: Double
  /// The ranks that may hold it; not empty.
  public var ranks: [Int]

  public init(cost: Double, bytes: Double, ranks: [Int]) {
    self.cost = cost
    self.bytes = bytes
    self.ranks = ranks
  }
}

/// Assigns pieces of tables to ranks.
public protocol ShardPlanner: Sendable {
  /// The rank of every piece, one of its own `ranks`; the same for the same pieces.
  ///
  /// - Parameter rankCount: ranks in all.
  func assign(_ pieces: [ShardCandidate], rankCount: Int) throws(DMTError) -> [Int]
}

/// Largest cost first, each piece to the rank that has least so far; ties go to the lower rank.
///
/// The rule of TorchRec's greedy planner, and within 4/3 of the best largest load where any rank may hold any piece (Graham,
/// Bounds on multiprocessing timing anomalies, 1969).
public struct GreedyPlanner: ShardPlanner {
  public init() {}

  public func assign(_ pieces: [ShardCandidate], rankCount: Int) throws(DMTError) -> [Int] {
    var loads = [Double](repeating: 0, count: rankCount)
    var sizes = [Double](repeating: 0, count: rankCount)
    var result = [Int](repeating: 0, count: pieces.count)
    let order = pieces.indices.sorted {
      (pieces[$0].cost, pieces[$0].bytes, $1) > (pieces[$1].cost, pieces[$1].bytes, $0)
    }
    for index in order {
      let piece = pieces[index]
      guard piece.cost.isFinite, piece.bytes.isFinite, piece.ranks.allSatisfy({ (0..<rankCount).contains($0) }),
        let rank = piece.ranks.min(by: { (loads[$0], sizes[$0], $0) < (loads[$1], sizes[$1], $1) })
      else {
        throw DMTError(
          .invalidArgument,
          "piece \(index) has cost \(piece.cost), \(piece.bytes) bytes and ranks \(piece.ranks), expected finite numbers "
            + "and ranks 0 to \(rankCount - 1)")
      }
      loads[rank] += piece.cost
      sizes[rank] += piece.bytes
      result[index] = rank
    }
    return result
  }
}
