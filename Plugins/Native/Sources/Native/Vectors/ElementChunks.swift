/// Long elementwise loops in chunks of one size, so that threads share them evenly and results do not depend on how.
enum ElementChunks {
  /// Floats of a chunk: what a thread handles between two looks at the queue.
  static let size = 4096

  /// Calls `body` on chunk numbers of a loop over `count` floats.
  @inline(__always)
  static func run<Job: BitwiseCopyable>(_ job: Job, _ count: Int, _ parallel: Parallel, _ body: Parallel.Body) {
    parallel.run(job, count: (count + size - 1) / size, grain: 4, body)
  }

  /// Calls `body` with the first float and the length of every chunk begin ..< end.
  @inline(__always)
  static func each(_ begin: Int64, _ end: Int64, _ count: Int, _ body: (Int, Int) -> Void) {
    for chunk in Int(begin)..<Int(end) {
      let first = chunk &* size
      body(first, min(size, count &- first))
    }
  }
}

/// to[i] = body(a[i], b[i]), or to[i] += body(a[i], b[i]).
@inline(__always)
func writeElements(
  _ count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, adds: Bool,
  _ body: (Lane, Lane) -> Lane
) {
  if adds {
    mapElements(count, a, b, UnsafePointer(y), y) { $2 + body($0, $1) }
  } else {
    mapElements(count, a, b, y, body)
  }
}
