import DMTPluginKit
import Testing

import PartitionLearned

@Suite("The learned partition")
struct LearnedTests {
  @Test(
    "planted groups are found exactly", arguments: [(26, 4, 0.3...0.9, 0.0...0.25), (100, 8, 0.6...0.95, 0.0...0.2)])
  func planted(count: Int, groups: Int, inside: ClosedRange<Double>, across: ClosedRange<Double>) throws {
    for seed in UInt64(1)...3 {
      let planted = Planted(count: count, groups: groups, inside: inside, across: across, seed: seed)
      let partition = try LearnedPartitioner().checkedPartition(planted.request(towers: groups, seed: seed))
      #expect(adjustedRandIndex(partition.assignment, planted.groups) == 1)
    }
  }

  @Test("diverse towers take a feature of every planted group where there are as many places as groups")
  func diverse() throws {
    // Four groups of two in two towers: a tower of four features holds one of each.
    let planted = Planted(count: 8, groups: 4, inside: 0.95...0.95, across: 0.05...0.05, seed: 3)
    let partition = try LearnedPartitioner().checkedPartition(planted.request(towers: 2, strategy: "diverse"))
    for group in partition.groups(2) { #expect(Set(group.map { planted.groups[$0] }).count == 4) }
  }

  @Test("sizes are floor and ceil for every number of towers")
  func sizes() throws {
    let planted = Planted(count: 23, groups: 3, inside: 0.5...0.9, across: 0...0.3, seed: 5)
    for towers in 1...23 {
      let partition = try LearnedPartitioner().checkedPartition(planted.request(towers: towers))
      let sizes = partition.groups(towers).map(\.count)
      #expect(sizes.min() == 23 / towers)
      #expect(sizes.max() == (23 + towers - 1) / towers)
    }
  }

  @Test("the same seed gives the same partition, coordinates and figures")
  func determinism() throws {
    let planted = Planted(count: 40, groups: 5, inside: 0.2...0.9, across: 0...0.5, seed: 2)
    let first = try LearnedPartitioner().checkedPartition(planted.request(towers: 6, seed: 7))
    #expect(try LearnedPartitioner().checkedPartition(planted.request(towers: 6, seed: 7)) == first)
    let other = try LearnedPartitioner().checkedPartition(planted.request(towers: 6, seed: 8))
    #expect(other.coordinates != first.coordinates)
  }

  @Test("a balance above one lets towers follow groups of different sizes")
  func balance() throws {
    // Groups of 9 and 3: equal towers cannot follow them, a balance of 3 can.
    var planted = Planted(count: 12, groups: 1, inside: 0.9...0.9, across: 0...0, seed: 1).affinity
    let owner = (0..<12).map { $0 % 4 == 3 ? 1 : 0 }
    for i in 0..<12 {
      for j in 0..<12 where owner[i] != owner[j] { planted[i * 12 + j] = 0.05 }
    }
    var request = PartitionRequest(
      features: (0..<12).map { .init(name: "f\($0)", rows: 1, dim: 4, lookupCost: 1, bytes: 16) }, affinity: planted,
      towers: 2, balance: 3, strategy: "coherent")
    #expect(adjustedRandIndex(try LearnedPartitioner().checkedPartition(request).assignment, owner) == 1)
    request.balance = 1
    #expect(try LearnedPartitioner().checkedPartition(request).groups(2).map(\.count) == [6, 6])
  }

  @Test("a balance that no sizes keep is refused")
  func impossibleBalance() {
    let planted = Planted(count: 26, groups: 4, inside: 0.5...0.9, across: 0...0.3, seed: 1)
    let error = #expect(throws: DMTError.self) {
      try LearnedPartitioner().checkedPartition(planted.request(towers: 8, balance: 1.2))
    }
    #expect(
      error?.message == "no 8 towers of 26 features have sizes within a factor of 1.2 of each other")
    #expect(throws: DMTError.self) {
      try LearnedPartitioner().checkedPartition(planted.request(towers: 8, balance: 0.5))
    }
    #expect(throws: DMTError.self) {
      try LearnedPartitioner().checkedPartition(planted.request(towers: 8, balance: .nan))
    }
  }

  @Test("an affinity that is not a number is refused with the features' names")
  func notFinite() {
    let planted = Planted(count: 6, groups: 2, inside: 0.5...0.9, across: 0...0.3, seed: 1)
    var request = planted.request(towers: 2)
    request.affinity?[2 * 6 + 4] = .nan
    let error = #expect(throws: DMTError.self) { try LearnedPartitioner().checkedPartition(request) }
    #expect(error?.code == .notFinite)
    #expect(error?.message == "the affinity of 'f2' and 'f4' is nan, expected a number")
  }

  @Test("a strategy without its affinity is refused")
  func noAffinity() {
    var request = Planted(count: 6, groups: 2, inside: 0.5...0.9, across: 0...0.3, seed: 1).request(towers: 2)
    request.affinity = nil
    #expect(throws: DMTError.self) { try LearnedPartitioner().checkedPartition(request) }
  }

  @Test("a capacity is kept, against the affinity where it must be")
  func capacity() throws {
    var request = Planted(count: 12, groups: 3, inside: 0.9...0.95, across: 0...0.1, seed: 4).request(towers: 3)
    let planted = Planted(count: 12, groups: 3, inside: 0.9...0.95, across: 0...0.1, seed: 4).groups
    // All of one group is heavy: together it carries 40 of 48, and no tower may carry more than 20.
    for index in 0..<12 { request.features[index].lookupCost = planted[index] == 0 ? 10 : 1 }
    request.capacity = .lookups(20.0 + 4)
    let partition = try LearnedPartitioner().checkedPartition(request)
    for group in partition.groups(3) {
      #expect(group.reduce(0) { $0 + request.features[$1].lookupCost } <= 24)
    }
    request.capacity = .lookups(12)
    let error = #expect(throws: DMTError.self) { try LearnedPartitioner().checkedPartition(request) }
    #expect(error?.code == .invalidArgument)
  }

  @Test("a thousand features in 64 towers are dealt")
  func thousand() throws {
    let planted = Planted(count: 1000, groups: 64, inside: 0.5...0.9, across: 0...0.3, seed: 1)
    let clock = ContinuousClock()
    let start = clock.now
    let partition = try LearnedPartitioner().checkedPartition(planted.request(towers: 64))
    print("1000 features, 64 towers: \(clock.now - start)")
    #expect(Set(partition.groups(64).map(\.count)) == [15, 16])
  }
}
