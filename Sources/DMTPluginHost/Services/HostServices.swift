internal import CDMTHostShims
public import CDMTPlugin
internal import DMTBridge
internal import DMTCore
public import Logging
internal import Synchronization

/// What plugins get from this host: log, memory, threads, trace, CPU, random numbers, cancellation.
///
/// The tables live as long as the process, because a plugin is never unloaded and may keep them; so an object of this
/// class is never freed. A process has one for all its plugins, a test may have several.
public final class HostServices: @unchecked Sendable {
  /// The threads that `dmt.parallel/1` runs on.
  public let pool: ThreadPool
  /// What `dmt.cpu/1` tells.
  public let cpu: dmt_cpu
  /// Where `dmt.trace/1` goes.
  public let trace: TraceRecorder
  /// The table that plugins are initialized with.
  public let host: UnsafePointer<dmt_host>

  private let logger: Logger
  private let ledger = AllocationLedger()
  private let cancelled = Atomic<Bool>(false)
  private let tables: ServiceTables

  /// - Parameters:
  ///   - pool: the rank's threads.
  ///   - logger: where plugins' lines go; `category` becomes metadata.
  ///   - cpu: what plugins are told about the machine.
  public init(
    pool: ThreadPool, logger: Logger, cpu: dmt_cpu = .host, trace: TraceRecorder = TraceRecorder(),
    version: String = HostServices.version
  ) {
    self.pool = pool
    self.logger = logger
    self.cpu = cpu
    self.trace = trace
    tables = ServiceTables(version: version)
    host = UnsafePointer(tables.host)
    tables.fill(context: Unmanaged.passRetained(self).toOpaque(), cpu: cpu)
  }

  /// The host's version, as plugins see it and as caches record it.
  public static let version = "0.9.0"

  /// Asks plugins' long work to stop (`dmt.cancel/1`).
  public func requestCancel() { cancelled.store(true, ordering: .relaxed) }

  /// Takes the request back.
  public func clearCancel() { cancelled.store(false, ordering: .relaxed) }

  /// Whether work is to stop.
  public var isCancelRequested: Bool { cancelled.load(ordering: .relaxed) }

  /// Bytes that plugins took through `dmt.alloc/1` and have not given back, by tag.
  public var outstandingAllocations: [String: Int] { ledger.outstanding }

  func service(id: String) -> UnsafeRawPointer? { tables.service(id: id) }

  func write(level: Int32, category: String, message: String) {
    let level: Logger.Level =
      switch level {
      case ...DMT_LOG_TRACE: .trace
      case DMT_LOG_DEBUG: .debug
      case DMT_LOG_INFO: .info
      case DMT_LOG_NOTICE: .notice
      case DMT_LOG_WARNING: .warning
      default: .error
      }
    logger.log(level: level, "\(message)", metadata: ["plugin": "\(category)"])
  }

  func allocate(size: Int64, alignment: Int64, tag: String) -> UnsafeMutableRawPointer? {
    ledger.allocate(size: Int(size), alignment: Int(alignment), tag: tag)
  }

  func release(_ memory: UnsafeMutableRawPointer?) { ledger.release(memory) }
}
