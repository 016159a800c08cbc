internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// A ``Backend`` behind a `dmt_backend` table.
final class BackendTable: Sendable {
  private let backend: any Backend

  private init(_ backend: any Backend) { self.backend = backend }

  /// The table, for as long as the process lives.
  static func make(_ backend: any Backend) -> UnsafeRawPointer {
    let context = Unmanaged.passRetained(BackendTable(backend)).toOpaque()
    let table = UnsafeMutablePointer<dmt_backend>.allocate(capacity: 1)
    table.initialize(
      to: dmt_backend(
        struct_size: SizedStruct.size(of: dmt_backend.self), revision: 1, ctx: context,
        probe: { context, cpu, answer in
          guarded { () throws(DMTError) in try BackendTable.at(context).probe(cpu, answer) }
        },
        set_threads: nil, kernels: KernelsContext.table(backend)))
    if backend is any MachineAwareBackend {
      table.pointee.set_threads = { context, threads in
        guarded { () throws(DMTError) in
          guard threads >= 1 else { throw DMTError(.invalidArgument, "\(threads) threads, expected at least 1") }
          try (BackendTable.at(context).backend as? any MachineAwareBackend)?.setThreads(Int(threads))
        }
      }
    }
    return UnsafeRawPointer(table)
  }

  private static func at(_ context: UnsafeMutableRawPointer?) throws(DMTError) -> BackendTable {
    guard let context else { throw missing("the backend's ctx") }
    return Unmanaged<BackendTable>.fromOpaque(context).takeUnretainedValue()
  }

  private func probe(
    _ cpu: UnsafePointer<dmt_cpu>?, _ answer: UnsafeMutablePointer<dmt_probe>?
  ) throws(DMTError) {
    let cpu = try SizedStruct.read(cpu, "the CPU's description")
    let probe =
      (backend as? any MachineAwareBackend)?.probe(cpu) ?? BackendProbe(score: 50, reason: "works on every machine")
    let texts = ThreadTexts.renew()
    var result = dmt_probe()
    result.score = Int32(clamping: max(0, probe.score))
    result.reason = texts.text(probe.reason)
    result.library = texts.text(probe.library)
    try SizedStruct.write(result, to: answer, "the place for the answer")
  }
}
