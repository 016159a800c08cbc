internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore
internal import DMTPluginHost
internal import Synchronization

/// The tables of the services of a ``ConformanceHost``, in memory that is never freed.
enum HostTables {
  static func services() -> [String: UnsafeRawPointer] {
    [
      DMT_SERVICE_LOG: place(log), DMT_SERVICE_ALLOC: place(alloc), DMT_SERVICE_PARALLEL: place(parallel),
      DMT_SERVICE_TRACE: place(trace), DMT_SERVICE_RNG: place(rng), DMT_SERVICE_CANCEL: place(cancel),
      DMT_SERVICE_CPU: place(dmt_cpu.host),
    ]
  }

  /// All tables but the CPU's, which has none, begin with size, a reserved word and the context.
  static func setContext(_ context: UnsafeMutableRawPointer, of services: [String: UnsafeRawPointer]) {
    for (id, table) in services where id != DMT_SERVICE_CPU {
      UnsafeMutableRawPointer(mutating: table).storeBytes(
        of: context, toByteOffset: 8, as: UnsafeMutableRawPointer.self)
    }
  }

  private static func place<Table>(_ table: Table) -> UnsafeRawPointer {
    let memory = UnsafeMutablePointer<Table>.allocate(capacity: 1)
    memory.initialize(to: table)
    return UnsafeRawPointer(memory)
  }

  private static var log: dmt_log {
    dmt_log(
      struct_size: SizedStruct.size(of: dmt_log.self), reserved: 0, ctx: nil,
      write: { context, level, category, message in
        let line = "\(level) \(String(category) ?? "?"): \(String(message) ?? "(no text)")"
        ConformanceHost.at(context)?.log.withLock { $0.append(line) }
      })
  }

  private static var alloc: dmt_alloc {
    dmt_alloc(
      struct_size: SizedStruct.size(of: dmt_alloc.self), reserved: 0, ctx: nil,
      allocate: { context, size, alignment, tag in
        ConformanceHost.at(context)?.allocations.allocate(
          size: Int(size), alignment: Int(alignment), tag: String(tag) ?? "?")
      }, release: { context, memory in ConformanceHost.at(context)?.allocations.release(memory) })
  }

  private static var parallel: dmt_parallel {
    dmt_parallel(
      struct_size: SizedStruct.size(of: dmt_parallel.self), reserved: 0, ctx: nil,
      max_threads: { context in Int32(clamping: ConformanceHost.at(context)?.pool.threadCount ?? 1) },
      parallel_for: { context, count, grain, body, argument in
        guard let body else { return }
        ConformanceHost.at(context)?.parallelFor(count, grain, body, argument)
      })
  }

  private static var trace: dmt_trace {
    dmt_trace(
      struct_size: SizedStruct.size(of: dmt_trace.self), reserved: 0, ctx: nil, begin: { _, _ in }, end: { _ in })
  }

  private static var rng: dmt_rng {
    dmt_rng(
      struct_size: SizedStruct.size(of: dmt_rng.self), reserved: 0, ctx: nil,
      philox: { _, key, counter, out in
        guard let key, let counter, let out else { return }
        let words = Philox.words(
          key: SIMD2(key[0], key[1]), counter: SIMD4(counter[0], counter[1], counter[2], counter[3]))
        for index in 0..<4 { out[index] = words[index] }
      })
  }

  private static var cancel: dmt_cancel {
    dmt_cancel(
      struct_size: SizedStruct.size(of: dmt_cancel.self), reserved: 0, ctx: nil,
      is_requested: { context in ConformanceHost.at(context)?.isCancelRequested == true ? 1 : 0 })
  }
}
