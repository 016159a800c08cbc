internal import DMTPluginKit

/// The host's threads as one plan uses them.
struct HostThreads {
  /// The host gives threads; without them a library's own are the only ones.
  static var areAvailable: Bool { PluginContext.threads > 1 }

  /// Threads that a plan may use.
  let count: Int
  /// Upper bound of the worker numbers that a piece of work sees.
  let workers: Int

  init(requested: Int) {
    workers = max(1, PluginContext.threads)
    count = max(1, min(requested, workers))
  }

  /// Calls `body` with `argument` on pieces of 0 ..< count.
  func forEach(_ pieces: Int, _ body: dmt_parallel_body, _ argument: UnsafeMutableRawPointer) {
    if pieces > 1, count > 1 {
      PluginContext.parallelFor(count: pieces, grain: 1, argument: argument, body: body)
    } else if pieces > 0 {
      body(argument, 0, Int64(pieces), 0)
    }
  }
}
