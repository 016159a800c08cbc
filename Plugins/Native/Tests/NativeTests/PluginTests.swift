import CDMTPlugin
import NativeTestHost
import Testing

#if DMT_ISA_V4
  @testable import NativeV4
#elseif DMT_ISA_V3
  @testable import NativeV3
#else
  @testable import NativeV2
#endif

extension VariantTests {
  @Suite struct PluginTests {
    private func component(_ kind: String, _ id: String, _ revision: Int32) -> UnsafeRawPointer? {
      let texts = TestAttributes([:])
      return NativePlugin.table.pointee.get_component(texts.text(kind), texts.text(id), revision)
    }

    @Test func `the descriptor names what get_component returns, and nothing else is returned`() throws {
      let descriptor = try #require(NativePlugin.table.pointee.descriptor).pointee
      #expect(descriptor.magic == DMT_PLUGIN_MAGIC)
      #expect(descriptor.id.string == "dmt.native")
      for index in 0..<Int(descriptor.component_count) {
        let item = try #require(descriptor.components[index]).pointee
        #expect(component(item.kind.string, item.id.string, item.revision) != nil)
        #expect(component(item.kind.string, item.id.string, item.revision + 1) == nil)
        #expect(component(item.kind.string, item.id.string + "x", item.revision) == nil)
      }
      #expect(component("partitioner", "native", 1) == nil)
    }

    @Test func `the backend cannot work on a machine below its level`() throws {
      let backend = try #require(component(DMT_KIND_BACKEND, "native", 1)).load(as: dmt_backend.self)
      var cpu = dmt_cpu()
      cpu.struct_size = UInt32(MemoryLayout<dmt_cpu>.size)
      var probe = dmt_probe()
      cpu.isa_level = 4
      #expect(backend.probe(nil, &cpu, &probe) == DMT_OK)
      #expect(probe.score > 0 && probe.reason.size > 0)
      #if DMT_ISA_V4 || DMT_ISA_V3
        cpu.isa_level = 2
        #expect(backend.probe(nil, &cpu, &probe) == DMT_OK)
        #expect(probe.score == 0)
      #endif
    }

    @Test func `a request with wrong shapes is an error that names both`() {
      let one = OperatorCase(
        op: "linear", inputs: [[4, 5]], parameters: [[3, 6], [3]], output: [4, 3], attributes: ["out": .int(3)]
      ) { $0[0] }
      let message = refusal { _ = try one.run(threads: 1, adds: false) }
      #expect(message.contains("[3, 6]") && message.contains("[3, 5]"))
    }

    @Test func `an operator that is none of opset 1 is not served`() {
      let one = OperatorCase(op: "com.vendor.swish", inputs: [[4]], output: [4]) { $0[0] }
      #expect(refusal { _ = try one.run(threads: 1, adds: false) }.contains("com.vendor.swish"))
    }
  }
}
