internal import CDMTHostShims
internal import CDMTPlugin
internal import DMTCore
internal import Synchronization

/// What is said when a plugin crashes in this process: a trap cannot be caught, only told.
///
/// Every call into a plugin leaves plugin, component and phase behind for its thread, and the runtime the node; pool workers
/// take them over from the thread that they work for. A handler of the fatal signals writes them to standard error, with the
/// library that the crash is in, and ends the process with the exit code of ``DMTError/Code/pluginFailed``. It allocates
/// nothing and takes no lock; what it says is there beforehand. A crash outside of plugins does what it did without it.
///
/// Files that were being replaced keep their old contents, as with every sudden end of a process: the last checkpoint is
/// whole.
public enum CrashReport {
  /// Begins to report crashes.
  public static func install() { dmt_crash_report_install(DMTError.Code.pluginFailed.exitCode) }

  /// Takes the signals back from a library that has taken them for itself, as MPI does; nothing where crashes are not reported.
  static func renew() { dmt_crash_report_renew() }

  /// What a report closes with, such as how to go on; empty: nothing.
  public static func advise(_ text: String) { dmt_crash_report_advise(text) }

  /// A text that the handler may read at any time: one copy of each, never freed.
  package static func text(_ text: String) -> UnsafePointer<CChar> {
    texts.withLock { known in
      if let found = known[text] { return Shared(found.pointer) }
      let bytes = Array(text.utf8) + [0]
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
      for (index, byte) in bytes.enumerated() { copy[index] = CChar(bitPattern: byte) }
      known[text] = Shared(UnsafePointer(copy))
      return Shared(UnsafePointer(copy))
    }.pointer
  }

  /// Says which node runs on this thread from now on; nil: none.
  package static func run(node: UnsafePointer<CChar>?) { dmt_activity_set_node(node) }

  /// A component as the handler tells it; never freed, there are as many as components were loaded.
  static func site(plugin: String, component: String?) -> UnsafePointer<dmt_call_site> {
    let site = UnsafeMutablePointer<dmt_call_site>.allocate(capacity: 1)
    site.initialize(to: dmt_call_site(plugin: text(plugin), component: component.map { text($0) }))
    return UnsafePointer(site)
  }

  /// Runs a call into a plugin.
  @inline(__always)
  static func noting<Result>(
    _ site: UnsafePointer<dmt_call_site>, _ phase: StaticString, _ body: () -> Result
  ) -> Result {
    let before = dmt_activity_enter(site, UnsafeRawPointer(phase.utf8Start).assumingMemoryBound(to: CChar.self))
    defer { dmt_activity_leave(before) }
    return body()
  }

  /// An immortal pointer, which any thread may read.
  private struct Shared: @unchecked Sendable {
    let pointer: UnsafePointer<CChar>
    init(_ pointer: UnsafePointer<CChar>) { self.pointer = pointer }
  }

  private static let texts = Mutex<[String: Shared]>([:])
}
