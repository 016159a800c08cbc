import DMTPluginHost
import DMTPluginKit
import Testing

/// Deals features in blocks; other strategies go wrong, each in its way.
struct TestPartitioner: TowerPartitioner {
  let name = "com.example.blocks"
  let strategies = [
    PartitionStrategy("blocks", summary: "Neighbours share a tower.", needsAffinity: false),
    PartitionStrategy("alike", summary: "Reads the affinity.", needsAffinity: true),
    PartitionStrategy("fail", summary: "Fails.", needsAffinity: false),
  ]

  func partition(_ request: PartitionRequest) throws(DMTError) -> TowerPartition {
    if request.strategy == "fail" {
      throw DMTError(.invalidArgument, "no room for \(request.features[1].name)", remedy: "raise the capacity")
    }
    let count = request.features.count
    return TowerPartition(
      assignment: (0..<count).map { $0 * request.towers / count },
      coordinates: request.affinity.map { affinity in
        (0..<count).map { .init(x: affinity[$0], y: affinity[$0 * count]) }
      },
      figures: [
        .init("bytes", Double(request.features.reduce(0) { $0 + $1.bytes })), .init("seed", Double(request.seed)),
      ],
      explanation: "\(request.strategy) of \(request.features.map(\.name).joined(separator: " "))")
  }
}

@Suite("A plugin's tower partitioner, through the C tables and back")
struct PartitionerRoundTripTests {
  private func request(_ strategy: String = "blocks", count: Int = 6, towers: Int = 3) -> PartitionRequest {
    PartitionRequest(
      features: (0..<count).map { .init(name: "f\($0)", rows: 10 + $0, dim: 4, lookupCost: 1.5, bytes: 16 * $0) },
      towers: towers, strategy: strategy, seed: 7)
  }

  @Test("the same partition comes from a plugin as from the process")
  func same() throws {
    let partitioner = try #require(try RoundTrip().plugin.partitioners.first)
    #expect(partitioner.name == "com.example.blocks")
    #expect(partitioner.strategies == TestPartitioner().strategies)
    var request = request("alike")
    var affinity = [Double](repeating: 1, count: 36)
    for i in 0..<6 {
      for j in 0..<6 where i != j { affinity[6 * i + j] = Double(abs(i - j)) / 8 }
    }
    request.affinity = affinity
    request.capacity = .bytes(1000)
    let there = try partitioner.checkedPartition(request)
    #expect(there == (try TestPartitioner().checkedPartition(request)))
    #expect(there.assignment == [0, 0, 1, 1, 2, 2])
    #expect(there.coordinates?[1] == .init(x: 0.125, y: 0.125))
    #expect(there.figures == [.init("bytes", 240), .init("seed", 7)])
    #expect(try partitioner.checkedPartition(self.request()).coordinates == nil)
  }

  @Test("the plugin's error comes back with its place")
  func failure() throws {
    let partitioner = try #require(try RoundTrip().plugin.partitioners.first)
    let error = #expect(throws: DMTError.self) { try partitioner.checkedPartition(request("fail")) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message == "no room for f1 (raise the capacity)")
    #expect(
      error?.place
        == DMTError.Place(plugin: "com.example.test", component: "com.example.blocks", phase: "partition"))
  }

  @Test("what no partitioner can answer is refused before the plugin is asked")
  func badRequests() throws {
    let partitioner = try #require(try RoundTrip().plugin.partitioners.first)
    func message(_ change: (inout PartitionRequest) -> Void) -> String? {
      var request = request()
      change(&request)
      return #expect(throws: DMTError.self) { try partitioner.checkedPartition(request) }?.message
    }
    #expect(message { $0.towers = 7 } == "7 towers of 6 features, expected at most one tower a feature")
    #expect(message { $0.features[2].name = "f1" } == "feature 'f1' is named twice")
    #expect(message { $0.strategy = "block" } == "partitioner 'com.example.blocks' has no strategy 'block'")
    #expect(message { $0.balance = .nan } == "the balance is nan, expected 1 or more")
    #expect(message { $0.capacity = .lookups(1) }?.hasPrefix("feature 'f0' alone has a load of 1.5") == true)
    #expect(message { $0.affinity = [1] } == "the affinity has 1 elements, expected 6 x 6")
    #expect(
      message { $0.strategy = "alike" } == "strategy 'alike' needs the affinity of the features, and none is given")
  }

  @Test("an answer that is no partition is the partitioner's fault")
  func badAnswers() {
    func message(_ assignment: [Int], _ change: (inout PartitionRequest) -> Void = { _ in }) -> String? {
      var request = request()
      change(&request)
      let error = #expect(throws: DMTError.self) { try TowerPartition(assignment: assignment).check(against: request) }
      #expect(error?.code == .pluginFailed)
      return error?.message
    }
    #expect(message([0, 1, 2]) == "strategy 'blocks': 3 features are assigned, expected 6")
    #expect(message([0, 1, 2, 3, 1, 2]) == "strategy 'blocks': feature 'f3' is in tower 3, expected 0 to 2")
    #expect(message([0, 1, -1, 0, 1, 2]) == "strategy 'blocks': feature 'f2' is in tower -1, expected 0 to 2")
    #expect(message([0, 1, 1, 0, 1, 0]) == "strategy 'blocks': tower 2 has no feature")
    #expect(message([0, 0, 0, 1, 1, 2])?.contains("sizes [3, 2, 1]") == true)
    #expect(message([0, 1, 2, 0, 1, 2]) { $0.capacity = .bytes(90) }?.contains("tower 2 carries 112.0") == true)
  }

  @Test("balance allows the sizes that it says")
  func sizeRanges() {
    func ranges(_ count: Int, _ towers: Int, _ balance: Double) -> [ClosedRange<Int>] {
      var request = request(count: count, towers: towers)
      request.balance = balance
      return request.sizeRanges
    }
    #expect(ranges(26, 8, 1) == [3...4])
    #expect(ranges(26, 13, 1) == [2...2])
    #expect(ranges(26, 8, 1.2) == [])
    #expect(ranges(26, 8, 4.0 / 3) == [3...4])
    #expect(ranges(26, 8, 2) == [2...4, 3...6])
    #expect(ranges(3, 2, .infinity) == [1...3])
    #expect(ranges(3, 4, 1) == [])
  }
}
