public import CDMTPlugin
internal import DMTBridge
public import DMTCore
internal import Synchronization

/// What the host offers to the plugin: its threads, log, CPU, trace, random numbers.
///
/// Works from ``DMTPlugin/initialize()`` on; before, and where a host lacks a service, every function does what is
/// sensible without it (loops run on the calling thread, log lines are dropped).
public enum PluginContext {
  /// The level of a log line.
  public enum LogLevel: Int32, Sendable {
    case trace = 0
    case debug = 1
    case info = 2
    case warning = 4
    case error = 5
  }

  /// The tables of the host; made once for each host and never freed, because kernels of any thread may be reading them.
  struct Tables {
    var host: UnsafePointer<dmt_host>
    var log: UnsafePointer<dmt_log>?
    var parallel: UnsafePointer<dmt_parallel>?
    var trace: UnsafePointer<dmt_trace>?
    var cpu: UnsafePointer<dmt_cpu>?
    var cancel: UnsafePointer<dmt_cancel>?
  }

  /// Address of the tables, 0 before the host is known.
  private static let current = Atomic<UInt>(0)

  static var tables: UnsafePointer<Tables>? { UnsafePointer(bitPattern: current.load(ordering: .acquiring)) }

  /// Threads that a loop may use, the caller's included.
  public static var threads: Int {
    guard let parallel = tables?.pointee.parallel else { return 1 }
    return Int(parallel.pointee.max_threads(parallel.pointee.ctx))
  }

  /// What the CPU has and the operating system saves; level 0 and no feature when the host does not say.
  public static var cpu: dmt_cpu { tables?.pointee.cpu?.pointee ?? dmt_cpu() }

  /// True when the user wants work to stop.
  public static var isCancelled: Bool {
    guard let cancel = tables?.pointee.cancel else { return false }
    return cancel.pointee.is_requested(cancel.pointee.ctx) != 0
  }

  /// Writes a line to the host's log.
  public static func log(_ level: LogLevel, category: String, _ message: String) {
    guard let log = tables?.pointee.log else { return }
    withText(category) { category in
      withText(message) { log.pointee.write(log.pointee.ctx, level.rawValue, category, $0) }
    }
  }

  /// Runs `body` inside a span of the host's trace.
  public static func span<Result>(_ name: StaticString, _ body: () throws(DMTError) -> Result) throws(DMTError)
    -> Result
  {
    guard let trace = tables?.pointee.trace, name.hasPointerRepresentation else { return try body() }
    let text = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    trace.pointee.begin(trace.pointee.ctx, dmt_str(data: text, size: Int64(name.utf8CodeUnitCount)))
    defer { trace.pointee.end(trace.pointee.ctx) }
    return try body()
  }

  /// Calls `body` on disjoint pieces of 0 ..< `count`, on the host's threads, and returns when all are done.
  ///
  /// - Parameters:
  ///   - grain: the shortest piece, the last one excepted.
  ///   - body: a range, and the number of the worker, 0 ..< ``threads``, different for pieces that run at the same time.
  public static func parallelFor(
    count: Int, grain: Int = 1, _ body: @Sendable (_ range: Range<Int>, _ worker: Int) -> Void
  ) {
    guard let parallel = tables?.pointee.parallel else {
      if count > 0 { body(0..<count, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      var body = body
      withUnsafeMutablePointer(to: &body) { pointer in
        parallel.pointee.parallel_for(
          parallel.pointee.ctx, Int64(count), Int64(grain),
          { argument, begin, end, worker in
            typealias Body = @Sendable (Range<Int>, Int) -> Void
            guard let body = argument?.assumingMemoryBound(to: Body.self) else { return }
            body.pointee(Int(begin)..<Int(end), Int(worker))
          }, pointer)
      }
    }
  }

  /// Calls `body` on disjoint pieces of 0 ..< `count`, on the host's threads; for kernels, because it allocates nothing.
  @inline(__always)
  public static func parallelFor(
    count: Int, grain: Int, argument: UnsafeMutableRawPointer?, body: dmt_parallel_body
  ) {
    guard count > 0 else { return }
    guard let parallel = tables?.pointee.parallel else { return body(argument, 0, Int64(count), 0) }
    parallel.pointee.parallel_for(parallel.pointee.ctx, Int64(count), Int64(grain), body, argument)
  }

  // MARK: For the tables

  /// Takes the services of `host`.
  static func adopt(_ host: UnsafePointer<dmt_host>) {
    if Self.tables?.pointee.host == host { return }
    func service<Table>(_ id: String, _: Table.Type) -> UnsafePointer<Table>? {
      let found = withText(id) { host.pointee.get_service(host.pointee.ctx, $0) }
      guard let found, found.load(as: UInt32.self) >= UInt32(MemoryLayout<Table>.stride) else { return nil }
      return found.assumingMemoryBound(to: Table.self)
    }
    let tables = UnsafeMutablePointer<Tables>.allocate(capacity: 1)
    tables.initialize(
      to: Tables(
        host: host, log: service(DMT_SERVICE_LOG, dmt_log.self),
        parallel: service(DMT_SERVICE_PARALLEL, dmt_parallel.self),
        trace: service(DMT_SERVICE_TRACE, dmt_trace.self), cpu: service(DMT_SERVICE_CPU, dmt_cpu.self),
        cancel: service(DMT_SERVICE_CANCEL, dmt_cancel.self)))
    current.store(UInt(bitPattern: tables), ordering: .releasing)
  }

  /// Tells the host why the running call fails, and gives the status to return.
  static func fail(_ error: DMTError) -> dmt_status {
    let status = error.code.status
    guard let host = tables?.pointee.host else { return status }
    var message = error.message
    if let node = error.place.node { message = "node \(node): \(message)" }
    if let remedy = error.remedy { message += " (\(remedy))" }
    withText(message) { host.pointee.set_error(host.pointee.ctx, status, $0) }
    return status
  }

  /// The text as the contract writes it, for the length of the call.
  static func withText<Result>(_ text: String, _ body: (dmt_str) -> Result) -> Result {
    var text = text
    return text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { body(dmt_str(data: $0.baseAddress, size: Int64($0.count))) }
    }
  }
}
