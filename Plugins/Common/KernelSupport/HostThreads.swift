public import CDMTPlugin

/// The host's threads (`dmt.parallel/1`), as the kernels of this plugin use them.
public struct HostThreads {
  /// What the host gave at initialisation; written once, before any component is asked for.
  nonisolated(unsafe) private static var service: UnsafePointer<dmt_parallel>?

  /// Takes the service from the host; without it kernels run on the caller's thread.
  public static func use(_ host: UnsafePointer<dmt_host>?) {
    guard let host, let getService = host.pointee.get_service else {
      service = nil
      return
    }
    let name: StaticString = "dmt.parallel/1"
    let id = name.withUTF8Buffer { utf8 in
      dmt_str(data: UnsafeRawPointer(utf8.baseAddress)?.assumingMemoryBound(to: CChar.self), size: Int64(utf8.count))
    }
    service = getService(host.pointee.ctx, id)?.assumingMemoryBound(to: dmt_parallel.self)
  }

  /// The host has given threads.
  static var areAvailable: Bool { service?.pointee.parallel_for != nil && service?.pointee.max_threads != nil }

  /// Threads that a plan may use.
  let count: Int
  /// Upper bound of the worker numbers that a piece of work sees.
  let workers: Int

  init(requested: Int) {
    guard let service = Self.service, let limit = service.pointee.max_threads, service.pointee.parallel_for != nil else {
      count = 1
      workers = 1
      return
    }
    workers = max(1, Int(limit(service.pointee.ctx)))
    count = max(1, min(requested, workers))
  }

  /// Calls `body` with `argument` on pieces of 0 ..< count.
  func forEach(_ pieces: Int, _ body: dmt_parallel_body, _ argument: UnsafeMutableRawPointer) {
    if pieces > 1, count > 1, let service = Self.service, let parallelFor = service.pointee.parallel_for {
      parallelFor(service.pointee.ctx, Int64(pieces), 1, body, argument)
    } else if pieces > 0 {
      body(argument, 0, Int64(pieces), 0)
    }
  }
}
