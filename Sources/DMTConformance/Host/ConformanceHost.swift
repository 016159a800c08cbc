internal import CDMTHostShims
internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore
internal import DMTPluginHost
internal import Synchronization

/// The host that a plugin under test sees: it has every service, watches how they are used, and can have other numbers of
/// threads from one call to the next.
///
/// An object of this class is never freed, because a plugin may keep its tables.
final class ConformanceHost: @unchecked Sendable {
  let allocations = HostAllocations()
  /// The table that the plugin is initialized with.
  let table: UnsafePointer<dmt_host>
  /// Lines of the plugin's log.
  let log = Mutex<[String]>([])
  /// The threads that `dmt.parallel/1` runs on.
  private(set) var pool: ThreadPool
  private var pools: [Int: ThreadPool] = [:]
  private let services: [String: UnsafeRawPointer]
  /// A worker whose floating-point environment a body changed.
  private let cancel = Atomic<Bool>(false)
  private let changedWorker = Atomic<Bool>(false)

  /// - Parameters:
  ///   - threads: of the pool at first.
  ///   - isBare: it has no service at all.
  init(threads: Int = 1, isBare: Bool = false) throws(DMTError) {
    pool = try ThreadPool(threads: threads)
    pools[threads] = pool
    services = isBare ? [:] : HostTables.services()
    let texts = ContractArena()
    let host = UnsafeMutablePointer<dmt_host>.allocate(capacity: 1)
    host.initialize(
      to: dmt_host(
        struct_size: SizedStruct.size(of: dmt_host.self), abi_major: UInt32(DMT_ABI_MAJOR),
        abi_minor: UInt32(DMT_ABI_MINOR), reserved: 0, name: texts.text("dmt plugin check"),
        version: texts.text(HostServices.version), ctx: nil,
        get_service: { context, id in
          guard let host = ConformanceHost.at(context), let id = String(id) else { return nil }
          return host.services[id]
        },
        set_error: { _, status, message in dmt_error_keep(status, message.data, message.size) }))
    table = UnsafePointer(host)
    _ = Unmanaged.passRetained(texts)
    let context = Unmanaged.passRetained(self).toOpaque()
    host.pointee.ctx = context
    HostTables.setContext(context, of: services)
  }

  static func at(_ context: UnsafeMutableRawPointer?) -> ConformanceHost? {
    context.map { Unmanaged<ConformanceHost>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Changes the number of threads; while nothing runs.
  func setThreads(_ threads: Int) throws(DMTError) {
    let chosen: ThreadPool
    if let known = pools[threads] { chosen = known } else { chosen = try ThreadPool(threads: threads) }
    pools[threads] = chosen
    pool = chosen
  }

  /// What the cancel service says.
  var isCancelRequested: Bool {
    get { cancel.load(ordering: .relaxed) }
    set { cancel.store(newValue, ordering: .relaxed) }
  }

  /// Whether a body of `parallel_for` left a thread's floating-point environment changed.
  var hasChangedWorker: Bool { changedWorker.load(ordering: .relaxed) }

  /// `parallel_for`, every body between two looks at its thread's floating-point environment.
  func parallelFor(
    _ count: Int64, _ grain: Int64, _ body: @escaping dmt_parallel_body, _ argument: UnsafeMutableRawPointer?
  ) {
    var call = WatchedCall(host: Unmanaged.passUnretained(self), body: body, argument: argument)
    withUnsafeMutablePointer(to: &call) { call in
      pool.parallelFor(
        count: Int(count), grain: Int(grain),
        body: { argument, begin, end, worker in
          guard let call = argument?.assumingMemoryBound(to: WatchedCall.self).pointee else { return }
          let before = dmt_float_environment()
          call.body(call.argument, begin, end, worker)
          if dmt_float_environment() != before {
            call.host.takeUnretainedValue().changedWorker.store(true, ordering: .relaxed)
          }
        }, argument: UnsafeMutableRawPointer(call))
    }
  }
}

/// What a plugin handed to `parallel_for`.
private struct WatchedCall {
  var host: Unmanaged<ConformanceHost>
  var body: dmt_parallel_body
  var argument: UnsafeMutableRawPointer?
}
