internal import Glibc

/// How many threads the library itself starts for a primitive that this thread executes.
///
/// The distributions' oneDNN runs on OpenMP, whose idle workers spin for milliseconds after every parallel region and
/// take the processors from the host's threads. So a primitive runs on one thread, and the host's threads run several
/// primitives at once. OpenMP keeps the number for each thread; what another library set on it is put back.
///
/// libgomp is looked up among the libraries that oneDNN brought, not linked: a oneDNN built on another runtime needs none
/// of this.
enum LibraryThreads {
  private typealias Setter = @convention(c) (Int32) -> Void
  private typealias Getter = @convention(c) () -> Int32

  private static let openMP: (set: Setter, get: Getter)? = {
    guard let handle = dlopen("libgomp.so.1", RTLD_NOW | RTLD_NOLOAD),
      let set = dlsym(handle, "omp_set_num_threads"), let get = dlsym(handle, "omp_get_max_threads")
    else { return nil }
    return (unsafeBitCast(set, to: Setter.self), unsafeBitCast(get, to: Getter.self))
  }()

  /// Threads of the library; more than one when the host has none to offer.
  nonisolated(unsafe) private(set) static var limit: Int32 = 1

  /// Takes the number of threads that the host allows; called before the first bind, while nothing runs.
  static func allow(_ threads: Int) {
    limit = HostThreads.areAvailable ? 1 : Int32(clamping: max(1, threads))
  }

  /// Runs `body` with the library on ``limit`` threads.
  @inline(__always)
  static func limited<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard let openMP else { return try body() }
    let (before, now) = (openMP.get(), limit)
    if before != now { openMP.set(now) }
    defer { if before != now { openMP.set(before) } }
    return try body()
  }
}
