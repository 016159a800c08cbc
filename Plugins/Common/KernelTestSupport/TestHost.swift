internal import DMTPluginKit
internal import Foundation
internal import Synchronization
internal import Testing

/// A host with `dmt.parallel/1` alone: three threads, started anew for every loop, which take single pieces in turn.
enum TestHost {
  static let maximumThreads = 3

  private final class Loop: @unchecked Sendable {
    let body: dmt_parallel_body
    let argument: UnsafeMutableRawPointer?
    let count: Int64
    let next = Atomic<Int64>(0)

    init(body: dmt_parallel_body, argument: UnsafeMutableRawPointer?, count: Int64) {
      self.body = body
      self.argument = argument
      self.count = count
    }

    func work(_ worker: Int32) {
      while true {
        let piece = next.add(1, ordering: .relaxed).oldValue
        if piece >= count { return }
        body(argument, piece, piece + 1, worker)
      }
    }
  }

  /// The tables live as long as the process.
  nonisolated(unsafe) private static let parallel: UnsafePointer<dmt_parallel> = {
    let table = UnsafeMutablePointer<dmt_parallel>.allocate(capacity: 1)
    table.initialize(to: dmt_parallel())
    table.pointee.struct_size = UInt32(MemoryLayout<dmt_parallel>.size)
    table.pointee.max_threads = { _ in Int32(maximumThreads) }
    table.pointee.parallel_for = { _, count, _, body, argument in
      guard let body else { return }
      let loop = Loop(body: body, argument: argument, count: count)
      let group = DispatchGroup()
      for worker in 1..<Int32(maximumThreads) {
        group.enter()
        Thread.detachNewThread {
          loop.work(worker)
          group.leave()
        }
      }
      loop.work(0)
      group.wait()
    }
    return UnsafePointer(table)
  }()

  /// What a plugin is initialised with.
  nonisolated(unsafe) static let table: UnsafePointer<dmt_host> = {
    let table = UnsafeMutablePointer<dmt_host>.allocate(capacity: 1)
    table.initialize(to: dmt_host())
    table.pointee.struct_size = UInt32(MemoryLayout<dmt_host>.size)
    table.pointee.abi_minor = UInt32(DMT_ABI_MINOR)
    table.pointee.get_service = { _, id in
      guard let data = id.data else { return nil }
      let bytes = UnsafeRawBufferPointer(start: data, count: Int(id.size))
      return String(decoding: bytes, as: UTF8.self) == DMT_SERVICE_PARALLEL ? UnsafeRawPointer(TestHost.parallel) : nil
    }
    table.pointee.set_error = { _, _, _ in }
    return UnsafePointer(table)
  }()

  /// Gives the host's threads to the plugin, through the table that a host would use.
  static func initialize(_ plugin: (some DMTPlugin).Type) throws {
    let table = try #require(export(plugin))
    let initialize = try #require(table.pointee.initialize)
    #expect(initialize(Self.table) == DMT_OK)
  }
}
