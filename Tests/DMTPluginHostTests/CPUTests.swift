import CDMTPlugin
import DMTCore
import DMTPluginHost
import Testing

@Suite("CPU")
struct CPUTests {
  @Test(
    "a cap goes by instruction set or by level",
    arguments: [
      ("sse4.2", 2), ("avx2", 3), ("AVX2", 3), ("avx512", 4), ("x86-64-v1", 1), ("x86-64-v3", 3), ("v2", 2), ("4", 4),
    ] as [(String, Int32)])
  func cap(_ text: String, _ level: Int32) throws {
    #expect(try ISACap(text).level == level)
  }

  @Test(
    "another text is refused with the choices", arguments: ["avx3", "", "0", "5", "x86-64-v5", "x86-64", "v", "amx"])
  func refused(_ text: String) {
    #expect { try ISACap(text) } throws: { error in
      let error = error as? DMTError
      return error?.code == .invalidArgument && error?.remedy?.contains("sse4.2, avx2, avx512, x86-64-v1") == true
    }
  }

  #if arch(x86_64)
    /// A CPU that has everything.
    private static func everything(saving states: UInt64) -> X86Registers {
      X86Registers(
        basicECX: .max, wideEBX: .max, wideECX: .max, wideEDX: .max, furtherEAX: .max, extendedECX: .max,
        savedStates: states)
    }

    private static let ymm: UInt64 = 0b110
    private static let zmm: UInt64 = 0b1110_0000
    private static let tiles: UInt64 = 0b11 << 17

    @Test("what the operating system does not save is not there, whatever the CPU has")
    func savedStates() {
      let (ymm, zmm, tiles) = (Self.ymm, Self.zmm, Self.tiles)
      let avx2: CPUFeatures = [.avx, .avx2, .fma, .f16c]
      let avx512: CPUFeatures = [
        .avx512f, .avx512bw, .avx512dq, .avx512vl, .avx512cd, .avx512bf16, .avx512vnni,
      ]
      let amx: CPUFeatures = [.amxTile, .amxBF16, .amxInt8]
      let base: CPUFeatures = [.sse42, .bmi2]
      for (states, expected, level) in [
        (0, base, 2), (0b11, base, 2), (0b101, base, 2), (zmm | tiles, base, 2),
        (ymm, base.union(avx2), 3), (ymm | 0b0110_0000, base.union(avx2), 3), (ymm | tiles, base.union(avx2), 3),
        (ymm | zmm, base.union(avx2).union(avx512), 4), (ymm | zmm | 1 << 17, base.union(avx2).union(avx512), 4),
        (ymm | zmm | tiles, base.union(avx2).union(avx512).union(amx), 4),
      ] as [(UInt64, CPUFeatures, Int32)] {
        let registers = Self.everything(saving: states)
        #expect(registers.features == expected, "XCR0 \(String(states, radix: 2)): \(registers.features)")
        #expect(registers.level == level, "XCR0 \(String(states, radix: 2))")
      }
    }

    @Test("a cap takes away what lies above it, and nothing else")
    func capped() throws {
      let whole = dmt_cpu.detect(cap: nil)
      for level in 1...4 as ClosedRange<Int32> {
        let cpu = dmt_cpu.detect(cap: try ISACap("x86-64-v\(level)"))
        #expect(cpu.isa_level == min(level, whole.isa_level))
        #expect(cpu.featureSet.isSubset(of: whole.featureSet))
        #expect(cpu.featureSet.isDisjoint(with: [.amxTile, .amxBF16, .amxInt8]))
        #expect(level >= 4 || cpu.featureSet.isDisjoint(with: [.avx512f, .avx512bw, .avx512vnni, .avx512bf16]))
        #expect(level >= 3 || cpu.featureSet.isDisjoint(with: [.avx, .avx2, .fma, .f16c, .bmi2]))
        #expect(cpu.featureSet.contains(.sse42) == (level >= 2 && whole.featureSet.contains(.sse42)))
        #expect(cpu.cores == whole.cores && cpu.l2_bytes == whole.l2_bytes)
      }
    }
  #endif
}
