internal import CDNNL
internal import DMTPluginKit

/// The instruction sets that oneDNN may compile kernels for.
///
/// oneDNN looks at the CPU itself and knows nothing of the cap that the user may have set; it takes a limit once, before its
/// first kernel.
enum LibraryInstructions {
  /// Limits oneDNN to what the host says of the CPU, where that is less than AVX-512.
  static func cap(_ cpu: dmt_cpu) {
    guard let limit = limit(for: cpu) else { return }
    // Another user of oneDNN in this process may have compiled kernels before; then its choice stands.
    if dnnl_set_max_cpu_isa(limit) != dnnl_success {
      PluginContext.log(
        .warning, category: "onednn", "oneDNN was in use before the cap on instruction sets could be set")
    }
  }

  /// The limit for a CPU; nil: none.
  static func limit(for cpu: dmt_cpu) -> dnnl_cpu_isa_t? {
    let features = CPUFeatures(rawValue: cpu.features)
    // A host without dmt.cpu/1 says nothing, and Arm's levels are not these.
    if cpu.isa_level == 0 || features.contains(.avx512f) { return nil }
    if features.contains(.avx2) { return dnnl_cpu_isa_avx2 }
    if features.contains(.avx) { return dnnl_cpu_isa_avx }
    // The least that it knows.
    return dnnl_cpu_isa_sse41
  }
}
