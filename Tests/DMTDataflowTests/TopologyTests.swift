import DMTCore
import Testing

@Suite struct TopologyTests {
  @Test func `peer order puts the ranks of one place next to each other`() throws {
    let groups = try TowerGroups(Topology(hosts: 2, ranksPerHost: 2), size: 2)
    #expect(groups.peerOrder == [0, 2, 1, 3])
    let uneven = try TowerGroups(Topology(hosts: 3, ranksPerHost: 2), size: 2)
    #expect(uneven.peerOrder == [0, 2, 4, 1, 3, 5])
  }

  @Test func `a tower group is an equal part of a host, a host, or some hosts`() throws {
    let topology = try Topology(parsing: "4x2")
    for size in [1, 2, 4, 8] { #expect(try TowerGroups(topology, size: size).count == 8 / size) }
    #expect(throws: DMTError.self) { try TowerGroups(topology, size: 3) }
    #expect(throws: DMTError.self) { try TowerGroups(Topology(parsing: "3x4"), size: 6) }
  }

  @Test func `hosts of unequal rank counts are refused`() {
    #expect(throws: DMTError.self) { try Topology(hostOfRank: [0, 0, 1]) }
    #expect(throws: DMTError.self) { try Topology(hostOfRank: [0, 1, 0, 1]) }
    #expect(throws: Never.self) { try Topology(hostOfRank: [0, 0, 1, 1]) }
  }

  @Test(arguments: ["", "4x", "x2", "0x2", "-1", "2x2x2", "a"]) func `other texts are no topology`(_ text: String) {
    #expect(throws: DMTError.self) { try Topology(parsing: text) }
  }
}
