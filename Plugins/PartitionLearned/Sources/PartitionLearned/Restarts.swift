import DMTPluginKit

/// Independent attempts on the host's threads.
enum Restarts {
  /// The results of attempts 0 ..< `count`, in their order whoever finishes first.
  static func run<Result: Sendable>(_ count: Int, _ attempt: @Sendable (Int) -> Result) -> [Result] {
    var results = [Result?](repeating: nil, count: count)
    results.withUnsafeMutableBufferPointer { buffer in
      let slots = Slots(buffer: buffer)
      PluginContext.parallelFor(count: count) { range, _ in
        for index in range where !PluginContext.isCancelled { slots.buffer[index] = attempt(index) }
      }
    }
    return results.compactMap(\.self)
  }

  /// Every attempt writes an element of its own.
  private struct Slots<Result>: @unchecked Sendable {
    let buffer: UnsafeMutableBufferPointer<Result?>
  }
}
