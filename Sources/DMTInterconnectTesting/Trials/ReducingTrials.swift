import CDMTPlugin
import DMTCore

/// Reductions: values, types, in place, and the same bits every time.
enum ReducingTrials {
  static let all = [
    InterconnectTrial("all_reduce gives every member the sum and the maximum, of every type") { rank in
      let communicator = try rank.communicator()
      try allReduce(Float.self, rank, communicator)
      try allReduce(Double.self, rank, communicator)
      try allReduce(Int32.self, rank, communicator)
      try allReduce(Int64.self, rank, communicator)
    },
    InterconnectTrial("all_reduce works in place") { rank in
      let communicator = try rank.communicator()
      for count in [1, rank.rankCount, 1001] {
        let call = TrialCall<Float>.allReduce(count: count, inPlace: true)
        call.filling { Float(trial: trialNumber(rank.rank, 0, $0)) }
        try call.run(on: communicator)
        rank.expect(call.received, expected(rank.ranks, count, .sum), "\(count) in place")
      }
    },
    InterconnectTrial("reduce_scatter gives member i the reduction of part i, uneven and empty parts among them") {
      rank in
      let communicator = try rank.communicator()
      try reduceScatter(Float.self, rank, communicator)
      try reduceScatter(Int64.self, rank, communicator)
    },
    InterconnectTrial("a reduction of floats has the same bits on every member, every time") { rank in
      let communicator = try rank.communicator()
      var first: [UInt32] = []
      for round in 0..<5 {
        // Large numbers that cancel: another order of the sum shows in the last bits.
        let call = TrialCall<Float>.allReduce(count: 999)
        call.filling { index in
          let sign: Float = (index + rank.rank) % 2 == 0 ? 1 : -1
          return sign * (1e7 + Float(trialNumber(rank.rank, 1, index)) / 3)
        }
        try call.run(on: communicator)
        let bits = call.received.map(\.bitPattern)
        if round == 0 { first = bits }
        rank.expect(bits, first, "round \(round)")
        try sameOnAll(bits, rank, communicator)
      }
    },
    InterconnectTrial("a maximum that meets a NaN is NaN") { rank in
      let communicator = try rank.communicator()
      for source in rank.ranks {
        let call = TrialCall<Float>.allReduce(count: 2, .max)
        call.filling { $0 == 0 && rank.rank == source ? .nan : Float(rank.rank) }
        try call.run(on: communicator)
        rank.expect(call.received[0].isNaN, "the NaN of rank \(source) is lost: \(call.received[0])")
        rank.expect(call.received[1] == Float(rank.last), "the maximum is \(call.received[1])")
      }
    },
    InterconnectTrial("a large reduction is whole") { rank in
      let communicator = try rank.communicator()
      let count = rank.settings.largeBytes / 4 + 7
      let call = TrialCall<Float>.allReduce(count: count)
      call.filling { Float(trial: trialNumber(rank.rank, 0, $0)) }
      try call.run(on: communicator)
      rank.expect(call.received, expected(rank.ranks, count, .sum), "\(count) elements")
    },
  ]

  private static func expected<Element: TrialElement>(
    _ ranks: [Int], _ count: Int, _ reduction: Reduction, from start: Int = 0
  ) -> [Element] {
    (start..<(start + count)).map { index in
      let numbers = ranks.map { trialNumber($0, 0, index) }
      return Element(trial: reduction == .sum ? numbers.reduce(0, +) : numbers.max() ?? 0)
    }
  }

  private static func allReduce<Element: TrialElement>(
    _: Element.Type, _ rank: RankUnderTest, _ communicator: any Communicator
  ) throws(DMTError) {
    for reduction in Reduction.allCases {
      for count in [0, 1, 3, rank.rankCount, 1000] {
        let call = TrialCall<Element>.allReduce(count: count, reduction)
        call.filling { Element(trial: trialNumber(rank.rank, 0, $0)) }
        try call.run(on: communicator)
        rank.expect(
          call.received, expected(rank.ranks, count, reduction), "\(reduction) of \(count) \(Element.self)s")
        rank.expect(call.guardsAreWhole(), "a reduction of \(count) wrote beside its buffer")
      }
    }
  }

  private static func reduceScatter<Element: TrialElement>(
    _: Element.Type, _ rank: RankUnderTest, _ communicator: any Communicator
  ) throws(DMTError) {
    let parts = rank.ranks.map { ($0 + 1) % 3 * 29 }
    for reduction in Reduction.allCases {
      let call = TrialCall<Element>.reduceScatter(parts: parts, own: rank.rank, reduction)
      call.filling { Element(trial: trialNumber(rank.rank, 0, $0)) }
      try call.run(on: communicator)
      let start = parts.prefix(rank.rank).reduce(0, +)
      rank.expect(
        call.received, expected(rank.ranks, parts[rank.rank], reduction, from: start),
        "\(reduction) of \(Element.self)s")
      rank.expect(call.guardsAreWhole(), "it wrote beside its buffer")
    }
  }

  private static func sameOnAll(
    _ bits: [UInt32], _ rank: RankUnderTest, _ communicator: any Communicator
  ) throws(DMTError) {
    let counts = Array(repeating: bits.count, count: rank.rankCount)
    let call = TrialCall<Int32>.allGather(count: bits.count, receive: counts)
    call.filling { Int32(bitPattern: bits[$0]) }
    try call.run(on: communicator)
    for source in rank.ranks {
      rank.expect(
        call.received(from: source, of: counts).map { UInt32(bitPattern: $0) }, bits, "the result of rank \(source)")
    }
  }
}
