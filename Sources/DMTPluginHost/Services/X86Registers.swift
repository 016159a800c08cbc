#if arch(x86_64)
  internal import CDMTHostShims
  package import DMTCore

  /// The words of CPUID and XCR0 that tell an x86-64 CPU's instruction sets.
  package struct X86Registers {
    /// Leaf 1.
    package var basicECX: UInt32
    /// Leaf 7, subleaf 0.
    package var wideEBX: UInt32
    package var wideECX: UInt32
    package var wideEDX: UInt32
    /// Leaf 7, subleaf 1.
    package var furtherEAX: UInt32
    /// Leaf 0x80000001.
    package var extendedECX: UInt32
    /// XCR0: the register states that the operating system saves; 0 without OSXSAVE.
    package var savedStates: UInt64

    package init(
      basicECX: UInt32, wideEBX: UInt32, wideECX: UInt32, wideEDX: UInt32, furtherEAX: UInt32, extendedECX: UInt32,
      savedStates: UInt64
    ) {
      self.basicECX = basicECX
      self.wideEBX = wideEBX
      self.wideECX = wideECX
      self.wideEDX = wideEDX
      self.furtherEAX = furtherEAX
      self.extendedECX = extendedECX
      self.savedStates = savedStates
    }

    /// This machine's.
    package static func here() -> X86Registers {
      func leaf(_ leaf: UInt32, _ subleaf: UInt32 = 0) -> (eax: UInt32, ebx: UInt32, ecx: UInt32, edx: UInt32) {
        var registers: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &registers) { bytes in
          dmt_cpuid(leaf, subleaf, bytes.baseAddress!.assumingMemoryBound(to: UInt32.self))  // four words: never empty
        }
        return registers
      }
      let wide = leaf(7)
      return X86Registers(
        basicECX: leaf(1).ecx, wideEBX: wide.ebx, wideECX: wide.ecx, wideEDX: wide.edx, furtherEAX: leaf(7, 1).eax,
        extendedECX: leaf(0x8000_0001).ecx, savedStates: dmt_saved_states())
    }

    /// The instruction sets that the CPU has and whose registers the operating system saves.
    ///
    /// XCR0 has bits 1 and 2 for the halves of YMM, 5 to 7 for ZMM and the masks, 17 and 18 for AMX's tiles; each set needs the
    /// states below its own.
    package var features: CPUFeatures {
      let savesYMM = saves(1...2)
      let savesZMM = savesYMM && saves(5...7)
      let savesTiles = savesZMM && saves(17...18)
      var features = CPUFeatures()
      func add(_ feature: CPUFeatures, _ present: Bool) { if present { features.insert(feature) } }
      let hasSSSE3 = bit(basicECX, 9) && bit(basicECX, 0)
      add(.sse42, bit(basicECX, 20) && bit(basicECX, 19) && hasSSSE3 && bit(basicECX, 23))
      add(.avx, bit(basicECX, 28) && savesYMM)
      add(.avx2, bit(wideEBX, 5) && savesYMM)
      add(.fma, bit(basicECX, 12) && savesYMM)
      add(.f16c, bit(basicECX, 29) && savesYMM)
      add(.bmi2, bit(wideEBX, 8))
      add(.avx512f, bit(wideEBX, 16) && savesZMM)
      add(.avx512dq, bit(wideEBX, 17) && savesZMM)
      add(.avx512cd, bit(wideEBX, 28) && savesZMM)
      add(.avx512bw, bit(wideEBX, 30) && savesZMM)
      add(.avx512vl, bit(wideEBX, 31) && savesZMM)
      add(.avx512vnni, bit(wideECX, 11) && savesZMM)
      add(.avx512bf16, bit(furtherEAX, 5) && savesZMM)
      add(.amxBF16, bit(wideEDX, 22) && savesTiles)
      add(.amxTile, bit(wideEDX, 24) && savesTiles)
      add(.amxInt8, bit(wideEDX, 25) && savesTiles)
      return features
    }

    /// The psABI's level, 1 to 4, of these instruction sets.
    package var level: Int32 {
      let features = features
      // v3 also needs BMI1, LZCNT and MOVBE, v2 also LAHF and CMPXCHG16B.
      guard features.contains(.sse42), bit(basicECX, 13), bit(extendedECX, 0) else { return 1 }
      let bits3 = bit(wideEBX, 3) && bit(extendedECX, 5) && bit(basicECX, 22)
      guard features.contains([.avx, .avx2, .fma, .f16c, .bmi2]), bits3 else { return 2 }
      return features.contains([.avx512f, .avx512bw, .avx512dq, .avx512vl, .avx512cd]) ? 4 : 3
    }

    private func saves(_ bits: ClosedRange<UInt64>) -> Bool { bits.allSatisfy { savedStates >> $0 & 1 == 1 } }

    private func bit(_ word: UInt32, _ index: UInt32) -> Bool { word >> index & 1 == 1 }
  }
#endif
