internal import COpenBLAS
package import DMTPluginKit

/// Which kernels OpenBLAS took, held against what the CPU can do.
///
/// OpenBLAS knows CPUs by their model number. One that is newer than the library gets the oldest kernels that run anywhere, which
/// are several times slower: another backend serves that machine better.
package struct LibraryKernels {
  /// OpenBLAS's name for them: `SkylakeX`.
  package let core: String
  /// Level of x86-64 whose vectors they use, 2 standing for all 128-bit ones; nil: not known here, and nothing is held against it.
  package let level: Int?

  /// What this process runs.
  package static let current = LibraryKernels(core: openblas_get_corename().map { String(cString: $0) } ?? "")

  package init(core: String) {
    self.core = core
    level = Self.levels[core.lowercased()]
  }

  /// Why they must not run on the CPU: it, or the user's cap, lacks their vectors; nil: it has them.
  package func refusal(on cpu: dmt_cpu) -> String? {
    let needed: CPUFeatures =
      switch level {
      case 4: .avx512f
      case 3: .avx2
      default: Self.coresWithAVX.contains(core.lowercased()) ? .avx : []
      }
    guard cpu.isa_level > 0, !CPUFeatures(rawValue: cpu.features).isSuperset(of: needed) else { return nil }
    return "OpenBLAS runs its \(core) kernels, which need \(needed), where the CPU or DMT_ISA_MAX has no more than "
      + "x86-64-v\(cpu.isa_level) (OPENBLAS_CORETYPE=\(cpu.isa_level >= 3 ? "Haswell" : "Nehalem") in the environment "
      + "chooses others)"
  }

  /// Why they are too slow for the CPU; nil: they suit it.
  ///
  /// 256-bit kernels pass on a CPU with AVX-512: they reach more than half of its speed.
  package func weakness(on cpu: dmt_cpu) -> String? {
    guard let level, level < 3, Int(cpu.isa_level) >= 3 else { return nil }
    return
      "OpenBLAS does not know this CPU and runs its \(core) kernels, made for x86-64-v\(level), where the CPU has x86-64-v\(cpu.isa_level)"
      + " (OPENBLAS_CORETYPE=\(cpu.isa_level >= 4 ? "SkylakeX" : "Haswell") in the environment chooses others)"
  }

  /// Those with AVX and without AVX2.
  private static let coresWithAVX: Set<String> = ["sandybridge", "bulldozer", "piledriver", "steamroller"]

  /// The cores of DYNAMIC_ARCH builds on x86-64. Those with AVX but without AVX2 and FMA count as level 2.
  private static let levels: [String: Int] = [
    "katmai": 2, "coppermine": 2, "northwood": 2, "prescott": 2, "banias": 2, "atom": 2, "core2": 2, "penryn": 2,
    "dunnington": 2, "nehalem": 2, "athlon": 2, "opteron": 2, "opteron_sse3": 2, "barcelona": 2, "bobcat": 2, "nano": 2,
    "sandybridge": 2, "bulldozer": 2, "piledriver": 2, "steamroller": 2, "excavator": 3, "haswell": 3, "zen": 3,
    "skylakex": 4, "cooperlake": 4, "sapphirerapids": 4,
  ]
}
