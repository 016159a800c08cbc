internal import CDMTHostShims
internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// The C tables of ``HostServices``, in memory that is never freed.
final class ServiceTables {
  let host: UnsafeMutablePointer<dmt_host>
  private let log = UnsafeMutablePointer<dmt_log>.allocate(capacity: 1)
  private let alloc = UnsafeMutablePointer<dmt_alloc>.allocate(capacity: 1)
  private let parallel = UnsafeMutablePointer<dmt_parallel>.allocate(capacity: 1)
  private let trace = UnsafeMutablePointer<dmt_trace>.allocate(capacity: 1)
  private let cpu = UnsafeMutablePointer<dmt_cpu>.allocate(capacity: 1)
  private let rng = UnsafeMutablePointer<dmt_rng>.allocate(capacity: 1)
  private let cancel = UnsafeMutablePointer<dmt_cancel>.allocate(capacity: 1)
  private let services: [String: UnsafeRawPointer]

  init(version: String) {
    host = .allocate(capacity: 1)
    let texts = ContractArena()
    host.initialize(
      to: dmt_host(
        struct_size: size(dmt_host.self), abi_major: UInt32(DMT_ABI_MAJOR), abi_minor: UInt32(DMT_ABI_MINOR),
        reserved: 0,
        name: texts.text("dmt"), version: texts.text(version), ctx: nil,
        get_service: { context, id in
          guard let services = HostServices.at(context), let id = String(id) else { return nil }
          return services.service(id: id)
        },
        set_error: { _, status, message in dmt_error_keep(status, message.data, message.size) }))
    _ = Unmanaged.passRetained(texts)
    services = [
      DMT_SERVICE_LOG: UnsafeRawPointer(log), DMT_SERVICE_ALLOC: UnsafeRawPointer(alloc),
      DMT_SERVICE_PARALLEL: UnsafeRawPointer(parallel), DMT_SERVICE_TRACE: UnsafeRawPointer(trace),
      DMT_SERVICE_CPU: UnsafeRawPointer(cpu), DMT_SERVICE_RNG: UnsafeRawPointer(rng),
      DMT_SERVICE_CANCEL: UnsafeRawPointer(cancel),
    ]
  }

  func service(id: String) -> UnsafeRawPointer? { services[id] }

  /// Writes the tables; `context` is the ``HostServices`` that they belong to.
  func fill(context: UnsafeMutableRawPointer, cpu found: dmt_cpu) {
    host.pointee.ctx = context
    log.initialize(
      to: dmt_log(
        struct_size: size(dmt_log.self), reserved: 0, ctx: context,
        write: { context, level, category, message in
          HostServices.at(context)?.write(
            level: level, category: String(category) ?? "?", message: String(message) ?? "(a message that is no text)")
        }))
    alloc.initialize(
      to: dmt_alloc(
        struct_size: size(dmt_alloc.self), reserved: 0, ctx: context,
        allocate: { context, size, alignment, tag in
          HostServices.at(context)?.allocate(size: size, alignment: alignment, tag: String(tag) ?? "?")
        }, release: { context, memory in HostServices.at(context)?.release(memory) }))
    parallel.initialize(
      to: dmt_parallel(
        struct_size: size(dmt_parallel.self), reserved: 0, ctx: context,
        max_threads: { context in HostServices.at(context).map { Int32($0.pool.threadCount) } ?? 1 },
        parallel_for: { context, count, grain, body, argument in
          guard let context, let body else { return }
          Unmanaged<HostServices>.fromOpaque(context)._withUnsafeGuaranteedRef {
            $0.pool.parallelFor(count: Int(count), grain: Int(grain), contractBody: body, argument: argument)
          }
        }))
    trace.initialize(
      to: dmt_trace(
        struct_size: size(dmt_trace.self), reserved: 0, ctx: context,
        begin: { context, name in HostServices.at(context)?.trace.begin(String(name) ?? "?") },
        end: { context in HostServices.at(context)?.trace.end() }))
    cpu.initialize(to: found)
    rng.initialize(
      to: dmt_rng(
        struct_size: size(dmt_rng.self), reserved: 0, ctx: context,
        philox: { _, key, counter, out in
          guard let key, let counter, let out else { return }
          let words = Philox.words(
            key: SIMD2(key[0], key[1]), counter: SIMD4(counter[0], counter[1], counter[2], counter[3]))
          for index in 0..<4 { out[index] = words[index] }
        }))
    cancel.initialize(
      to: dmt_cancel(
        struct_size: size(dmt_cancel.self), reserved: 0, ctx: context,
        is_requested: { context in HostServices.at(context)?.isCancelRequested == true ? 1 : 0 }))
  }
}

extension HostServices {
  fileprivate static func at(_ context: UnsafeMutableRawPointer?) -> HostServices? {
    context.map { Unmanaged<HostServices>.fromOpaque($0).takeUnretainedValue() }
  }
}

/// The `struct_size` of a struct of the contract.
private func size<T>(_: T.Type) -> UInt32 { UInt32(MemoryLayout<T>.stride) }
