import CDMTPlugin
import DMTCore

/// The number that member `source` sends to `target` at `index`; it fits every element type.
func trialNumber(_ source: Int, _ target: Int, _ index: Int, _ salt: Int = 0) -> Int {
  (source * 31 + target * 17 + index * 7 + salt * 5) % 251
}

/// Elements that member `source` sends to `target`: uneven, often none.
func trialCount(_ source: Int, _ target: Int, _ salt: Int = 0) -> Int { (source * 7 + target * 3 + salt) % 5 * 13 }

/// Every collective that moves elements, with uneven and empty parts.
enum MovingTrials {
  static let all = [
    InterconnectTrial("all_to_all moves uneven parts of every element size") { rank in
      let communicator = try rank.communicator()
      try allToAll(UInt8.self, rank, communicator, rank.ranks)
      try allToAll(UInt16.self, rank, communicator, rank.ranks)
      try allToAll(Float.self, rank, communicator, rank.ranks)
      try allToAll(Int64.self, rank, communicator, rank.ranks)
    },
    InterconnectTrial("all_to_all of nothing ends, with no buffer at all") { rank in
      let communicator = try rank.communicator()
      let none = Array(repeating: 0, count: rank.rankCount)
      let call = TrialCall<Float>.allToAll(send: none, receive: none).breaking {
        $0.send = nil
        $0.receive = nil
      }
      try call.run(on: communicator)
    },
    InterconnectTrial("all_gather collects uneven parts, empty ones among them") { rank in
      let communicator = try rank.communicator()
      try allGather(UInt8.self, rank, communicator)
      try allGather(Double.self, rank, communicator)
    },
    InterconnectTrial("broadcast gives every member what any root holds") { rank in
      let communicator = try rank.communicator()
      for root in rank.ranks {
        for count in [0, 1, 1000] {
          let call = TrialCall<Float>.broadcast(count: count, root: root)
          call.filling { Float(trial: rank.rank == root ? trialNumber(root, 0, $0) : 3) }
          try call.run(on: communicator)
          rank.expect(
            call.received, (0..<count).map { Float(trial: trialNumber(root, 0, $0)) }, "\(count) of root \(root)")
          rank.expect(call.guardsAreWhole(), "a broadcast of \(count) wrote beside its buffer")
        }
      }
    },
    InterconnectTrial("a barrier ends for no member before the last one has begun it") { rank in
      let (barrier, message) = (try rank.communicator(nil, .control), try rank.communicator(nil, .index))
      let counts = Array(repeating: 1, count: rank.rankCount)
      let call = TrialCall<UInt8>.barrier()
      if rank.rank != rank.last {
        try call.start(on: barrier)
        for _ in 0..<50 {
          rank.expect(try !call.isDone(on: barrier), "the barrier ended before rank \(rank.last) began it")
        }
      }
      // The last rank begins when all others have looked.
      try TrialCall<Float>.allGather(count: 1, receive: counts).run(on: message)
      if rank.rank == rank.last { try call.start(on: barrier) }
      try call.wait(on: barrier)
    },
    InterconnectTrial("a large part arrives whole") { rank in
      let communicator = try rank.communicator()
      // Not a multiple of anything, and different for every pair.
      func count(_ source: Int, _ target: Int) -> Int {
        rank.settings.largeBytes / 4 / rank.rankCount + 3 * source + target
      }
      let send = rank.ranks.map { count(rank.rank, $0) }
      let receive = rank.ranks.map { count($0, rank.rank) }
      let call = TrialCall<Float>.allToAll(send: send, receive: receive)
      for target in rank.ranks {
        call.filling(part: target, of: send) { Float(trial: trialNumber(rank.rank, target, $0)) }
      }
      try call.run(on: communicator)
      for source in rank.ranks {
        rank.expect(
          call.received(from: source, of: receive),
          (0..<receive[source]).map { Float(trial: trialNumber(source, rank.rank, $0)) }, "the part of rank \(source)")
      }
    },
  ]

  /// An all_to_all among `ranks`, checked element by element.
  static func allToAll<Element: TrialElement>(
    _: Element.Type, _ rank: RankUnderTest, _ communicator: any Communicator, _ ranks: [Int], salt: Int = 0
  ) throws(DMTError) {
    let exchange = TrialExchange<Element>(ranks: ranks, own: rank.rank, salt: salt)
    try exchange.call.run(on: communicator)
    exchange.check(rank)
  }

  private static func allGather<Element: TrialElement>(
    _: Element.Type, _ rank: RankUnderTest, _ communicator: any Communicator
  ) throws(DMTError) {
    let counts = rank.ranks.map { $0 % 3 * 41 }
    let call = TrialCall<Element>.allGather(count: counts[rank.rank], receive: counts)
    call.filling { Element(trial: trialNumber(rank.rank, 0, $0)) }
    try call.run(on: communicator)
    for source in rank.ranks {
      rank.expect(
        call.received(from: source, of: counts),
        (0..<counts[source]).map { Element(trial: trialNumber(source, 0, $0)) }, "\(Element.self)s of rank \(source)")
    }
    rank.expect(call.guardsAreWhole(of: counts), "it wrote beside its buffer")
  }
}

/// An all_to_all with known numbers, which can be checked at any time after it was waited for.
final class TrialExchange<Element: TrialElement> {
  let call: TrialCall<Element>
  private let ranks: [Int]
  private let own: Int
  private let salt: Int
  private let receive: [Int]

  init(ranks: [Int], own: Int, salt: Int = 0) {
    self.ranks = ranks
    self.own = own
    self.salt = salt
    let send = ranks.map { trialCount(own, $0, salt) }
    receive = ranks.map { trialCount($0, own, salt) }
    call = TrialCall<Element>.allToAll(send: send, receive: receive)
    for (place, target) in ranks.enumerated() {
      call.filling(part: place, of: send) { Element(trial: trialNumber(own, target, $0, salt)) }
    }
  }

  func check(_ rank: RankUnderTest) {
    for (place, source) in ranks.enumerated() {
      rank.expect(
        call.received(from: place, of: receive),
        (0..<receive[place]).map { Element(trial: trialNumber(source, own, $0, salt)) },
        "\(Element.self)s from rank \(source), exchange \(salt) among \(ranks)")
    }
    rank.expect(call.guardsAreWhole(of: receive), "exchange \(salt) among \(ranks) wrote beside its parts")
  }
}
