public import DMTCore

extension CheckedFlow {
  /// What every step sends when ranks have batches of `samples`.
  ///
  /// Collectives send a block's rows in their wire type, each to its destination; the adjoint sends the same rows the other
  /// way, in the backward wire type. What an exchange sends a sample and feature to a rank with a shard:
  /// * its row numbers, `lookups` of them, of a table cut by rows the shard's share; 4 bytes each, 8 where a table of the
  ///   exchange has 2^31 rows or more;
  /// * 4 bytes for the length of the bag, unless every bag has one row number and the shard has all rows;
  /// * 4 bytes for the full length, where a table cut by rows is averaged over bags of any length.
  ///
  /// With tower modules, the first exchange also sends the sample's number, 8 bytes, to each rank that runs them on it.
  ///
  /// - Parameters:
  ///   - dtype: what the model computes in.
  ///   - samples: the local batch of a rank.
  public func traffic(dtype: DType = .float32, samples: (Int) -> Int) -> FlowTraffic {
    let batches = (0..<request.groups.topology.rankCount).map { Double(samples($0)) }
    var steps: [StepTraffic] = []
    var sendsSampleNumbers = runsTowers
    for (index, step) in plan.dataflow.steps.enumerated() {
      var count = TrafficCount(topology: request.groups.topology)
      let group: RankGroup
      switch step {
      case .exchange(let features, let stepGroup, _):
        group = stepGroup
        countExchange(features, batches, &count)
        if sendsSampleNumbers { countSampleNumbers(batches, &count) }
        sendsSampleNumbers = false
      case .allToAll(let input, let stepGroup), .reduceScatter(let input, let stepGroup):
        group = stepGroup
        countDealing(input, stepGroup, batches, dtype, &count)
      case .allGather(let input, let stepGroup):
        group = stepGroup
        countGathering(input, stepGroup, batches, dtype, &count)
      case .lookup, .permute, .transpose, .join, .scale, .tower, .cast: continue
      }
      steps.append(
        StepTraffic(
          step: index, name: step.name, group: "\(group)", forward: count.forward, backward: count.backward))
    }
    return FlowTraffic(steps: steps, rankCount: batches.count)
  }

  /// The same with equal batches.
  public func traffic(dtype: DType = .float32, localBatch: Int) -> FlowTraffic {
    traffic(dtype: dtype) { _ in localBatch }
  }

  private func countExchange(_ features: [Int], _ batches: [Double], _ count: inout TrafficCount) {
    let isWide = features.contains { request.tables[request.features[$0].table].rows > Int(Int32.max) }
    let width = isWide ? 8.0 : 4.0
    var ofSample = [Double](repeating: 0, count: batches.count)
    for index in features {
      let feature = request.features[index]
      let isCut = placement.isCutByRows[feature.table]
      for holder in placement.holders[feature.table] {
        // Shards of other columns of the same rows are served by the same row numbers.
        let ranges = Set(placement.shards(ofTable: feature.table, rank: holder).map { placement.shards[$0].rows })
        for rows in ranges {
          let share = Double(rows.count) / Double(request.tables[feature.table].rows)
          ofSample[holder] += feature.lookups * share * width
          if isCut || feature.lookups != 1 { ofSample[holder] += 4 }
        }
        if isCut, feature.pooling == .mean, feature.lookups != 1 { ofSample[holder] += 4 }
      }
    }
    for (source, batch) in batches.enumerated() {
      for (holder, bytes) in ofSample.enumerated() where bytes > 0 {
        count.addForward(bytes * batch, from: source, to: holder)
      }
    }
  }

  private func countSampleNumbers(_ batches: [Double], _ count: inout TrafficCount) {
    for (rank, sources) in towerSamples.enumerated() {
      for source in sources { count.addForward(8 * batches[source], from: source, to: rank) }
    }
  }

  /// For every rank the ranks whose samples its tower modules run on, in their order; none where it serves no tower.
  public var towerSamples: [[Int]] {
    let step = plan.dataflow.steps.firstIndex { if case .tower = $0 { true } else { false } }
    return (0..<request.groups.topology.rankCount).map { rank in
      step.flatMap { blocks(ofStep: $0, rank: rank).first?.samples } ?? []
    }
  }

  /// Every sample of a block goes to its destination, its gradient comes from there.
  private func countDealing(
    _ input: Int, _ group: RankGroup, _ batches: [Double], _ dtype: DType, _ count: inout TrafficCount
  ) {
    guard case .values(let blocks, let forward, let backward) = types[input] else { return }
    for (rank, ofRank) in blocks.enumerated() {
      for block in ofRank {
        let width = block.width
        let there = Double(forward.rowBytes(columns: width, dtype: dtype))
        let back = Double(backward.rowBytes(columns: width, dtype: dtype))
        for source in block.samples {
          guard let destination = request.groups.destination(ofSamplesFrom: source, in: group, with: rank) else {
            continue
          }
          count.addForward(there * batches[source], from: rank, to: destination)
          count.addBackward(back * batches[source], from: destination, to: rank)
        }
      }
    }
  }

  /// Every member gets a block, and sends its part of the gradient back.
  private func countGathering(
    _ input: Int, _ group: RankGroup, _ batches: [Double], _ dtype: DType, _ count: inout TrafficCount
  ) {
    guard case .values(let blocks, let forward, let backward) = types[input] else { return }
    for (rank, ofRank) in blocks.enumerated() {
      for block in ofRank {
        let samples = block.samples.reduce(0) { $0 + batches[$1] }
        let width = block.width
        for member in request.groups.members(of: group, with: rank) {
          count.addForward(
            Double(forward.rowBytes(columns: width, dtype: dtype)) * samples, from: rank, to: member)
          count.addBackward(
            Double(backward.rowBytes(columns: width, dtype: dtype)) * samples, from: member, to: rank)
        }
      }
    }
  }
}

/// Bytes by sender and distance, while they are counted.
struct TrafficCount {
  let topology: Topology
  private(set) var forward: [LinkBytes]
  private(set) var backward: [LinkBytes]

  init(topology: Topology) {
    self.topology = topology
    forward = [LinkBytes](repeating: LinkBytes(), count: topology.rankCount)
    backward = forward
  }

  mutating func addForward(_ bytes: Double, from sender: Int, to receiver: Int) {
    forward[sender] += link(bytes, from: sender, to: receiver)
  }

  mutating func addBackward(_ bytes: Double, from sender: Int, to receiver: Int) {
    backward[sender] += link(bytes, from: sender, to: receiver)
  }

  private func link(_ bytes: Double, from sender: Int, to receiver: Int) -> LinkBytes {
    if sender == receiver { return LinkBytes() }
    return topology.host(of: sender) == topology.host(of: receiver)
      ? LinkBytes(insideHost: bytes) : LinkBytes(acrossHosts: bytes)
  }
}
