internal import DMTPluginKit
internal import Foundation
internal import Synchronization

/// A host whose threads wait for loops, spinning for a moment before they sleep, as the host's own pool does.
final class BenchmarkHost: @unchecked Sendable {
  private static let spins = 4_000
  private let threads: Int
  private let generation = Atomic<Int>(0)
  private let next = Atomic<Int64>(0)
  private let inside = Atomic<Int>(0)
  private let wake = NSCondition()
  private var count: Int64 = 0
  private var body: dmt_parallel_body = { _, _, _, _ in }
  private var argument: UnsafeMutableRawPointer?

  private init(threads: Int) {
    self.threads = threads
    for worker in 1..<max(1, Int32(threads)) { Thread.detachNewThread { self.serve(worker) } }
  }

  private func serve(_ worker: Int32) {
    var seen = 0
    while true {
      var spins = 0
      while generation.load(ordering: .acquiring) == seen {
        spins += 1
        if spins > Self.spins {
          wake.lock()
          while generation.load(ordering: .acquiring) == seen { wake.wait() }
          wake.unlock()
        }
      }
      seen = generation.load(ordering: .acquiring)
      take(worker)
      inside.subtract(1, ordering: .acquiringAndReleasing)
    }
  }

  private func take(_ worker: Int32) {
    while true {
      let piece = next.add(1, ordering: .relaxed).oldValue
      if piece >= count { return }
      body(argument, piece, piece + 1, worker)
    }
  }

  private func run(_ count: Int64, _ body: dmt_parallel_body, _ argument: UnsafeMutableRawPointer?) {
    (self.count, self.body, self.argument) = (count, body, argument)
    next.store(0, ordering: .relaxed)
    inside.store(threads - 1, ordering: .relaxed)
    wake.lock()
    generation.add(1, ordering: .releasing)
    wake.broadcast()
    wake.unlock()
    take(0)
    while inside.load(ordering: .acquiring) != 0 {}
  }

  /// Gives `threads` threads to a plugin.
  static func initialize(_ plugin: (some DMTPlugin).Type, threads: Int) {
    let host = BenchmarkHost(threads: threads)
    let parallel = UnsafeMutablePointer<dmt_parallel>.allocate(capacity: 1)
    parallel.initialize(to: dmt_parallel())
    parallel.pointee.struct_size = UInt32(MemoryLayout<dmt_parallel>.size)
    parallel.pointee.ctx = Unmanaged.passRetained(host).toOpaque()
    parallel.pointee.max_threads = { context in
      context.map { Int32(Unmanaged<BenchmarkHost>.fromOpaque($0).takeUnretainedValue().threads) } ?? 1
    }
    parallel.pointee.parallel_for = { context, count, _, body, argument in
      guard let context, let body else { return }
      Unmanaged<BenchmarkHost>.fromOpaque(context).takeUnretainedValue().run(count, body, argument)
    }
    let table = UnsafeMutablePointer<dmt_host>.allocate(capacity: 1)
    table.initialize(to: dmt_host())
    table.pointee.struct_size = UInt32(MemoryLayout<dmt_host>.size)
    table.pointee.abi_minor = UInt32(DMT_ABI_MINOR)
    table.pointee.ctx = UnsafeMutableRawPointer(parallel)
    table.pointee.get_service = { parallel, id in
      guard let data = id.data else { return nil }
      let name = String(decoding: UnsafeRawBufferPointer(start: data, count: Int(id.size)), as: UTF8.self)
      return name == DMT_SERVICE_PARALLEL ? UnsafeRawPointer(parallel) : nil
    }
    table.pointee.set_error = { _, _, _ in }
    guard let initialize = export(plugin)?.pointee.initialize, initialize(table) == DMT_OK else {
      print("the plugin could not be initialised")
      return
    }
  }
}
