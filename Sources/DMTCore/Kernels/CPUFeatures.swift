public import CDMTPlugin

/// Instruction sets of a CPU that both the CPU and the operating system support (`DMT_CPU_...` of `dmt/host.h`).
public struct CPUFeatures: OptionSet, Sendable, Hashable, CustomStringConvertible {
  /// The bits, `DMT_CPU_...`.
  public let rawValue: UInt64
  /// The set with these bits.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// SSE4.2 with POPCNT and what comes before it.
  public static let sse42 = CPUFeatures(rawValue: 1 << 0)
  /// AVX.
  public static let avx = CPUFeatures(rawValue: 1 << 1)
  /// AVX2.
  public static let avx2 = CPUFeatures(rawValue: 1 << 2)
  /// Fused multiply-add.
  public static let fma = CPUFeatures(rawValue: 1 << 3)
  /// Conversion of half precision.
  public static let f16c = CPUFeatures(rawValue: 1 << 4)
  /// BMI2.
  public static let bmi2 = CPUFeatures(rawValue: 1 << 5)
  /// AVX-512 foundation.
  public static let avx512f = CPUFeatures(rawValue: 1 << 6)
  /// AVX-512 on bytes and words.
  public static let avx512bw = CPUFeatures(rawValue: 1 << 7)
  /// AVX-512 on double and quad words.
  public static let avx512dq = CPUFeatures(rawValue: 1 << 8)
  /// AVX-512 on shorter vectors.
  public static let avx512vl = CPUFeatures(rawValue: 1 << 9)
  /// AVX-512 bfloat16 products.
  public static let avx512bf16 = CPUFeatures(rawValue: 1 << 10)
  /// AVX-512 8-bit integer products.
  public static let avx512vnni = CPUFeatures(rawValue: 1 << 11)
  /// AVX-512 conflict detection.
  public static let avx512cd = CPUFeatures(rawValue: 1 << 12)
  /// AMX's tiles.
  public static let amxTile = CPUFeatures(rawValue: 1 << 13)
  /// AMX's bfloat16 products.
  public static let amxBF16 = CPUFeatures(rawValue: 1 << 14)
  /// AMX's 8-bit integer products.
  public static let amxInt8 = CPUFeatures(rawValue: 1 << 15)
  /// Arm's NEON.
  public static let neon = CPUFeatures(rawValue: 1 << 32)

  private static let names: [(CPUFeatures, String)] = [
    (.sse42, "sse4.2"), (.avx, "avx"), (.avx2, "avx2"), (.fma, "fma"), (.f16c, "f16c"), (.bmi2, "bmi2"),
    (.avx512f, "avx512f"), (.avx512bw, "avx512bw"), (.avx512dq, "avx512dq"), (.avx512vl, "avx512vl"),
    (.avx512cd, "avx512cd"), (.avx512bf16, "avx512_bf16"), (.avx512vnni, "avx512_vnni"), (.amxTile, "amx_tile"),
    (.amxBF16, "amx_bf16"), (.amxInt8, "amx_int8"), (.neon, "neon"),
  ]

  /// The names, as compilers spell them.
  public var description: String {
    Self.names.filter { contains($0.0) }.map(\.1).joined(separator: " ")
  }
}

extension dmt_cpu {
  /// The instruction sets as a set of options.
  public var featureSet: CPUFeatures { CPUFeatures(rawValue: features) }

  /// `x86-64-v3`, or the architecture's name where there are no levels.
  public var isaName: String {
    if isa_level > 0 { return "x86-64-v\(isa_level)" }
    return featureSet.contains(.neon) ? "aarch64" : "unknown"
  }
}
