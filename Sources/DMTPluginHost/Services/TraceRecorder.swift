internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// Collects spans of all threads and writes them in Chrome's trace format (chrome://tracing, Perfetto).
///
/// While it is not recording, a span costs one atomic read.
public final class TraceRecorder: Sendable {
  private struct Event {
    var name: String?
    var thread: UInt64
    var nanoseconds: UInt64
  }

  /// Events kept at most; a trace that grows for hours must not eat the memory of the training.
  public static let capacity = 2_000_000

  private let recording = Atomic<Bool>(false)
  private let events = Mutex<[Event]>([])

  /// A recorder that does not record yet.
  public init() {}

  /// Whether spans are being collected.
  public var isRecording: Bool { recording.load(ordering: .relaxed) }

  /// Forgets what was collected and starts to collect.
  public func start() {
    events.withLock { $0.removeAll() }
    recording.store(true, ordering: .relaxed)
  }

  /// Stops collecting; what was collected stays.
  public func stop() { recording.store(false, ordering: .relaxed) }

  /// Opens a span on this thread.
  public func begin(_ name: @autoclosure () -> String) {
    if isRecording { append(name()) }
  }

  /// Closes the span opened last on this thread.
  public func end() {
    if isRecording { append(nil) }
  }

  private func append(_ name: String?) {
    let event = Event(name: name, thread: UInt64(pthread_self()), nanoseconds: Self.now())
    events.withLock { if $0.count < Self.capacity { $0.append(event) } }
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  private struct ChromeEvent: Encodable {
    var name: String?
    var ph: String
    var ts: Double
    var pid: Int
    var tid: Int
  }

  /// The collected spans as the text of a trace file; ends without a beginning are left out.
  public func chromeTrace() throws -> String {
    let events = events.withLock { $0 }
    var threads: [UInt64: (number: Int, depth: Int)] = [:]
    var result: [ChromeEvent] = []
    let start = events.first?.nanoseconds ?? 0
    for event in events {
      var thread = threads[event.thread] ?? (threads.count, 0)
      if event.name == nil, thread.depth == 0 { continue }
      thread.depth += event.name == nil ? -1 : 1
      threads[event.thread] = thread
      // Events of two threads may be appended in another order than their times were taken.
      let time = event.nanoseconds >= start ? Double(event.nanoseconds - start) / 1000 : 0
      result.append(
        ChromeEvent(
          name: event.name, ph: event.name == nil ? "E" : "B", ts: time, pid: Int(getpid()), tid: thread.number))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(["traceEvents": result]), as: UTF8.self)
  }
}
