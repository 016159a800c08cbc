public import DMTCore
public import DMTDataflow

/// What updating tables sends beside a dataflow, at most: bags repeat row numbers, and how often the data know.
///
/// * Tables that every rank holds: every rank sends the gradients of the rows that it touched to all others, 8 bytes a row
///   beside the numbers, in rings as dense gradients travel.
/// * Optimizers that need sums over whole rows, as `rowwise_adagrad` the sum of the squares, on tables cut by columns: the ranks
///   that hold a row's columns send each other 8 bytes for each sum of their part.
public struct TableUpdateForecast: Sendable {
  /// What each rank sends for tables that every rank holds.
  public private(set) var replicated: [LinkBytes]
  /// What each rank sends for tables cut by columns.
  public private(set) var split: [LinkBytes]

  /// - Parameters:
  ///   - optimizer: of the tables; nil: nothing is updated.
  ///   - samples: the local batch of a rank.
  public init(_ flow: CheckedFlow, optimizer: OptimizerSpec?, dtype: DType, samples: (Int) -> Int) {
    let topology = flow.request.groups.topology
    replicated = [LinkBytes](repeating: LinkBytes(), count: topology.rankCount)
    split = replicated
    guard let optimizer, topology.rankCount > 1 else { return }
    let counts = (0..<topology.rankCount).map(samples)
    countReplicated(flow, counts, dtype)
    if optimizer.rowSumCount > 0 {
      countSplit(flow, batch: counts.reduce(0, +), rowBytes: Double(8 * optimizer.rowSumCount))
    }
  }

  private mutating func countReplicated(_ flow: CheckedFlow, _ counts: [Int], _ dtype: DType) {
    let request = flow.request
    let topology = request.groups.topology
    guard !flow.plan.placement.replicated.isEmpty else { return }
    let bytes = counts.map { samples in
      // The length of the message, and for each table the number of its rows.
      flow.plan.placement.replicated.reduce(8.0) { sum, table in
        let rowBytes = Double(8 + (request.tables[table].dim * dtype.byteCount + 7) / 8 * 8)
        return sum + 8 + Self.touchedRows(of: table, request, samples: samples) * rowBytes
      }
    }
    let all = bytes.reduce(0, +)
    for rank in counts.indices {
      // A ring passes on what all but the next rank contributed.
      let next = (rank + 1) % counts.count
      replicated[rank] += Self.link(all - bytes[next], from: rank, to: next, topology)
    }
  }

  private mutating func countSplit(_ flow: CheckedFlow, batch: Int, rowBytes: Double) {
    let request = flow.request
    for (index, shard) in flow.plan.placement.shards.enumerated() where !shard.rows.isEmpty {
      let others = flow.plan.placement.shards.enumerated().filter {
        $0.offset != index && $0.element.table == shard.table && $0.element.rows == shard.rows
          && $0.element.rank != shard.rank
      }.map(\.element.rank)
      // A rank with several parts of a row sends one sum.
      let isFirst = !flow.plan.placement.shards[..<index].contains {
        $0.table == shard.table && $0.rows == shard.rows && $0.rank == shard.rank
      }
      guard isFirst, !others.isEmpty else { continue }
      let share = Double(shard.rows.count) / Double(request.tables[shard.table].rows)
      let rows = min(
        Double(shard.rows.count), share * Self.touchedRows(of: shard.table, request, samples: batch, limit: false))
      for other in Set(others) {
        split[shard.rank] += Self.link(rowBytes * rows, from: shard.rank, to: other, request.groups.topology)
      }
    }
  }

  /// Rows of a table that samples touch, at most.
  private static func touchedRows(
    of table: Int, _ request: ShardingRequest, samples: Int, limit: Bool = true
  ) -> Double {
    let lookups = request.features.reduce(0) { $0 + ($1.table == table ? $1.lookups : 0) }
    let rows = lookups * Double(samples)
    return limit ? min(rows, Double(request.tables[table].rows)) : rows
  }

  private static func link(_ bytes: Double, from sender: Int, to receiver: Int, _ topology: Topology) -> LinkBytes {
    topology.host(of: sender) == topology.host(of: receiver)
      ? LinkBytes(insideHost: bytes) : LinkBytes(acrossHosts: bytes)
  }
}
