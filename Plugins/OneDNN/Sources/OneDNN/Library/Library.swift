internal import CDNNL
internal import DMTPluginKit

/// The process-wide state of oneDNN: its CPU engine and what it says about itself.
enum Library {
  /// The CPU engine; lives as long as the process, as plugins do.
  nonisolated(unsafe) private static let engineOrNil: dnnl_engine_t? = {
    var engine: dnnl_engine_t?
    return dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success ? engine : nil
  }()

  static func engine() throws(DMTError) -> dnnl_engine_t {
    guard let engine = engineOrNil else {
      throw DMTError(.pluginFailed, "oneDNN could not make its CPU engine")
    }
    return engine
  }

  /// `oneDNN 2.6.3 (OpenMP runtime), one thread in each of the host's`.
  static let description: String = {
    guard let version = dnnl_version() else { return "oneDNN" }
    let runtime: String =
      switch UInt32(version.pointee.cpu_runtime) {
      case UInt32(DNNL_RUNTIME_SEQ): "sequential"
      case UInt32(DNNL_RUNTIME_OMP): "OpenMP"
      case UInt32(DNNL_RUNTIME_TBB): "TBB"
      case UInt32(DNNL_RUNTIME_THREADPOOL): "thread pool"
      default: "unknown"
      }
    let number = "\(version.pointee.major).\(version.pointee.minor).\(version.pointee.patch)"
    return "oneDNN \(number) (\(runtime) runtime), one thread in each of the host's"
  }()

  /// Throws when a call of the library did not succeed; `what` names the call.
  static func check(_ status: dnnl_status_t, _ what: @autoclosure () -> String) throws(DMTError) {
    if status != dnnl_success { throw error(status, what()) }
  }

  /// The error for a status other than success.
  static func error(_ status: dnnl_status_t, _ what: String) -> DMTError {
    let name = dnnl_status2str(status).map { String(cString: $0) } ?? "status \(status.rawValue)"
    return DMTError(
      status == dnnl_unimplemented ? .unsupported : .pluginFailed, "oneDNN: \(what) failed: \(name)",
      remedy: "run with ONEDNN_VERBOSE=1 to see the library's own account, or choose another backend")
  }
}
