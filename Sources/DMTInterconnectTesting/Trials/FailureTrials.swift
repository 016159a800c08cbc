import CDMTPlugin
import DMTCore

/// What is refused, and how a world ends.
enum FailureTrials {
  static let all = [
    InterconnectTrial("wrong counts, pointers, types and roots are refused, and nothing was sent") { rank in
      let communicator = try rank.communicator()
      let ones = Array(repeating: 1, count: rank.rankCount)
      func refuses(_ what: String, _ call: TrialCall<Float>) {
        rank.expectError([.invalidArgument], what) { () throws(DMTError) in try call.start(on: communicator) }
      }
      refuses("a negative count", .allReduce(count: 1).breaking { $0.count = -1 })
      refuses("a count beyond memory", .allReduce(count: 1).breaking { $0.count = .max })
      refuses("no send buffer", .allReduce(count: 1).breaking { $0.send = nil })
      refuses("no receive buffer", .broadcast(count: 1, root: 0).breaking { $0.receive = nil })
      refuses("a root that is no member", .broadcast(count: 1, root: rank.rankCount))
      refuses("an unknown kind", .barrier().breaking { $0.kind = 6 })
      refuses("an unknown reduction", .allReduce(count: 1).breaking { $0.reduction = 2 })
      refuses("a sum of bytes", .allReduce(count: 1).breaking { $0.dtype = UInt8.dtype })
      refuses("a struct that is too small", .barrier().breaking { $0.struct_size = 8 })
      refuses("no counts", .allToAll(send: ones, receive: ones).breaking { $0.send_counts = nil })
      refuses("no offsets", .allGather(count: 1, receive: ones).breaking { $0.receive_offsets = nil })
      var uneven = ones
      uneven[rank.rank] = 2
      refuses("a part to itself of two sizes", .allToAll(send: ones, receive: uneven))
      refuses("its own part of two sizes", .allGather(count: 1, receive: uneven))
      try MovingTrials.allToAll(Float.self, rank, communicator, rank.ranks)
    },
    InterconnectTrial("a ticket that is not under way is refused") { rank in
      let communicator = try rank.communicator()
      let call = try TrialCall<UInt8>.barrier().run(on: communicator)
      rank.expectError([.invalidArgument], "a second wait") { () throws(DMTError) in try call.wait(on: communicator) }
      rank.expectError([.invalidArgument], "a test of it") { () throws(DMTError) in
        _ = try call.isDone(on: communicator)
      }
      rank.expectError([.invalidArgument], "a ticket of nobody") { () throws(DMTError) in
        try communicator.wait(1 << 40, timeoutMilliseconds: 1)
      }
    },
    InterconnectTrial(
      "a wait that runs out names this rank, the collective, its number and who is missing", endsWorld: true
    ) {
      rank in
      guard rank.rankCount > 1 else { return }
      let communicator = try rank.communicator()
      try TrialCall<UInt8>.barrier().run(on: communicator)
      guard rank.rank != rank.last else { return MonotonicTime.sleep(4 * rank.settings.shortTimeoutMilliseconds) }
      let call = TrialCall<Float>.allReduce(count: 100)
      try call.start(on: communicator)
      rank.expectError(
        [.interconnectFailed],
        mentioning: ["rank \(rank.rank)", "all_reduce", "number 2", "rank \(rank.last)"], "a wait for the last rank"
      ) { () throws(DMTError) in
        try call.wait(on: communicator, milliseconds: rank.settings.shortTimeoutMilliseconds)
      }
      rank.expectError([.invalidArgument, .interconnectFailed], "a second wait") { () throws(DMTError) in
        try call.wait(on: communicator)
      }
    },
    InterconnectTrial("an abort ends what every rank waits for, with its message", endsWorld: true) { rank in
      guard rank.rankCount > 1 else { return }
      let (data, control) = (try rank.communicator(), try rank.communicator(nil, .control))
      try TrialCall<UInt8>.barrier().run(on: control)
      if rank.rank == rank.last { return rank.connection.abort("the disk of this trial is full") }
      let call = TrialExchange<Float>(ranks: rank.ranks, own: rank.rank).call
      let text = "the disk of this trial is full"
      // The abort may come before the start or after it.
      rank.expectError([.interconnectFailed], mentioning: [text], "a wait") { () throws(DMTError) in
        try call.start(on: data)
        try call.wait(on: data)
      }
      rank.expectError([.interconnectFailed], mentioning: [text], "what is started later") { () throws(DMTError) in
        try TrialCall<UInt8>.barrier().run(on: control)
      }
    },
    InterconnectTrial("members that disagree about a count get an error", endsWorld: true) { rank in
      guard rank.rankCount > 1 else { return }
      let communicator = try rank.communicator()
      // The last rank sends more to rank 0 than that expects.
      let send = rank.ranks.map { rank.rank == rank.last && $0 == 0 ? 9 : 4 }
      let call = TrialCall<Float>.allToAll(send: send, receive: Array(repeating: 4, count: rank.rankCount))
      guard rank.rank == 0 else {
        do throws(DMTError) {
          try call.start(on: communicator)
          try call.wait(on: communicator, milliseconds: 10 * rank.settings.shortTimeoutMilliseconds)
        } catch {
          rank.expect([.invalidArgument, .interconnectFailed].contains(error.code), "threw \(error)")
        }
        return MonotonicTime.sleep(rank.settings.shortTimeoutMilliseconds)
      }
      rank.expectError(
        [.invalidArgument, .interconnectFailed], mentioning: ["all_to_all", "rank \(rank.last)"], "rank 0's wait"
      ) { () throws(DMTError) in
        try call.start(on: communicator)
        try call.wait(on: communicator, milliseconds: 10 * rank.settings.shortTimeoutMilliseconds)
      }
      rank.expect(call.guardsAreWhole(), "elements that nobody expected were written")
    },
  ]
}
