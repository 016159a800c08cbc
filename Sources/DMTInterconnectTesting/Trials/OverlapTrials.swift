import CDMTPlugin
import DMTCore

/// Groups, lanes, and several collectives under way at once.
enum OverlapTrials {
  static let all = [
    InterconnectTrial("groups of every kind work side by side: towers, peers, overlapping ones, one alone") { rank in
      var groups: [[Int]] = [rank.ranks, [rank.rank]]
      for size in [2, 3] { groups.append(rank.ranks.filter { $0 / size == rank.rank / size }) }
      groups.append(rank.ranks.filter { $0 % 2 == rank.rank % 2 })
      // Neighbours (0, 1), (1, 2), ..: every rank is in two of them; the lower pair first everywhere.
      for pair in 0..<rank.last where rank.rank == pair || rank.rank == pair + 1 { groups.append([pair, pair + 1]) }
      var running: [(any Communicator, TrialExchange<Float>)] = []
      for (index, group) in groups.enumerated() {
        let communicator = try rank.communicator(group)
        rank.expect(communicator.ranks == group, "the members of \(group) are \(communicator.ranks)")
        let exchange = TrialExchange<Float>(ranks: group, own: rank.rank, salt: min(index, 5))
        try exchange.call.start(on: communicator)
        running.append((communicator, exchange))
      }
      for (communicator, exchange) in running.reversed() {
        try exchange.call.wait(on: communicator)
        exchange.check(rank)
      }
    },
    InterconnectTrial("two communicators of the same ranks and lane do not mix") { rank in
      let (first, second) = (try rank.communicator(), try rank.communicator())
      let (one, two) = (
        TrialExchange<Float>(ranks: rank.ranks, own: rank.rank, salt: 1),
        TrialExchange<Float>(ranks: rank.ranks, own: rank.rank, salt: 2)
      )
      // In another order on every second rank.
      let calls = [(first, one), (second, two)]
      for (communicator, exchange) in rank.rank % 2 == 0 ? calls : calls.reversed() {
        try exchange.call.start(on: communicator)
      }
      for (communicator, exchange) in calls {
        try exchange.call.wait(on: communicator)
        exchange.check(rank)
      }
    },
    InterconnectTrial("lanes do not wait for each other, and may be started in any order") { rank in
      let communicators = try Lane.allCases.map { lane throws(DMTError) in try rank.communicator(nil, lane) }
      let exchanges = Lane.allCases.indices.map {
        TrialExchange<Int64>(ranks: rank.ranks, own: rank.rank, salt: $0)
      }
      for step in exchanges.indices {
        let lane = (step + rank.rank) % exchanges.count
        try exchanges[lane].call.start(on: communicators[lane])
      }
      for step in exchanges.indices {
        let lane = (3 * step + 2 * rank.rank) % exchanges.count
        try exchanges[lane].call.wait(on: communicators[lane])
        exchanges[lane].check(rank)
      }
    },
    InterconnectTrial("collectives are started, computed beside and waited for in any order") { rank in
      let communicator = try rank.communicator()
      let exchange = TrialExchange<Float>(ranks: rank.ranks, own: rank.rank, salt: 4)
      let sum = TrialCall<Double>.allReduce(count: 10_000)
      sum.filling { Double($0 + rank.rank) }
      let root = TrialCall<Int32>.broadcast(count: 5, root: rank.last)
      root.filling { Int32($0 + rank.rank) }
      try exchange.call.start(on: communicator)
      try sum.start(on: communicator)
      try root.start(on: communicator)
      var computed = 0.0
      for index in 0..<100_000 { computed += Double(index % 7) }
      rank.expect(computed > 0, "nothing was computed")
      try root.wait(on: communicator)
      try exchange.call.wait(on: communicator)
      try sum.wait(on: communicator)
      exchange.check(rank)
      rank.expect(root.received, (0..<5).map { Int32($0 + rank.last) }, "the root's")
      let offset = rank.ranks.reduce(0, +)
      rank.expect(sum.received, (0..<10_000).map { Double(rank.rankCount * $0 + offset) }, "the sum")
    },
    InterconnectTrial("many collectives are under way on one communicator") { rank in
      let communicator = try rank.communicator()
      let exchanges = (0..<48).map { TrialExchange<Float>(ranks: rank.ranks, own: rank.rank, salt: $0) }
      for exchange in exchanges { try exchange.call.start(on: communicator) }
      for step in exchanges.indices {
        // 29 and 48 have no common factor: a walk through all, in an order of its own on every rank.
        let index = (29 * step + rank.rank) % exchanges.count
        try exchanges[index].call.wait(on: communicator)
        exchanges[index].check(rank)
      }
    },
    InterconnectTrial("testing alone brings a collective to its end") { rank in
      let communicator = try rank.communicator()
      let call = TrialCall<Float>.allReduce(count: 100_000)
      call.filling { Float($0 % 3) }
      try call.start(on: communicator)
      let deadline = MonotonicTime(millisecondsFromNow: rank.settings.timeoutMilliseconds)
      while try !call.isDone(on: communicator) {
        guard !deadline.hasPassed else { return rank.fail("it is not done after a long time of testing") }
        MonotonicTime.yield()
      }
      try call.wait(on: communicator)
      rank.expect(call.received[2] == Float(2 * rank.rankCount), "the sum is \(call.received[2])")
    },
    InterconnectTrial("a sender may overwrite its buffer after its wait, however late the others are") { rank in
      let (data, turn) = (try rank.communicator(nil, .embedding), try rank.communicator(nil, .control))
      for sender in rank.ranks {
        let exchange = TrialExchange<Float>(ranks: rank.ranks, own: rank.rank, salt: sender)
        try exchange.call.start(on: data)
        if rank.rank == sender {
          try exchange.call.wait(on: data)
          exchange.call.filling { _ in -1 }
        }
        try TrialCall<UInt8>.barrier().run(on: turn)
        if rank.rank != sender { try exchange.call.wait(on: data) }
        exchange.check(rank)
        // What one rank does to its results is nobody else's business.
        for index in exchange.call.receive.indices { exchange.call.receive[index] = -Float(rank.rank) }
        try TrialCall<UInt8>.barrier().run(on: turn)
        rank.expect(
          exchange.call.received.allSatisfy { $0 == -Float(rank.rank) }, "another rank wrote into this one's buffer")
      }
    },
  ]
}
