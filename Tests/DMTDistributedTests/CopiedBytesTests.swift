import DMTCore
import DMTDataflow
import DMTDistributed
import DMTRuntime
import Testing

/// Layout steps are folded into the copies around them.
@Suite struct CopiedBytesTests {
  private static let batch = 16

  /// Bytes of embeddings that every rank moved in one step, forward and backward.
  private static func copied(
    _ model: RandomModel, _ topology: String, _ strategy: any ShardingStrategy, runsTowers: Bool = true,
    random: inout SeededGenerator
  ) throws -> (bytes: [Int], verification: Verification) {
    let verification = try VerificationTests.verification(
      model, topology, strategy, runsTowers: runsTowers, batches: [batch], random: &random)
    let world = try RankWorld(verification, settings: verification.settings)
    try world.trainStep(verification.batches[0], step: 1)
    return (world.models.map(\.copiedBytes), verification)
  }

  @Test(arguments: ["1x2", "2x2", "3x2"])
  func `table and column shards copy what arrives to the over-arch and nothing else`(_ topology: String) throws {
    for strategy in [FlatSharding.tableWise, .columnWise] {
      var random = SeededGenerator(seed: 51)
      // Wide enough to be cut.
      let model = try RandomModel(features: 7, towers: 2, dim: 12, random: &random)
      let (bytes, verification) = try Self.copied(model, topology, strategy, random: &random)
      let columns = model.features.reduce(0) { $0 + $1.dim }
      // There, and the gradient back: a lookup writes where the collective sends from.
      #expect(bytes == verification.counts[0].map { 2 * $0 * columns * 4 }, "\(strategy.name)")
    }
  }

  @Test func `with one tower a tower group sptt copies what arrives, at the tower and at the over-arch`() throws {
    for (topology, towers) in [("2x2", 2), ("2x1", 2), ("3x2", 3)] {
      var random = SeededGenerator(seed: 52)
      let model = try RandomModel(features: 7, towers: towers, random: &random)
      let (bytes, verification) = try Self.copied(model, topology, SPTTSharding(), random: &random)
      let request = verification.flow.request
      let outputs = request.towers.reduce(0) { $0 + $1.outputColumns }
      for (rank, bytes) in bytes.enumerated() {
        let group = request.groups.group(of: rank)
        let inputs = request.features.filter { $0.tower.map { request.towers[$0].group == group } ?? false }
          .reduce(0) { $0 + request.tables[$1.table].dim }
        let samples = request.groups.members(of: .peers, with: rank).reduce(0) { $0 + verification.counts[0][$1] }
        let arrived = samples * inputs + verification.counts[0][rank] * outputs
        #expect(bytes == 2 * 4 * arrived, "\(topology) rank \(rank)")
      }
    }
  }

  @Test func `sptt without tower modules copies once between its two collectives and once at the end`() throws {
    var random = SeededGenerator(seed: 53)
    let model = try RandomModel(features: 7, towers: 2, random: &random)
    let (bytes, verification) = try Self.copied(model, "2x2", SPTTSharding(), runsTowers: false, random: &random)
    let request = verification.flow.request
    let columns = request.features.reduce(0) { $0 + request.tables[$1.table].dim }
    for (rank, bytes) in bytes.enumerated() {
      let group = request.groups.group(of: rank)
      let own = request.features.filter { $0.tower.map { request.towers[$0].group == group } ?? false }
        .reduce(0) { $0 + request.tables[$1.table].dim }
      let samples = request.groups.members(of: .peers, with: rank).reduce(0) { $0 + verification.counts[0][$1] }
      #expect(bytes == 2 * 4 * (samples * own + verification.counts[0][rank] * columns), "rank \(rank)")
    }
  }
}
