import DMTCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Seconds that a rank has waited for others, lane by lane: what communication was not hidden behind computing.
public struct WaitTimes: Sendable, Equatable {
  /// Row numbers.
  public var index = 0.0
  /// Embeddings and their gradients.
  public var embedding = 0.0
  /// Gradients of dense parameters.
  public var dense = 0.0
  /// Losses and decisions.
  public var control = 0.0

  public init() {}

  /// All lanes together.
  public var total: Double { index + embedding + dense + control }

  /// What was waited since an earlier reading.
  public func since(_ earlier: WaitTimes) -> WaitTimes {
    var times = self
    times.index -= earlier.index
    times.embedding -= earlier.embedding
    times.dense -= earlier.dense
    times.control -= earlier.control
    return times
  }

  mutating func add(_ seconds: Double, lane: Lane) {
    switch lane {
    case .index: index += seconds
    case .embedding: embedding += seconds
    case .dense: dense += seconds
    case .control: control += seconds
    }
  }

  /// Seconds of a clock that only rises.
  static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

/// The waits of a rank, which all its collectives write to.
package final class WaitLedger {
  package fileprivate(set) var times = WaitTimes()

  package init() {}

  func add(_ seconds: Double, lane: Lane) { times.add(seconds, lane: lane) }
}
