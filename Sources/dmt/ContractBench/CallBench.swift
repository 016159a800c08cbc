import DMTCore

/// A figure of alternating rounds: the median, and the extremes.
struct Spread: Encodable {
  var median: Double
  var least: Double
  var most: Double

  init(_ values: [Double]) {
    let sorted = values.sorted()
    median = sorted.isEmpty ? .nan : sorted[sorted.count / 2]
    least = sorted.first ?? .nan
    most = sorted.last ?? .nan
  }

  /// `12.3 (11.9 to 14.0)`
  func text(_ digits: Int) -> String {
    "\(Format.fixed(median, digits)) (\(Format.fixed(least, digits)) to \(Format.fixed(most, digits)))"
  }
}

/// What an operator call costs: the same kernel, called directly and through the contract, in alternating rounds.
struct CallBench {
  /// Nanoseconds a call, and what the contract adds to it.
  struct Result: Encodable {
    var rounds: Int
    var callsPerRound: Int
    var directNanoseconds: Spread
    /// A plugin written in C.
    var tableNanoseconds: Spread
    /// A plugin written in Swift with the kit, which checks every call's pointers.
    var kitNanoseconds: Spread

    enum CodingKeys: String, CodingKey {
      case rounds
      case callsPerRound = "calls_per_round"
      case directNanoseconds = "direct_ns"
      case tableNanoseconds = "added_by_contract_ns"
      case kitNanoseconds = "added_by_contract_and_kit_ns"
    }
  }

  static func run(_ kernels: BenchKernels, rounds: Int, calls: Int) throws(DMTError) -> Result {
    let call = BenchCall()
    var direct: [Double] = []
    var table: [Double] = []
    var kit: [Double] = []
    for round in 0...rounds {
      let plain = try time(kernels.direct, call, calls)
      let byTable = try time(kernels.table, call, calls)
      let byKit = try time(kernels.kit, call, calls)
      // The first round warms up.
      guard round > 0 else { continue }
      direct.append(plain)
      table.append(byTable - plain)
      kit.append(byKit - plain)
    }
    return Result(
      rounds: rounds, callsPerRound: calls, directNanoseconds: Spread(direct), tableNanoseconds: Spread(table),
      kitNanoseconds: Spread(kit))
  }

  @inline(never)
  private static func time(_ kernel: any Kernel, _ call: BenchCall, _ count: Int) throws(DMTError) -> Double {
    let clock = ContinuousClock()
    let begin = clock.now
    for _ in 0..<count { try kernel.forward(call.call) }
    return (clock.now - begin).nanoseconds / Double(count)
  }
}

extension Duration {
  /// In nanoseconds.
  var nanoseconds: Double { 1e9 * Double(components.seconds) + 1e-9 * Double(components.attoseconds) }
}
