import DMTCore

/// A rank in a trial: its connection, and what went wrong so far.
final class RankUnderTest {
  let connection: any RankConnection
  let rank: Int
  let rankCount: Int
  let settings: TrialSettings
  private(set) var failures: [String] = []
  private var worldCommunicator: (any Communicator)?

  init(_ connection: any RankConnection, world: any InterconnectWorld, settings: TrialSettings) {
    self.connection = connection
    self.settings = settings
    rank = connection.rank
    rankCount = world.rankCount
  }

  var ranks: [Int] { Array(0..<rankCount) }
  var last: Int { rankCount - 1 }

  func fail(_ message: String) {
    // A wrong buffer is wrong in a thousand places.
    if failures.count < 20 { failures.append("rank \(rank): \(message)") }
  }

  func expect(_ condition: Bool, _ message: @autoclosure () -> String) {
    if !condition { fail(message()) }
  }

  /// The elements are what they should be.
  func expect<Element: Equatable>(_ found: [Element], _ expected: [Element], _ what: @autoclosure () -> String) {
    guard found != expected else { return }
    let place = zip(found, expected).enumerated().first { $1.0 != $1.1 }?.offset
    fail(
      "\(what()): "
        + (place.map { "element \($0) of \(found.count) is \(found[$0]), expected \(expected[$0])" }
          ?? "\(found.count) elements, expected \(expected.count)"))
  }

  /// The error that `body` throws has the code, and its message every one of the texts.
  func expectError(
    _ codes: [DMTError.Code], mentioning texts: [String] = [], _ what: @autoclosure () -> String,
    _ body: () throws(DMTError) -> Void
  ) {
    do throws(DMTError) {
      try body()
      fail("\(what()): nothing was thrown, expected \(codes)")
    } catch {
      expect(codes.contains(error.code), "\(what()): threw \(error.code) (\(error.message)), expected \(codes)")
      for text in texts {
        expect(error.message.contains(text), "\(what()): the message '\(error.message)' does not say '\(text)'")
      }
    }
  }

  func communicator(_ ranks: [Int]? = nil, _ lane: Lane = .embedding) throws(DMTError) -> any Communicator {
    try connection.communicator(ranks: ranks ?? self.ranks, lane: lane)
  }

  /// All ranks of the world meet.
  func barrier() throws(DMTError) {
    let communicator: any Communicator
    if let worldCommunicator {
      communicator = worldCommunicator
    } else {
      communicator = try self.communicator(nil, .control)
      worldCommunicator = communicator
    }
    try TrialCall<UInt8>.barrier().run(on: communicator)
  }
}
