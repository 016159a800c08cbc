/// The ranks of a communicator and the hosts that they are on.
struct Members {
  /// World ranks, ascending.
  let ranks: [Int]
  /// This rank's position.
  let own: Int
  /// Positions that reduce together, the first set first: all; or those of this host, then those at the same place of every
  /// host, where every host has several and as many as the others.
  let levels: [[Int]]
  /// All positions.
  let all: [Int]

  init(ranks: [Int], own: Int, hostOfRank: [Int], splitsHosts: Bool) {
    self.ranks = ranks
    self.own = own
    all = Array(ranks.indices)
    var hosts: [Int: [Int]] = [:]
    var order: [Int] = []
    for (position, rank) in ranks.enumerated() {
      if hosts[hostOfRank[rank]] == nil { order.append(hostOfRank[rank]) }
      hosts[hostOfRank[rank], default: []].append(position)
    }
    let mates = hosts[hostOfRank[ranks[own]]] ?? []
    guard splitsHosts, order.count > 1, mates.count > 1, hosts.values.allSatisfy({ $0.count == mates.count }),
      let place = mates.firstIndex(of: own)
    else {
      levels = [all]
      return
    }
    levels = [mates, order.compactMap { hosts[$0]?[place] }]
  }

  var count: Int { ranks.count }
}
