import DMTPluginKit
import Testing

import PartitionStrided

private func request(_ count: Int, towers: Int, balance: Double = 1) -> PartitionRequest {
  PartitionRequest(
    features: (0..<count).map { .init(name: "f\($0)", rows: 10, dim: 4, lookupCost: 4, bytes: 160) }, towers: towers,
    balance: balance, strategy: "strided")
}

@Suite("The strided partition")
struct StridedTests {
  @Test("26 features in 8 towers are those of the paper's baseline")
  func paper() throws {
    let groups = try StridedPartitioner().checkedPartition(request(26, towers: 8)).groups(8)
    #expect(groups[0] == [0, 8, 16, 24])
    #expect(groups[1] == [1, 9, 17, 25])
    #expect(groups[2] == [2, 10, 18])
    #expect(groups[7] == [7, 15, 23])
  }

  @Test("sizes differ by at most one, for every number of towers")
  func sizes() throws {
    for count in [1, 2, 7, 26, 40] {
      for towers in 1...count {
        let sizes = try StridedPartitioner().checkedPartition(request(count, towers: towers)).groups(towers).map(
          \.count)
        #expect(sizes.reduce(0, +) == count)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= (count % towers == 0 ? 0 : 1))
      }
    }
  }

  @Test("more towers than features are refused")
  func tooManyTowers() {
    let error = #expect(throws: DMTError.self) { try StridedPartitioner().checkedPartition(request(3, towers: 4)) }
    #expect(error?.message == "4 towers of 3 features, expected at most one tower a feature")
  }

  @Test("a balance that floor and ceil do not keep is refused with the one that they do")
  func balance() throws {
    let error = #expect(throws: DMTError.self) {
      try StridedPartitioner().checkedPartition(request(26, towers: 8, balance: 1.2))
    }
    #expect(error?.remedy?.contains("1.3333333333333333") == true)
    _ = try StridedPartitioner().checkedPartition(request(26, towers: 8, balance: 1.3333333333333333))
  }

  @Test("a capacity that a dealt tower exceeds is refused with the tower's number")
  func capacity() {
    var request = request(4, towers: 2)
    request.features[1].bytes = 1000
    request.capacity = .bytes(1100)
    let error = #expect(throws: DMTError.self) { try StridedPartitioner().checkedPartition(request) }
    #expect(error?.message == "dealt in turn, tower 1 has a load of 1160.0, it carries at most 1100.0")
  }
}
