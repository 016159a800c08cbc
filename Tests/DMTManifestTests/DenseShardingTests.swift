import DMTCore
import DMTManifest
import Testing

@Suite("How the over-arch is kept")
struct DenseShardingTests {
  private func dense(_ text: String) throws -> DenseSharding {
    try load(small + "\nsharding: { dense: \(text) }").manifest.sharding.dense
  }

  @Test("Every rank keeps all of it unless something else is said")
  func replicated() throws {
    #expect(try load(small).manifest.sharding.dense == .replicated)
    #expect(try dense("replicated") == .replicated)
  }

  @Test("A word or a mapping names the mode")
  func modes() throws {
    #expect(try dense("fully_sharded") == .fullySharded(.full))
    #expect(try dense("grad_op") == .fullySharded(.gradOp))
    #expect(try dense("{ mode: hybrid, unit_bytes: 65536 }") == .fullySharded(.hybrid, unitBytes: 65_536))
    let overridden = try load(small, set: ["sharding.dense.mode=hybrid"])
    #expect(overridden.manifest.sharding.dense == .fullySharded(.hybrid))
  }

  @Test("Wrong modes and units are told with what is right")
  func mistakes() {
    func complaint(_ text: String) -> String {
      complaints(small + "\nsharding: { dense: \(text) }").joined(separator: "\n")
    }
    #expect(complaint("fuly_sharded").contains("unknown dense sharding 'fuly_sharded'"))
    #expect(complaint("fuly_sharded").contains("did you mean 'fully_sharded'?"))
    #expect(complaint("{ mode: hybrid, unit_bytes: 0 }").contains("unit_bytes is 0, expected at least 1"))
    #expect(complaint("{ mode: replicated, unit_bytes: 100 }").contains("unit_bytes"))
    #expect(complaint("{ mode: hybrid, unit_byte: 100 }").contains("did you mean 'unit_bytes'?"))
  }
}
