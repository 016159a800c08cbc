import DMTCore
import DMTDataflow
import Testing

@Suite struct TrafficTests {
  private let batch = 16

  /// The steps that carry numbers.
  private func numbers(_ traffic: FlowTraffic) -> [StepTraffic] { traffic.steps.filter { $0.name != "exchange" } }

  private func acrossHosts(_ traffic: FlowTraffic) -> [Double] {
    let steps = numbers(traffic)
    return traffic.forward.indices.map { rank in steps.reduce(0) { $0 + $1.forward[rank].acrossHosts } }
  }

  @Test(arguments: ["2x2", "3x2", "2x4", "5x3"])
  func `SPTT sends between hosts what flat sends, and more inside`(_ text: String) throws {
    let topology = try Topology(parsing: text)
    let (hosts, perHost) = (topology.hosts, topology.ranksPerHost)
    let featuresOfRank = 3
    let features = featuresOfRank * topology.rankCount
    let width = 8
    let request = try request(text, features: features, dim: width)
    let flat = try CheckedFlow(request, FlatSharding.tableWise).traffic(localBatch: batch)
    let sptt = try CheckedFlow(request, SPTTSharding()).traffic(localBatch: batch)
    let row = Double(batch * featuresOfRank * width * 4)
    // (G - L) B F_g N, by both.
    #expect(acrossHosts(flat).allSatisfy { $0 == Double(topology.rankCount - perHost) * row })
    #expect(acrossHosts(sptt) == acrossHosts(flat))
    // (L - 1) T B F_g N inside the tower group.
    let inside = numbers(sptt).first { $0.group == "tower" }
    #expect(inside?.forward.allSatisfy { $0.insideHost == Double((perHost - 1) * hosts) * row } == true)
    #expect(inside?.forward.allSatisfy { $0.acrossHosts == 0 } == true)
    let peers = numbers(sptt).first { $0.group == "peers" }
    #expect(peers?.forward.allSatisfy { $0.insideHost == 0 } == true)
    // The adjoint is the same the other way: with equal shares as much from every rank.
    for step in numbers(sptt) { #expect(LinkBytes.sum(step.forward) == LinkBytes.sum(step.backward)) }
  }

  @Test(arguments: [1, 2, 4, 8]) func `a tower module divides the bytes between hosts by its ratio`(_ ratio: Int) throws
  {
    let towers = (0..<4).map { tower in
      (features: (0..<4).map { tower * 4 + $0 }, output: 4 * 16 / ratio, group: tower)
    }
    let whole = try request("4x2", features: 16, dim: 16, towers: towers, runsTowers: false)
    let compressed = try request("4x2", features: 16, dim: 16, towers: towers)
    let before = acrossHosts(try CheckedFlow(whole, SPTTSharding()).traffic(localBatch: batch))
    let after = acrossHosts(try CheckedFlow(compressed, SPTTSharding()).traffic(localBatch: batch))
    #expect(before.map { $0 / Double(ratio) } == after)
  }

  @Test func `wire types count forward and backward apart`() throws {
    var request = try request("2x1", features: 2, dim: 6)
    request.forwardWire = .int8
    request.backwardWire = .float16
    let traffic = try CheckedFlow(request, FlatSharding.tableWise).traffic(localBatch: 10)
    let step = try #require(numbers(traffic).first)
    #expect(step.forward.map(\.acrossHosts) == [120, 120])
    #expect(step.backward.map(\.acrossHosts) == [120, 120])
    request.forwardWire = .native
    let native = try CheckedFlow(request, FlatSharding.tableWise)
    #expect(native.traffic(localBatch: 10).steps[1].forward[0].acrossHosts == 240)
    #expect(native.traffic(dtype: .float64, localBatch: 10).steps[1].forward[0].acrossHosts == 480)
    #expect(native.traffic(dtype: .float64, localBatch: 10).steps[1].backward[0].acrossHosts == 120)
  }

  @Test func `uneven and empty batches count by their samples`() throws {
    let flow = try CheckedFlow(request("1x3", features: 3), FlatSharding.tableWise)
    let traffic = flow.traffic { [5, 0, 2][$0] }
    #expect(traffic.steps[1].forward.map(\.insideHost) == [32, 112, 80])
    #expect(traffic.steps[1].backward.map(\.insideHost) == [160, 0, 64])
    #expect(traffic.steps[0].forward.map(\.insideHost) == [40, 0, 16])
    #expect(traffic.steps[0].backward.allSatisfy { $0 == LinkBytes() })
  }

  @Test func `an exchange counts row numbers, lengths and sample numbers`() throws {
    var wanted = try request("2x1", features: 2, towers: [([0], 1, 0), ([1], 1, 1)])
    wanted.features[1].lookups = 3
    func sent() throws -> [Double] {
      try CheckedFlow(wanted, SPTTSharding()).traffic(localBatch: 1).steps[0].forward.map(\.acrossHosts)
    }
    // To rank 1: three row numbers and a length; to rank 0: a row number. Eight bytes of sample number each.
    #expect(try sent() == [24, 12])
    wanted.runsTowers = false
    #expect(try sent() == [16, 4])
    wanted.tables[0].rows = 1 << 32
    #expect(try sent() == [28, 8])
    // Half of the row numbers lie in the other rank's rows; the lengths say how many, and what to divide by.
    wanted = try request("2x1", features: 1)
    wanted.features[0].lookups = 3
    wanted.features[0].pooling = .mean
    let rows = try CheckedFlow(wanted, FlatSharding.rowWise).traffic(localBatch: 1)
    #expect(rows.steps[0].forward.map(\.acrossHosts) == [14, 14])
  }

  @Test func `dense gradients travel in rings`() throws {
    let towers = [(features: [0], output: 1, group: 0), (features: [1], output: 1, group: 1)]
    let inFlow = try CheckedFlow(request("2x2", features: 2, towers: towers), SPTTSharding())
    let dense = inFlow.denseTraffic(overArchBytes: 400, towerBytes: [10, 30])
    #expect(dense.overArch.map(\.insideHost) == [600, 0, 600, 0])
    #expect(dense.overArch.map(\.acrossHosts) == [0, 600, 0, 600])
    #expect(dense.towers.map(\.insideHost) == [10, 10, 30, 30])
    #expect(dense.towers.allSatisfy { $0.acrossHosts == 0 })
    let afterwards = try CheckedFlow(request("2x2", features: 2, towers: towers), FlatSharding.tableWise)
    #expect(
      afterwards.denseTraffic(overArchBytes: 0, towerBytes: [10, 30]).towers.map(\.acrossHosts) == [0, 60, 0, 60])
  }

  @Test func `a sharded over-arch is gathered and scattered`() throws {
    let flow = try CheckedFlow(request("2x2", features: 2), FlatSharding.tableWise)
    func sent(_ sharding: DenseSharding, again: Double) -> [LinkBytes] {
      flow.denseTraffic(overArchBytes: 400, towerBytes: [], sharding: sharding, gatheredAgainBytes: again).overArch
    }
    // Three quarters of what is gathered before forward, and again before backward, and of the gradients.
    #expect(sent(.fullySharded(.full), again: 200).map(\.insideHost) == [750, 0, 750, 0])
    #expect(sent(.fullySharded(.full), again: 200).map(\.acrossHosts) == [0, 750, 0, 750])
    #expect(sent(.fullySharded(.gradOp), again: 0) == sent(.replicated, again: 0))
    // Halves inside a host; a rank's half of the gradients, all-reduced over two hosts.
    #expect(sent(.fullySharded(.hybrid), again: 200).map(\.insideHost) == [500, 500, 500, 500])
    #expect(sent(.fullySharded(.hybrid), again: 200).map(\.acrossHosts) == [200, 200, 200, 200])
  }
}
