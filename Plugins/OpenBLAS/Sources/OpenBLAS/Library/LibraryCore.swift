internal import COpenBLAS
internal import DMTPluginKit

/// The kind of CPU for which OpenBLAS chose its kernels when it was opened: by the CPU, or by OPENBLAS_CORETYPE.
enum LibraryCore {
  /// Its name: `SkylakeX`.
  static var name: String { openblas_get_corename().map { String(cString: $0) } ?? "unknown core" }

  /// The instruction set that a core's kernels need beyond SSE.
  static func needs(_ core: String) -> CPUFeatures {
    switch core.lowercased() {
    case "skylakex", "cooperlake", "sapphirerapids": .avx512f
    case "haswell", "zen", "excavator": .avx2
    case "sandybridge", "bulldozer", "piledriver", "steamroller": .avx
    default: []
    }
  }

  /// Why the kernels do not suit a CPU; nil: they do.
  static func refusal(core: String = name, cpu: dmt_cpu) -> String? {
    let needed = needs(core)
    // Other architectures have no such levels.
    guard cpu.isa_level > 0, !CPUFeatures(rawValue: cpu.features).isSuperset(of: needed) else { return nil }
    return "OpenBLAS chose kernels for \(core), which need \(needed); this CPU, or DMT_ISA_MAX, has no more than "
      + "x86-64-v\(cpu.isa_level): set OPENBLAS_CORETYPE"
  }
}
