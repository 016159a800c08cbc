import DMTCore

/// Counts the bytes that tensors of a model occupy while they live, and the most that there were at once.
package final class MemoryMeter {
  /// What memory is for.
  package enum Kind: Int, CaseIterable {
    /// Values that are kept from step to step.
    case parameters
    case gradients
    /// States of the optimizer.
    case states
    /// Memory for what is only at hand for some time.
    case buffers
  }

  private var bytes = [Int](repeating: 0, count: Kind.allCases.count)
  /// The most bytes of all kinds together that were allocated at once.
  package private(set) var peak = 0

  package init() {}

  /// Bytes that are allocated now.
  package func count(_ kind: Kind) -> Int { bytes[kind.rawValue] }

  fileprivate func add(_ count: Int, _ kind: Kind) {
    bytes[kind.rawValue] += count
    peak = max(peak, bytes.reduce(0, +))
  }
}

/// Memory that a meter counts: zero at first, aligned like every buffer of an arena, freed with the object.
package final class MeteredMemory {
  package let base: UnsafeMutableRawPointer
  package let byteCount: Int
  private let kind: MemoryMeter.Kind
  private let meter: MemoryMeter?

  /// At least a byte, so that even an empty tensor has an address.
  package init(byteCount: Int, _ kind: MemoryMeter.Kind, meter: MemoryMeter?) {
    self.byteCount = max(byteCount, 1)
    self.kind = kind
    self.meter = meter
    base = .allocate(byteCount: self.byteCount, alignment: ArenaPlan.alignment)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: self.byteCount)
    meter?.add(self.byteCount, kind)
  }

  deinit {
    base.deallocate()
    meter?.add(-byteCount, kind)
  }
}
