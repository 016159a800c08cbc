internal import CDMTPlugin

/// What the host gave at initialisation; written once, before any component is asked for.
enum Host {
  nonisolated(unsafe) static var table: UnsafePointer<dmt_host>?
  nonisolated(unsafe) static var parallel: UnsafePointer<dmt_parallel>?

  /// Takes the services that the kernels use.
  static func use(_ host: UnsafePointer<dmt_host>?) {
    table = host
    parallel = nil
    guard let host, let getService = host.pointee.get_service else { return }
    let service: StaticString = "dmt.parallel/1"
    let id = service.withUTF8Buffer { utf8 in
      dmt_str(data: UnsafeRawPointer(utf8.baseAddress)?.assumingMemoryBound(to: CChar.self), size: Int64(utf8.count))
    }
    parallel = getService(host.pointee.ctx, id)?.assumingMemoryBound(to: dmt_parallel.self)
  }
}

/// The host's threads, as one plan may use them.
struct Parallel {
  /// Threads that the plan was bound for; 1 runs on the caller alone.
  let threads: Int
  /// Upper bound of the worker numbers that a body sees: what scratch for each worker is sized by.
  let workers: Int

  init(threads: Int32) {
    self.threads = max(1, Int(threads))
    guard let service = Host.parallel, let limit = service.pointee.max_threads else {
      workers = 1
      return
    }
    workers = max(1, Int(limit(service.pointee.ctx)))
  }

  /// The caller's thread alone, inside a body that already runs on one of the threads.
  static let serial = Parallel()

  private init() {
    threads = 1
    workers = 1
  }

  typealias Body = @convention(c) (UnsafeMutableRawPointer?, Int64, Int64, Int32) -> Void

  /// Calls `body` with the job on pieces of 0 ..< count; what a piece computes must not depend on where it begins.
  ///
  /// The body is a C function and the job a value on the caller's stack: nothing is allocated.
  @inline(__always)
  func run<Job: BitwiseCopyable>(_ job: Job, count: Int, grain: Int = 1, _ body: Body) {
    if count <= 0 { return }
    var job = job
    withUnsafeMutablePointer(to: &job) { pointer in
      if threads > 1, count > grain, let service = Host.parallel, let parallelFor = service.pointee.parallel_for {
        parallelFor(service.pointee.ctx, Int64(count), Int64(grain), body, pointer)
      } else {
        body(pointer, 0, Int64(count), 0)
      }
    }
  }
}

extension UnsafeMutableRawPointer? {
  /// The job that `Parallel.run` passed.
  @inline(__always)
  func job<Job: BitwiseCopyable>(_: Job.Type) -> UnsafeMutablePointer<Job> {
    // Parallel.run always passes the address of its job.
    unsafelyUnwrapped.assumingMemoryBound(to: Job.self)
  }
}
