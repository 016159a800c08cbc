public import CDMTPlugin
internal import Foundation
internal import Synchronization

/// A host for one process: `dmt.parallel/1` on a pool of its own, and the last error message.
public enum TestHost {
  /// Threads that the largest pool has.
  public static let maximumThreads = 3
  private static let pools: [TestPool] = (1...maximumThreads).map { threads in
    let pool = TestPool(threads: threads)
    pool.start()
    return pool
  }
  private static let selected = Atomic<Int>(1)
  private static let errorKey = "dmt.last-error"

  /// The pool that `parallel_for` uses from now on.
  public static func use(threads: Int) {
    selected.store(min(max(threads, 1), maximumThreads), ordering: .sequentiallyConsistent)
  }

  /// What the plugin said last about a failure on this thread.
  public static var lastError: String { Thread.current.threadDictionary[errorKey] as? String ?? "" }

  private static func pool() -> TestPool { pools[selected.load(ordering: .relaxed) - 1] }

  /// The tables live as long as the process.
  nonisolated(unsafe) private static let parallel: UnsafePointer<dmt_parallel> = {
    let table = UnsafeMutablePointer<dmt_parallel>.allocate(capacity: 1)
    table.initialize(to: dmt_parallel())
    table.pointee.struct_size = UInt32(MemoryLayout<dmt_parallel>.size)
    table.pointee.max_threads = { _ in Int32(maximumThreads) }
    table.pointee.parallel_for = { _, count, grain, body, argument in
      guard let body else { return }
      TestHost.pool().run(count, grain, body, argument)
    }
    return UnsafePointer(table)
  }()

  /// The table that a plugin is initialised with.
  nonisolated(unsafe) public static let table: UnsafePointer<dmt_host> = {
    let table = UnsafeMutablePointer<dmt_host>.allocate(capacity: 1)
    table.initialize(to: dmt_host())
    table.pointee.struct_size = UInt32(MemoryLayout<dmt_host>.size)
    table.pointee.abi_minor = UInt32(DMT_ABI_MINOR)
    table.pointee.get_service = { _, id in
      guard let data = id.data else { return nil }
      let bytes = UnsafeRawBufferPointer(start: data, count: Int(id.size))
      return String(decoding: bytes, as: UTF8.self) == DMT_SERVICE_PARALLEL ? UnsafeRawPointer(TestHost.parallel) : nil
    }
    table.pointee.set_error = { _, _, text in
      guard let data = text.data else { return }
      let bytes = UnsafeRawBufferPointer(start: data, count: Int(text.size))
      Thread.current.threadDictionary[TestHost.errorKey] = String(decoding: bytes, as: UTF8.self)
    }
    return UnsafePointer(table)
  }()
}
