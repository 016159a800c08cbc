internal import CDMTHostShims
public import CDMTPlugin
internal import DMTCore
internal import FoundationEssentials
internal import Glibc

extension dmt_cpu {
  /// This machine's CPU: what it has, masked by the register states that the operating system saves (XCR0), capped by
  /// the environment variable DMT_ISA_MAX (`x86-64-v2`, `v3` or `3`).
  public static let host = detect(cap: cap(from: TrustedEnvironment.variables["DMT_ISA_MAX"]))

  /// The level that DMT_ISA_MAX names; nil when it is absent or names none.
  static func cap(from text: String?) -> Int32? {
    guard let text, let digit = text.last, let level = Int32(String(digit)), (1...4).contains(level) else { return nil }
    let prefix = text.dropLast()
    return prefix.isEmpty || prefix == "v" || prefix == "x86-64-v" ? level : nil
  }

  /// The CPU with features above level `cap` taken away.
  static func detect(cap: Int32?) -> dmt_cpu {
    var cpu = dmt_cpu()
    cpu.struct_size = UInt32(MemoryLayout<dmt_cpu>.stride)
    cpu.cores = dmt_usable_cpus()
    var features = CPUFeatures()
    #if arch(x86_64)
      let found = x86()
      features = found.features
      cpu.isa_level = found.level
      if let cap, cap < cpu.isa_level {
        cpu.isa_level = cap
        if cap < 4 {
          features.subtract([.avx512f, .avx512bw, .avx512dq, .avx512vl, .avx512bf16, .avx512vnni, .avx512cd])
        }
        if cap < 3 { features.subtract([.avx, .avx2, .fma, .f16c, .bmi2]) }
        if cap < 2 { features.subtract([.sse42]) }
      }
    #elseif arch(arm64)
      features = [.neon]
    #endif
    cpu.features = features.rawValue
    cpu.l1_data_bytes = cacheBytes(level: 1, kinds: ["Data", "Unified"])
    cpu.l2_bytes = cacheBytes(level: 2, kinds: ["Data", "Unified"])
    cpu.l3_bytes = cacheBytes(level: 3, kinds: ["Data", "Unified"])
    return cpu
  }

  #if arch(x86_64)
    private static func x86() -> (features: CPUFeatures, level: Int32) {
      func leaf(_ leaf: UInt32, _ subleaf: UInt32 = 0) -> (eax: UInt32, ebx: UInt32, ecx: UInt32, edx: UInt32) {
        var registers: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &registers) { bytes in
          dmt_cpuid(leaf, subleaf, bytes.baseAddress!.assumingMemoryBound(to: UInt32.self))  // four words: never empty
        }
        return registers
      }
      func bit(_ word: UInt32, _ index: UInt32) -> Bool { word >> index & 1 == 1 }
      let basic = leaf(1)
      let wide = leaf(7)
      let bfloat = leaf(7, 1)
      let extended = leaf(0x8000_0001)
      let states = dmt_saved_states()
      let savesYMM = states & 0b110 == 0b110
      let savesZMM = savesYMM && states & 0b1110_0000 == 0b1110_0000

      var features = CPUFeatures()
      func add(_ feature: CPUFeatures, _ present: Bool) { if present { features.insert(feature) } }
      let hasSSSE3 = bit(basic.ecx, 9) && bit(basic.ecx, 0)
      add(.sse42, bit(basic.ecx, 20) && bit(basic.ecx, 19) && hasSSSE3 && bit(basic.ecx, 23))
      add(.avx, bit(basic.ecx, 28) && savesYMM)
      add(.avx2, bit(wide.ebx, 5) && savesYMM)
      add(.fma, bit(basic.ecx, 12) && savesYMM)
      add(.f16c, bit(basic.ecx, 29) && savesYMM)
      add(.bmi2, bit(wide.ebx, 8))
      add(.avx512f, bit(wide.ebx, 16) && savesZMM)
      add(.avx512dq, bit(wide.ebx, 17) && savesZMM)
      add(.avx512cd, bit(wide.ebx, 28) && savesZMM)
      add(.avx512bw, bit(wide.ebx, 30) && savesZMM)
      add(.avx512vl, bit(wide.ebx, 31) && savesZMM)
      add(.avx512vnni, bit(wide.ecx, 11) && savesZMM)
      add(.avx512bf16, bit(bfloat.eax, 5) && savesZMM)

      // The psABI's levels; v3 also needs BMI1, LZCNT and MOVBE, v2 also LAHF and CMPXCHG16B.
      var level: Int32 = 1
      if features.contains(.sse42), bit(basic.ecx, 13), bit(extended.ecx, 0) { level = 2 }
      let bits3 = bit(wide.ebx, 3) && bit(extended.ecx, 5) && bit(basic.ecx, 22)
      if level == 2, features.contains([.avx, .avx2, .fma, .f16c, .bmi2]), bits3 { level = 3 }
      if level == 3, features.contains([.avx512f, .avx512bw, .avx512dq, .avx512vl, .avx512cd]) { level = 4 }
      return (features, level)
    }
  #endif

  /// Bytes of a cache of CPU 0 as Linux reports it, 0 when it does not.
  private static func cacheBytes(level: Int, kinds: [String]) -> Int64 {
    func text(_ index: Int, _ name: String) -> String? {
      let path = "/sys/devices/system/cpu/cpu0/cache/index\(index)/\(name)"
      guard let data = FileManager.default.contents(atPath: path) else { return nil }
      return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace).first.map(String.init)
    }
    for index in 0..<8 {
      guard let found = text(index, "level"), let kind = text(index, "type"), let size = text(index, "size") else {
        break
      }
      guard Int(found) == level, kinds.contains(kind), let number = Int64(size.prefix { $0.isNumber }) else { continue }
      switch size.last {
      case "K": return number * 1024
      case "M": return number * 1024 * 1024
      default: return number
      }
    }
    return 0
  }
}
