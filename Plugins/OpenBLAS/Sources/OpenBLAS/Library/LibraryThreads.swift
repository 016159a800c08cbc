internal import COpenBLAS

/// How many threads a call of OpenBLAS uses: one number for the whole process.
///
/// One, when the host has threads: these run several products at once, each on its own part of the result. OpenBLAS's own
/// threads would work beside the host's, and two callers at once would wait for each other.
enum LibraryThreads {
  static func allow(_ threads: Int) {
    openblas_set_num_threads(HostThreads.areAvailable ? 1 : Int32(clamping: max(1, threads)))
  }

  /// `OpenBLAS 0.3.21 SkylakeX (pthreads), one thread in each of the host's`.
  static var description: String {
    let config = openblas_get_config().map { String(cString: $0) } ?? "OpenBLAS"
    let core = openblas_get_corename().map { String(cString: $0) } ?? "unknown core"
    let runtime =
      switch openblas_get_parallel() {
      case 0: "no threads"
      case 1: "pthreads"
      default: "OpenMP"
      }
    // The configuration reads `OpenBLAS 0.3.21 NO_AFFINITY USE_OPENMP ..`.
    let version = config.split(separator: " ").prefix(2).joined(separator: " ")
    return "\(version) \(core) (\(runtime)), one thread in each of the host's"
  }
}
