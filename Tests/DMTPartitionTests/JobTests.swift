import DMTCore
import DMTData
import DMTManifest
import DMTPartition
import DMTRuntime
import DMTTraining
import Foundation
import Testing

/// Puts the features of a request into towers in blocks, and answers what it was asked.
private struct Blocks: TowerPartitioner {
  let name = "blocks"
  let strategies = [
    PartitionStrategy("blocks", summary: "Neighbours share a tower.", needsAffinity: true),
    PartitionStrategy("blind", summary: "The same, without affinity.", needsAffinity: false),
  ]

  func partition(_ request: PartitionRequest) throws(DMTError) -> TowerPartition {
    let count = request.features.count
    return TowerPartition(
      assignment: (0..<count).map { $0 * request.towers / count },
      coordinates: (0..<count).map { .init(x: Double($0), y: Double($0 % 3)) },
      figures: [.init("stress_per_pair", 0.25)], explanation: "In blocks.")
  }
}

@Suite("A partition, from the manifest to the files")
struct JobTests {
  private static let folder = FileManager.default.temporaryDirectory.path + "/dmt-partition-tests-\(UUID())"

  private func pipeline(features: Int = 4, extra: String = "", dim: Int = 8, firstDim: Int? = nil) throws -> Pipeline {
    let lines = (0..<features).map { index in
      "  f\(index): { column: f\(index), index: 20" + (index == 0 ? firstDim.map { ", dim: \($0)" } ?? "" : "") + " }"
    }
    let text = """
      dmt: 1
      name: tiny
      data: { format: synthetic, samples: 400, features: \(features), rows: 20, pooling: 2, dense: 1, groups: 2, seed: 3, cache: "\(Self.folder)/cache" }
      features:
      \(lines.joined(separator: "\n"))
      dense: { d0: d0 }
      model:
        dim: \(dim)
      \(extra)  over_arch: { module: dcn, layers: 1, widths: [4] }
      train: { epochs: 1, batch: 64 }
      """
    let loaded = try ManifestLoader.load(
      text: text, path: Self.folder + "/tiny.yaml", catalog: ManifestCatalog(.builtin))
    return try Pipeline(loaded, components: .builtin)
  }

  private func model(_ pipeline: Pipeline) throws -> Model {
    try pipeline.makeModel(
      policy: BackendPolicy(order: ["reference"], origin: "test"), threads: 1, forTraining: false)
  }

  @Test("pooled embeddings are what the tables say")
  func pooled() throws {
    let pipeline = try pipeline()
    let model = try model(pipeline)
    #expect(model.plan.pooledColumns.map(\.feature) == ["f0", "f1", "f2", "f3"])
    #expect(model.plan.pooledColumns.map(\.column) == [0, 8, 16, 24])
    let batches = pipeline.batches(of: .train)
    let batch = try #require(try batches.next())
    var rows: [Float] = []
    try model.pooledEmbeddings(batch, into: &rows)
    for feature in 0..<4 {
      let table = model.tables.weight(feature).assumingMemoryBound(to: Float.self)
      let bags = batch.jagged(feature: feature)
      let offsets = try #require(bags.offsets)
      for sample in 0..<batch.count {
        for element in 0..<8 {
          var sum: Float = 0
          for place in Int(offsets[sample])..<Int(offsets[sample + 1]) {
            sum += table[Int(bags.values[place]) * 8 + element]
          }
          #expect(abs(rows[sample * 32 + feature * 8 + element] - sum) < 1e-6)
        }
      }
    }
  }

  @Test("features, costs, files and report agree")
  func outcome() throws {
    let pipeline = try pipeline()
    let job = try PartitionJob(pipeline, settings: .init(towers: 2, strategy: "blocks", maximumSamples: 100))
    #expect(job.features.map(\.name) == ["f0", "f1", "f2", "f3"])
    #expect(job.features.allSatisfy { $0.bytes == 20 * 8 * 4 && $0.lookupCost > 8 && $0.lookupCost < 16 })
    let outcome = try job.run(Blocks(), model: try model(pipeline))
    #expect(outcome.affinity?.samples == 100)
    #expect(outcome.towersFile.hasSuffix("dmt_towers: 1\ntowers:\n  tower0: [f0, f1]\n  tower1: [f2, f3]\n"))
    let report = PartitionReport(outcome)
    #expect(report.towers.map(\.features) == [["f0", "f1"], ["f2", "f3"]])
    #expect(report.towers.map(\.bytes) == [1280, 1280])
    #expect(report.affinity?.matrix.count == 4)
    #expect(report.adjustedRandIndex != nil)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let again = try decoder.decode(PartitionReport.self, from: Data(try report.json().utf8))
    #expect(again.features == report.features)
    #expect(again.towers == report.towers)
  }

  @Test("the page is well-formed XML with every feature and tower")
  func page() throws {
    let pipeline = try pipeline()
    let outcome = try PartitionJob(pipeline, settings: .init(towers: 2, strategy: "blocks")).run(
      Blocks(), model: try model(pipeline))
    let svg = PartitionPage.svg(PartitionReport(outcome))
    #expect(svg.hasPrefix("<?xml") && svg.hasSuffix("</svg>\n"))
    for name in ["f0", "f1", "f2", "f3", "tower0", "tower1"] {
      #expect(svg.contains(">\(name)<") || svg.contains(name))
    }
    #expect(svg.components(separatedBy: "<circle").count == 5)
    // Every element that opens also closes.
    for element in ["text", "title", "svg"] {
      #expect(
        svg.components(separatedBy: "<\(element)").count == svg.components(separatedBy: "</\(element)>").count,
        "\(element)")
    }
    #expect(!svg.contains("nan") && !svg.contains("inf"))
  }

  @Test("more towers than features split columns, and a manifest with the towers file trains on the parts")
  func oversubscription() throws {
    let pipeline = try pipeline(features: 3)
    let outcome = try PartitionJob(pipeline, settings: .init(towers: 5, strategy: "blocks")).run(
      Blocks(), model: try model(pipeline))
    #expect(outcome.job.features.map(\.name) == ["f0#0", "f0#1", "f1#0", "f1#1", "f2#0", "f2#1"])
    #expect(outcome.job.features.allSatisfy { $0.dim == 4 })
    #expect(outcome.plantedAgreement == nil)
    #expect(outcome.towersFile.contains("split:\n  f0: [4, 4]\n"))
    #expect(outcome.towersFile.contains("tower0: [\"f0#0\", \"f0#1\"]"))
    try FileManager.default.createDirectory(atPath: Self.folder, withIntermediateDirectories: true)
    try outcome.towersFile.write(toFile: Self.folder + "/split.yaml", atomically: true, encoding: .utf8)
    let towered = try self.pipeline(features: 3, extra: "  towers: { from: split.yaml, module: mlp, widths: [4] }\n")
    #expect(towered.manifest.model.towers.count == 5)
    #expect(towered.plan.tables.map(\.name) == ["f0#0", "f0#1", "f1#0", "f1#1", "f2#0", "f2#1"])
    #expect(towered.plan.tables.allSatisfy { $0.shape.dim == 4 })
    #expect(towered.plan.batchFeatures == [0, 0, 1, 1, 2, 2])
    #expect(towered.plan.tableElements == pipeline.plan.tableElements)
  }

  @Test("more towers than columns are refused, and so are towers, widths that differ, and a missing model")
  func refusals() throws {
    let pipeline = try pipeline()
    func message(_ body: () throws -> Void) -> String? {
      #expect(throws: DMTError.self) { try body() }?.message
    }
    #expect(
      message { _ = try PartitionJob(pipeline, settings: .init(towers: 33, strategy: "blind")) }
        == "33 towers of 4 features with 32 columns in all")
    #expect(
      message { _ = try PartitionJob(pipeline, settings: .init(towers: 0, strategy: "blind")) }
        == "0 towers are asked for, expected 1 or more")
    let job = try PartitionJob(pipeline, settings: .init(towers: 2, strategy: "blocks"))
    #expect(message { _ = try job.run(Blocks(), model: nil) } == "strategy 'blocks' needs a trained model")
    let uneven = try self.pipeline(firstDim: 4)
    let unevenModel = try model(uneven)
    #expect(
      message {
        _ = try PartitionJob(uneven, settings: .init(towers: 2, strategy: "blocks")).run(Blocks(), model: unevenModel)
      } == "feature 'f0' has 4 columns and 'f1' has 8: embeddings of different widths have no cosine")
    #expect(
      try PartitionJob(uneven, settings: .init(towers: 2, strategy: "blind")).run(Blocks(), model: nil).groups
        == [[0, 1], [2, 3]])
    let towered = try self.pipeline(extra: "  towers: { count: 2, module: mlp, widths: [4] }\n")
    #expect(
      message { _ = try PartitionJob(towered, settings: .init(towers: 2, strategy: "blind")) }
        == "the model has towers, expected a flat one")
  }

  @Test("a dead table is told by its feature's name")
  func dead() throws {
    let pipeline = try pipeline()
    let model = try model(pipeline)
    model.tables.weight(2).initializeMemory(as: UInt8.self, repeating: 0, count: 20 * 8 * 4)
    let job = try PartitionJob(pipeline, settings: .init(towers: 2, strategy: "blocks"))
    let error = #expect(throws: DMTError.self) { try job.run(Blocks(), model: model) }
    #expect(error?.message.hasPrefix("the embedding of feature 'f2' is zero in all") == true)
    model.tables.weight(1).assumingMemoryBound(to: Float.self).update(repeating: .nan, count: 160)
    let notFinite = #expect(throws: DMTError.self) { try job.run(Blocks(), model: model) }
    #expect(notFinite?.code == .notFinite)
    #expect(notFinite?.message.contains("feature 'f1'") == true)
  }
}
