internal import CDMTHostShims
internal import CDMTPlugin
public import DMTCore

/// The host's threads: a fixed number of them, the caller's included, shared by all kernels of a rank.
///
/// A call costs no allocation and takes no lock. Workers wait for the next call in a short bounded spin and then asleep,
/// so that an idle pool costs nothing. Calls from inside a body, and calls that come while another thread's call is
/// running, are worked off on the calling thread alone.
public final class ThreadPool: @unchecked Sendable {
  /// The most threads of a pool.
  public static let maximumThreads = 1024

  /// Threads that work on a call, the caller's included.
  public let threadCount: Int

  private let state: PoolState

  /// Starts `threads` - 1 workers.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` when `threads` is not in 1...1024, ``DMTError/Code/io`` when the system
  ///   refuses to start a thread.
  public init(threads: Int) throws(DMTError) {
    guard threads >= 1, threads <= Self.maximumThreads else {
      throw DMTError(
        .invalidArgument, "a thread pool of \(threads) threads was asked for, expected 1 to \(Self.maximumThreads)",
        remedy: "leave the number of threads out to use one for each CPU")
    }
    threadCount = threads
    state = PoolState(threads: threads)
    do throws(DMTError) {
      try state.start()
    } catch {
      state.stop()
      throw error
    }
  }

  deinit { state.stop() }

  /// CPUs that this process may use, the natural size of a pool.
  public static var usableCPUs: Int { Int(dmt_usable_cpus()) }

  /// Calls `body` on disjoint pieces of 0 ..< `count` and returns when all are done.
  ///
  /// Pieces are multiples of `grain` long, the last one excepted. The number that a body gets as its worker is in
  /// 0 ..< ``threadCount`` and differs between bodies of one call that run at the same time. How the range is cut depends
  /// on the number of threads, so a result that must not depend on it may not depend on where pieces begin.
  ///
  /// - Parameter body: `@Sendable`, so that a closure written on the main actor does not belong to it.
  public func parallelFor(count: Int, grain: Int, body: ParallelBody, argument: UnsafeMutableRawPointer?) {
    parallelFor(count: count, grain: grain, contractBody: body, argument: argument)
  }

  /// `dmt_parallel_body`, said to be safe on any thread.
  public typealias ParallelBody = @Sendable @convention(c) (UnsafeMutableRawPointer?, Int64, Int64, Int32) -> Void

  /// As ``parallelFor(count:grain:body:argument:)``, for a body from the other side of the contract.
  func parallelFor(
    count: Int, grain: Int, contractBody body: dmt_parallel_body, argument: UnsafeMutableRawPointer?
  ) {
    guard count > 0 else { return }
    let role = dmt_thread_role_here()!  // never NULL: the address of a thread-local variable
    let isInside = role.pointee.pool == state.identity
    let chunk = Self.chunk(count: count, grain: grain, threads: threadCount)
    if threadCount == 1 || isInside || chunk >= count || !state.claim() {
      body(argument, 0, Int64(count), isInside ? role.pointee.worker : 0)
      return
    }
    let outer = role.pointee
    role.pointee = dmt_thread_role(pool: state.identity, worker: 0)
    state.run(count: count, chunk: chunk, body: body, argument: argument)
    role.pointee = outer
    state.unclaim()
  }

  /// Length of a piece: a multiple of `grain`, about four pieces a thread so that a late thread does not hold up the rest.
  static func chunk(count: Int, grain: Int, threads: Int) -> Int {
    let grain = max(1, min(grain, count))
    let pieces = threads * 4
    let even = count / pieces + (count % pieces == 0 ? 0 : 1)
    let multiple = even / grain + (even % grain == 0 ? 0 : 1)
    let (length, overflow) = multiple.multipliedReportingOverflow(by: grain)
    return overflow ? count : min(count, length)
  }
}
