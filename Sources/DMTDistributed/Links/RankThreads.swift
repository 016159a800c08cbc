package import DMTCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Runs the ranks of an embedded world, each on a thread of its own.
package enum RankThreads {
  /// Bytes of a rank's stack: as much as the main thread has.
  private static let stackBytes = 8 << 20

  /// Calls `body` with every rank at the same time and waits for all.
  ///
  /// - Returns: what the bodies returned, by rank.
  /// - Throws: the error that came first of itself: one that is no mere echo of another rank's end.
  package static func run<Result>(
    _ count: Int, body: @escaping @Sendable (Int) throws(DMTError) -> Result
  ) throws(DMTError) -> [Result] {
    let jobs = (0..<count).map { Job(rank: $0, body: body) }
    var threads: [pthread_t] = []
    var failure: Int32 = 0
    for job in jobs {
      var attributes = pthread_attr_t()
      pthread_attr_init(&attributes)
      defer { pthread_attr_destroy(&attributes) }
      pthread_attr_setstacksize(&attributes, stackBytes)
      var thread = pthread_t()
      let context = Unmanaged.passRetained(job as AnyJob)
      failure = pthread_create(
        &thread, &attributes,
        { context in
          if let context { Unmanaged<AnyJob>.fromOpaque(context).takeRetainedValue().run() }
          return nil
        }, context.toOpaque())
      if failure != 0 {
        context.release()
        break
      }
      threads.append(thread)
    }
    guard failure == 0 else {
      // Ranks that run wait for those that do not; the interconnect's timeout ends them.
      for thread in threads { pthread_join(thread, nil) }
      throw DMTError(
        .io,
        "the thread of rank \(threads.count) of \(count) could not be started: \(String(cString: strerror(failure)))",
        remedy: "ask for fewer ranks or raise the limit (ulimit -u)")
    }
    for thread in threads { pthread_join(thread, nil) }
    var results: [Result] = []
    var errors: [DMTError] = []
    for job in jobs {
      switch job.result {
      case .success(let value): results.append(value)
      case .failure(let error): errors.append(error)
      case nil: break
      }
    }
    if let error = errors.first(where: { $0.code != .interconnectFailed }) ?? errors.first { throw error }
    return results
  }
}

/// A thread's work, without its type.
private class AnyJob {
  func run() {}
}

/// Read by the caller after the thread has ended.
private final class Job<Result>: AnyJob, @unchecked Sendable {
  let rank: Int
  let body: @Sendable (Int) throws(DMTError) -> Result
  var result: Swift.Result<Result, DMTError>?

  init(rank: Int, body: @escaping @Sendable (Int) throws(DMTError) -> Result) {
    self.rank = rank
    self.body = body
  }

  override func run() {
    do throws(DMTError) {
      result = .success(try body(rank))
    } catch {
      result = .failure(error)
    }
  }
}
