internal import CDMTHostShims
public import CDMTPlugin
internal import DMTCore
internal import FoundationEssentials

extension dmt_cpu {
  /// This machine's CPU: what it has, masked by the register states that the operating system saves (XCR0), capped by
  /// ``ISACap``. A cap that names nothing caps nothing here; ``PluginRegistry/load(_:)`` refuses it.
  public static let host = detect(cap: (try? ISACap.environment()) ?? nil)

  /// The CPU with what lies above `cap` taken away.
  package static func detect(cap: ISACap?) -> dmt_cpu {
    var cpu = dmt_cpu()
    cpu.struct_size = UInt32(MemoryLayout<dmt_cpu>.stride)
    cpu.cores = dmt_usable_cpus()
    var features = CPUFeatures()
    #if arch(x86_64)
      let registers = X86Registers.here()
      features = registers.features
      cpu.isa_level = registers.level
      if let cap {
        cpu.isa_level = min(cpu.isa_level, cap.level)
        features.subtract([.amxTile, .amxBF16, .amxInt8])
        if cap.level < 4 {
          features.subtract([.avx512f, .avx512bw, .avx512dq, .avx512vl, .avx512bf16, .avx512vnni, .avx512cd])
        }
        if cap.level < 3 { features.subtract([.avx, .avx2, .fma, .f16c, .bmi2]) }
        if cap.level < 2 { features.subtract([.sse42]) }
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
