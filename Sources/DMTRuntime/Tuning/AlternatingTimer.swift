package import DMTCore

/// Times several ways to do the same work by turns, so that what disturbs the machine disturbs all of them.
package struct AlternatingTimer {
  /// One way: does the work once.
  package struct Contestant {
    package var name: String
    /// Seconds of its two parts.
    package var run: () throws(DMTError) -> (first: Double, second: Double)

    package init(name: String, run: @escaping () throws(DMTError) -> (first: Double, second: Double)) {
      self.name = name
      self.run = run
    }
  }

  /// Rounds of every contestant that can win.
  package var rounds: Int
  /// A sample of a contestant lasts about this long.
  package var sampleSeconds: Double
  /// Asked between two samples; true ends the measurement with ``DMTError/Code/cancelled``.
  package var shouldStop: () -> Bool

  package init(rounds: Int, sampleSeconds: Double, shouldStop: @escaping () -> Bool) {
    self.rounds = rounds
    self.sampleSeconds = sampleSeconds
    self.shouldStop = shouldStop
  }

  /// What lost by this factor at its first run is timed in few rounds: it cannot win.
  private static let hopeless = 4.0
  private static let hopelessRounds = 3
  /// What lost by this one, in a single round: the reference kernels take most of the time otherwise.
  private static let lost = 20.0

  /// The contestants' timings, fastest first.
  package func measure(_ contestants: [Contestant]) throws(DMTError) -> [BackendProfile.Timing] {
    var first: [Double] = []
    for contestant in contestants {
      let seconds = try sample(contestant, inner: 1)
      first.append(max(seconds.first + seconds.second, 1e-9))
    }
    // The first run pays for what is made once; a second one tells how long it takes.
    let quickest = first.min() ?? 0
    for index in contestants.indices where first[index] < quickest * Self.lost {
      let seconds = try sample(contestants[index], inner: 1)
      first[index] = max(seconds.first + seconds.second, 1e-9)
    }
    let fastest = first.min() ?? 0
    func limit(_ index: Int) -> Int {
      first[index] < fastest * Self.hopeless
        ? rounds : first[index] < fastest * Self.lost ? Self.hopelessRounds : 1
    }
    let inner = first.map { max(1, min(10_000, Int(sampleSeconds / $0))) }
    var samples = contestants.map { _ in [(first: Double, second: Double)]() }
    for round in 0..<rounds {
      // The order turns around from round to round.
      let order = round % 2 == 0 ? Array(contestants.indices) : contestants.indices.reversed()
      for index in order where round < limit(index) {
        samples[index].append(try sample(contestants[index], inner: inner[index]))
      }
    }
    return contestants.indices.map { timing(contestants[$0].name, samples[$0]) }.sorted { $0.total < $1.total }
  }

  private func sample(_ contestant: Contestant, inner: Int) throws(DMTError) -> (first: Double, second: Double) {
    guard !shouldStop() else { throw DMTError(.cancelled, "the measurement was interrupted") }
    var sum = (first: 0.0, second: 0.0)
    for _ in 0..<inner {
      let seconds = try contestant.run()
      sum.first += seconds.first
      sum.second += seconds.second
    }
    return (sum.first / Double(inner), sum.second / Double(inner))
  }

  private func timing(_ name: String, _ samples: [(first: Double, second: Double)]) -> BackendProfile.Timing {
    let totals = samples.map { $0.first + $0.second }.sorted()
    let median = totals.quantile(0.5) ?? 0
    let spread = ((totals.quantile(0.75) ?? 0) - (totals.quantile(0.25) ?? 0)) / 2
    return .init(
      backend: name, forward: samples.map(\.first).sorted().quantile(0.5) ?? 0,
      backward: samples.map(\.second).sorted().quantile(0.5) ?? 0, spread: median > 0 ? spread / median : 0,
      samples: samples.count)
  }

  /// Seconds that `work` takes.
  static func seconds(_ work: () throws(DMTError) -> Void) throws(DMTError) -> Double {
    let begin = ContinuousClock.now
    try work()
    let (seconds, attoseconds) = (ContinuousClock.now - begin).components
    return Double(seconds) + 1e-18 * Double(attoseconds)
  }
}
