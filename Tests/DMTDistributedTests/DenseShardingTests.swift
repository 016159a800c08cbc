import DMTCore
import DMTDataflow
import DMTDistributed
import DMTManifest
import DMTRuntime
import Testing

/// An over-arch that ranks keep in parts is the over-arch in one process.
@Suite struct DenseShardingTests {
  static let topologies = ["1x2", "2x2", "3x2", "1x5"]
  static let optimizers = [
    OptimizerSpec(name: "adam", learningRate: 0.01),
    OptimizerSpec(name: "sgd", learningRate: 0.05, attributes: ["momentum": .double(0.9)]),
    OptimizerSpec(name: "adagrad", learningRate: 0.02),
  ]

  static func expectSame(
    _ topology: String, _ dense: DenseSharding, optimizer: OptimizerSpec = optimizers[0], clipNorm: Double? = nil,
    checks: [VerificationReport.Check] = [.float64]
  ) throws {
    var random = SeededGenerator(seed: 11)
    let model = try RandomModel(features: 5, towers: 2, dropout: 0.2, random: &random)
    try VerificationTests.expectSame(
      try VerificationTests.verification(
        model, topology, SPTTSharding(), optimizer: optimizer, clipNorm: clipNorm, dense: dense, random: &random),
      "\(dense) \(optimizer.name)", checks: checks)
  }

  @Test(arguments: topologies, DenseSharding.Mode.allCases)
  func `every mode trains as one process with every kind of state`(
    _ topology: String, _ mode: DenseSharding.Mode
  ) throws {
    for optimizer in Self.optimizers {
      // One unit a node: more ranks than elements of a bias, and parts that end within a row.
      try Self.expectSame(topology, .fullySharded(mode, unitBytes: 1), optimizer: optimizer)
    }
  }

  @Test(arguments: DenseSharding.Mode.allCases, [400, 1500, DenseSharding.defaultUnitBytes])
  func `units of any size train as one process`(_ mode: DenseSharding.Mode, _ unitBytes: Int) throws {
    try Self.expectSame("3x2", .fullySharded(mode, unitBytes: unitBytes))
  }

  @Test(arguments: DenseSharding.Mode.allCases)
  func `a clipped gradient counts every element once`(_ mode: DenseSharding.Mode) throws {
    try Self.expectSame("2x2", .fullySharded(mode, unitBytes: 1), clipNorm: 0.05)
    try Self.expectSame("1x5", .fullySharded(mode, unitBytes: 600), clipNorm: 0.05)
  }

  @Test(arguments: DenseSharding.Mode.allCases)
  func `predictions and float32 gradients are those of one process`(_ mode: DenseSharding.Mode) throws {
    try Self.expectSame("2x2", .fullySharded(mode, unitBytes: 300), checks: [.embeddings, .float32])
  }

  @Test func `a single rank may keep its parts too`() throws {
    for mode in DenseSharding.Mode.allCases { try Self.expectSame("1x1", .fullySharded(mode, unitBytes: 1)) }
    try Self.expectSame("3x1", .fullySharded(.hybrid, unitBytes: 1))
  }

  @Test(arguments: DenseSharding.Mode.allCases)
  func `a unit's memory is left alone while it travels`(_ mode: DenseSharding.Mode) throws {
    var random = SeededGenerator(seed: 12)
    let model = try RandomModel(features: 5, towers: 2, random: &random)
    var verification = try VerificationTests.verification(
      model, "2x2", SPTTSharding(), dense: .fullySharded(mode, unitBytes: 1), random: &random)
    let interconnect = RecordingInterconnect()
    verification.interconnect = interconnect
    try VerificationTests.expectSame(verification, "\(mode)", checks: [.embeddings, .float64])
    let changed = interconnect.record.all.filter { if case .changed = $0 { true } else { false } }
    #expect(changed.isEmpty, "\(changed)")
  }

  @Test func `units without bytes are refused`() throws {
    let error = #expect(throws: DMTError.self) { try Self.expectSame("1x2", .fullySharded(.full, unitBytes: 0)) }
    #expect(error?.message.contains("units of the over-arch have 0 bytes") == true)
    #expect(error?.remedy != nil)
  }
}
