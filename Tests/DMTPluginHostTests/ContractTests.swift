import CDMTPlugin
import DMTBridge
import DMTCore
import DMTPluginHost
import Foundation
import Logging
import Testing

@Suite("The contract over its minors")
struct ContractTests {
  private static var growing: [any GrowingStruct.Type] {
    [
      dmt_component.self, dmt_plugin_descriptor.self, dmt_plugin.self, dmt_host.self, dmt_log.self, dmt_alloc.self,
      dmt_parallel.self, dmt_trace.self, dmt_cpu.self, dmt_rng.self, dmt_cancel.self, dmt_attr_field.self,
      dmt_kernel_request.self, dmt_kernel_plan.self, dmt_kernel_call.self, dmt_support.self, dmt_kernels.self,
      dmt_probe.self, dmt_backend.self, dmt_signature.self, dmt_operator.self, dmt_graph.self, dmt_module.self,
      dmt_embedding_request.self, dmt_dedup.self, dmt_embedding_call.self, dmt_embedding_plan.self, dmt_embedding.self,
      dmt_update_request.self, dmt_update_call.self, dmt_update_plan.self, dmt_update.self, dmt_partition_request.self,
      dmt_partition_result.self, dmt_partitioner.self, dmt_sharding_request.self, dmt_dataflow_step.self,
      dmt_sharding_builder.self, dmt_sharding.self, dmt_collective.self, dmt_world_request.self, dmt_world.self,
      dmt_interconnect.self, dmt_reader_batch.self, dmt_reader_request.self, dmt_reader_file.self, dmt_reader.self,
      dmt_optimizer_layout.self, dmt_optimizer_request.self, dmt_optimizer_plan.self, dmt_optimizer_elements.self,
      dmt_optimizer_rows.self, dmt_optimizer.self,
    ]
  }

  @Test("this version is kept, and every struct that grows is accepted from its first size on")
  func firstSizes() throws {
    try #require(ContractLayout.kept.last?.version == "\(DMT_ABI_MAJOR).\(DMT_ABI_MINOR)")
    var first: [String: Int] = [:]
    for layout in ContractLayout.kept {
      for (name, found) in layout.structs where found.grows && first[name] == nil { first[name] = found.size }
    }
    let stated = Dictionary(uniqueKeysWithValues: Self.growing.map { ("\($0)", $0.firstSize) })
    #expect(stated == first)
  }

  /// A struct that got its second field in a later minor.
  private struct Grown: GrowingStruct {
    var structSize: UInt32
    var old: UInt32
    var new: Int64
    static var firstSize: Int { 8 }
  }

  @Test("a struct of an earlier minor is read without what it has not, and not written past its end")
  func shorter() throws {
    // What lies behind the writer's struct is somebody else's.
    var memory = [Grown(structSize: 8, old: 5, new: -1)]
    let read = try memory.withUnsafeBufferPointer { try SizedStruct.read($0.baseAddress, "it") }
    #expect(read.old == 5 && read.new == 0)
    try memory.withUnsafeMutableBufferPointer {
      try SizedStruct.write(Grown(structSize: 16, old: 6, new: 7), to: $0.baseAddress, "it")
    }
    #expect(memory[0].structSize == 8 && memory[0].old == 6 && memory[0].new == -1)
    memory[0].structSize = 16
    try memory.withUnsafeMutableBufferPointer {
      try SizedStruct.write(Grown(structSize: 0, old: 8, new: 9), to: $0.baseAddress, "it")
    }
    #expect(memory[0].structSize == 16 && memory[0].old == 8 && memory[0].new == 9)
    memory[0].structSize = 7
    let error = #expect(throws: DMTError.self) {
      try memory.withUnsafeBufferPointer { try SizedStruct.read($0.baseAddress, "it") }
    }
    #expect(error?.message.contains("struct_size 7, expected 8") == true)
  }

  /// Headers with which the fixtures are compiled: those of every kept minor, and as a later one may have them.
  private static func headers(_ fixtures: PluginFixtures) throws -> [(name: String, folder: String)] {
    let future = fixtures.folder + "/future"
    let script = Process()
    script.executableURL = URL(filePath: "/bin/bash")
    script.arguments = [ContractLayout.repository + "/Tests/Fixtures/Headers/future.sh", future]
    try script.run()
    script.waitUntilExit()
    try #require(script.terminationStatus == 0)
    return ContractLayout.kept.map { ($0.version, $0.headers) } + [("future", future)]
  }

  @Test("plugins compiled from the headers of every kept minor, and of a later one, load and run")
  func everyMinor() throws {
    let fixtures = try PluginFixtures()
    for (name, headers) in try Self.headers(fixtures) {
      let id = "com.example.minor-\(name)"
      let library = try fixtures.build("good", as: "good-\(name)", ["FIXTURE_ID=\"\(id)\""], headers: headers)
      let registry = try PluginRegistry.load(try fixtures.options([library], scansOnly: false))
      let plugin = try registry.require(id)
      #expect(plugin.descriptor.abiMajor == Int(DMT_ABI_MAJOR))
      let operation = try #require(registry.operators["com.example.add-offset"])
      #expect(operation.attributes.fields.map(\.name) == ["offset"])
      let kernel = try operation.bind(
        KernelRequest(op: operation.name, inputs: [[3]], outputs: [[3]], attributes: ["offset": .double(0.5)]))
      let result = try RoundTrip.run(kernel, inputs: [[1, 2, 3]], outputs: [3], gradients: [[1, 1, 2]])
      #expect(result.outputs == [[1.5, 2.5, 3.5]] && result.inputGradients == [[1, 1, 2]], "\(name)")
    }
  }

  @Test("components of every kind, compiled from the headers of every kept minor and of a later one, load and run")
  func everyKind() throws {
    let fixtures = try PluginFixtures()
    for (name, headers) in try Self.headers(fixtures) {
      let id = "com.example.kinds-\(name)"
      let library = try fixtures.build("kinds", as: "kinds-\(name)", ["FIXTURE_ID=\"\(id)\""], headers: headers)
      let plugin = try PluginRegistry.load(try fixtures.options([library], scansOnly: false)).require(id)
      #expect(plugin.backends.first?.probe.score == 7, "\(name)")
      #expect(plugin.modules.count == 1 && plugin.strategies.count == 1 && plugin.interconnects.count == 1, "\(name)")
      let features = (0..<5).map {
        PartitionRequest.Feature(name: "f\($0)", rows: 10, dim: 4, lookupCost: 1, bytes: 160)
      }
      let partition = try #require(plugin.partitioners.first).partition(
        PartitionRequest(features: features, towers: 2, strategy: "in-turn", seed: 1))
      #expect(partition.assignment == [0, 1, 0, 1, 0] && partition.explanation == "in turn", "\(name)")
      #expect(try Self.descend(try #require(plugin.updates.first)) == [0.5, 3], "\(name)")
      for source in ["reader", "optimizers"] {
        let other = try fixtures.build(source, as: "\(source)-\(name)", headers: headers)
        let candidate = try PluginRegistry.load(try fixtures.options([other], scansOnly: false)).candidates.first
        #expect(candidate?.status == .loaded, "\(source) of \(name): \(candidate?.reason ?? "")")
      }
      #expect(try Self.lookUp(try #require(plugin.embeddings.first)) == [20, 21, 0, 1], "\(name)")
    }
  }

  /// [1, 2] after one step along [1, -2] at a rate of a half.
  private static func descend(_ backend: PluginUpdate) throws -> [Float] {
    let kernel = try backend.bind(UpdateRequest(optimizer: OptimizerSpec(name: "sgd"), sizes: [2]))
    var parameter: [Float] = [1, 2]
    let gradient: [Float] = [1, -2]
    try parameter.withUnsafeMutableBytes { parameter in
      try gradient.withUnsafeBytes { gradient in
        try withUnsafePointer(to: parameter.baseAddress) { parameters in
          try withUnsafePointer(to: gradient.baseAddress) { gradients in
            var call = dmt_update_call()
            call.struct_size = UInt32(MemoryLayout<dmt_update_call>.stride)
            call.parameters = parameters
            call.gradients = gradients
            call.learning_rate = 0.5
            call.gradient_scale = 1
            call.step = 1
            try kernel.update(&call)
          }
        }
      }
    }
    return parameter
  }

  /// Rows 2 and 0 of a table of three.
  private static func lookUp(_ backend: PluginEmbedding) throws -> [Float] {
    let kernel = try backend.bind(
      EmbeddingRequest(
        tables: [TableShape(rows: 3, dim: 2)], features: [.init(table: 0, pooling: .sum, output: 0, column: 0)],
        outputCount: 1))
    let rows: [Int64] = [2, 0]
    var table: [Float] = [0, 1, 10, 11, 20, 21]
    var output = [Float](repeating: -1, count: 4)
    try rows.withUnsafeBufferPointer { rows in
      try table.withUnsafeMutableBytes { table in
        try output.withUnsafeMutableBytes { output in
          let feature = dmt_jagged(values: rows.baseAddress, offsets: nil, weights: nil, value_count: 2)
          try withUnsafePointer(to: feature) { features in
            try withUnsafePointer(to: table.baseAddress) { tables in
              try withUnsafePointer(to: output.baseAddress) { outputs in
                try withUnsafePointer(to: Int64(2)) { strides in
                  var call = dmt_embedding_call()
                  call.struct_size = UInt32(MemoryLayout<dmt_embedding_call>.stride)
                  call.batch = 2
                  call.features = features
                  call.tables = tables
                  call.outputs = outputs
                  call.output_strides = strides
                  try kernel.forward(&call)
                }
              }
            }
          }
        }
      }
    }
    return output
  }

  @Test("kinds, revisions, extensions and services that this host does not know stop nothing")
  func unknown() throws {
    let fixtures = try PluginFixtures()
    for (name, headers) in try Self.headers(fixtures) {
      let library = try fixtures.build("future", as: "future-\(name)", headers: headers)
      let registry = try PluginRegistry.load(try fixtures.options([library], scansOnly: false))
      let candidate = try #require(registry.candidates.first)
      #expect(candidate.status == .loaded, "\(name): \(candidate.reason ?? "")")
      #expect(candidate.scan?.report?.descriptor.components.map(\.kind) == ["teleporter", "operator"])
      #expect(registry.operators.isEmpty)
    }
  }
}
