import CDMTPlugin
import DMTCases
import DMTCore
import DMTReference
import Testing

@Suite struct EmbeddingTests {
  /// Two tables; the first is read by features 0 and 2, the second by feature 1; two outputs with gaps.
  private let request = EmbeddingRequest(
    dtype: .float64, tables: [TableShape(rows: 4, dim: 2), TableShape(rows: 3, dim: 1)],
    features: [
      EmbeddingFeature(table: 0, pooling: .sum, output: 0, column: 1),
      EmbeddingFeature(table: 1, pooling: .mean, output: 1, column: 0),
      EmbeddingFeature(table: 0, pooling: .sum, output: 0, column: 3),
    ], outputCount: 2)
  private let tables: [[Double]] = [[1, 2, 3, 4, 5, 6, 7, 8], [10, 20, 30]]
  private let bags: [TableSetup.Bags] = [
    .init(values: [3, 1, 3], offsets: [0, 2, 3]), .init(values: [0, 2], offsets: [0, 0, 2]),
    .init(values: [1, 0], weights: [2, 0.5]),
  ]

  private func setup(
    optimizer: OptimizerSpec? = nil, outputs: [[Double]] = [[Double](repeating: .nan, count: 12), [.nan, .nan]]
  ) throws -> TableSetup {
    var request = request
    request.optimizer = optimizer
    return try TableSetup(
      request, on: ReferenceEmbedding(), tables: tables, bags: bags, batch: 2, outputs: outputs, strides: [6, 1])
  }

  /// Gradients of the outputs; what lies between the features is NaN.
  private let slopes: [[Double]] = [
    [.nan, 1, 2, 3, 4, .nan, .nan, 5, 6, 7, 8, .nan], [9, 10],
  ]

  @Test func bagsArePooledIntoTheirColumns() throws {
    let setup = try setup()
    try setup.kernel.forward(&setup.call)
    let first = setup.outputs[0].values
    #expect(Array(first[1...4]) == [10, 12, 6, 8])
    #expect(Array(first[7...10]) == [7, 8, 0.5, 1])
    #expect([0, 5, 6, 11].allSatisfy { first[$0].isNaN })
    // An empty bag gives zero, the mean of rows 0 and 2 is 20.
    #expect(setup.outputs[1].values == [0, 20])
  }

  @Test func occurrencesAreCountedThroughTheFeaturesOfATable() throws {
    let setup = try setup()
    try setup.kernel.dedup(&setup.call)
    let first = setup.dedups[0].values[0]
    #expect(first.count == 3)
    #expect(Array(setup.rows[0].values.prefix(3)) == [0, 1, 3])
    #expect(Array(setup.starts[0].values.prefix(4)) == [0, 1, 3, 5])
    // Occurrences 0 to 2 are feature 0's, 3 and 4 are feature 2's: rows 3 1 3 1 0.
    #expect(setup.order[0].values == [4, 1, 3, 0, 2])
    // Bag numbers: position of the feature among the table's times 2, plus the sample.
    #expect(setup.bags[0].values == [3, 0, 2, 0, 1])
    #expect(setup.dedups[1].values[0].count == 2)
    #expect(setup.bags[1].values == [1, 1])
  }

  @Test func rowGradientsSumOverBagsAndFeatures() throws {
    let setup = try setup(outputs: slopes)
    setup.call.gradient_scale = 2
    try setup.kernel.dedup(&setup.call)
    try setup.kernel.rowGradients(&setup.call)
    // Row 0: half of (7, 8). Row 1: (1, 2) + twice (3, 4). Row 3: (1, 2) + (5, 6). All times 2.
    #expect(Array(setup.gradients[0].values.prefix(6)) == [7, 8, 14, 20, 12, 16])
    // The mean halves: row 0 and row 2 each get 10 / 2, times 2.
    #expect(Array(setup.gradients[1].values.prefix(2)) == [10, 10])
  }

  @Test func anUpdateIsThatOfTheSummedRowGradient() throws {
    for optimizer in ["sgd", "adagrad", "rowwise_adagrad", "lazy_adam"] {
      let spec = OptimizerSpec(name: optimizer, attributes: ["weight_decay": .double(0.5), "eps": .double(0.25)])
      let setup = try setup(optimizer: spec, outputs: slopes)
      setup.call.learning_rate = 0.1
      try setup.kernel.dedup(&setup.call)
      try setup.kernel.update(&setup.call)
      // Row 1 of the first table: weights (3, 4), gradient (7, 10) + half of the weights.
      let g = [8.5, 12.0]
      let expected: [Double] =
        switch optimizer {
        case "sgd": [3 - 0.1 * g[0], 4 - 0.1 * g[1]]
        case "adagrad": [3 - 0.1 * g[0] / (g[0] + 0.25), 4 - 0.1 * g[1] / (g[1] + 0.25)]
        case "rowwise_adagrad":
          g.enumerated().map { [3.0, 4.0][$0] - 0.1 * $1 / (((g[0] * g[0] + g[1] * g[1]) / 2).squareRoot() + 0.25) }
        default:
          // SparseAdam's first step: m = 0.1 g, v = 0.001 g^2, step size lr sqrt(0.001) / 0.1.
          g.enumerated().map {
            [3.0, 4.0][$0] - 0.1 * 0.001.squareRoot() / 0.1 * (0.1 * $1) / (0.001.squareRoot() * $1 + 0.25)
          }
        }
      let got = Array(setup.tables[0].values[2...3])
      #expect(zip(got, expected).allSatisfy { abs($0 - $1) < 1e-12 }, "\(optimizer): \(got), expected \(expected)")
      // Row 2 is not in the batch: neither decay nor momentum touch it.
      #expect(Array(setup.tables[0].values[4...5]) == [5, 6])
    }
  }

  @Test func theTableGradientIsTheDerivativeOfForward() throws {
    struct Lookup: GradientCheck.Function {
      let pooling: Pooling
      let bags: CaseBags
      let slope = CaseTensor.random([4, 3], name: "slope").values

      func harness(_ point: [String: [Double]]) throws(DMTError) -> EmbeddingHarness {
        try EmbeddingHarness(
          weights: CaseTensor(shape: [5, 3], values: point["weight"] ?? []), pooling: pooling, dtype: .float64,
          on: ReferenceEmbedding())
      }

      func value(_ point: [String: [Double]]) throws(DMTError) -> Double {
        zip(try harness(point).forward(bags), slope).reduce(0) { $0 + $1.0 * $1.1 }
      }

      func gradients(_ point: [String: [Double]]) throws(DMTError) -> [String: [Double]] {
        ["weight": try harness(point).denseGradient(bags, outputGradient: slope)]
      }
    }
    let values: [Int64] = [4, 0, 0, 2, 4, 1, 0]
    for (pooling, weights) in [(Pooling.sum, nil), (.mean, nil), (.sum, [1, -2, 0.5, 3, 0, 1, 2] as [Float]?)] {
      var lookup = Lookup(
        pooling: pooling, bags: CaseBags(values: values, offsets: [0, 3, 3, 4, 7], weights: weights))
      let outcome = try GradientCheck().run(&lookup, at: ["weight": CaseTensor.random([5, 3], name: "w").values])
      #expect(outcome.passed && outcome.checked == 15, "\(outcome.misses)")
    }
  }

  @Test func hostileBagsAreErrors() throws {
    for (changed, message) in [
      (TableSetup.Bags(values: [3, 4, 3], offsets: [0, 2, 3]), "names row 4 of a table with 4 rows"),
      (TableSetup.Bags(values: [3, -1, 3], offsets: [0, 2, 3]), "names row -1"),
      (TableSetup.Bags(values: [3, 1, 3], offsets: [0, 4, 3]), "fall behind bag 1"),
      (TableSetup.Bags(values: [3, 1, 3], offsets: [0, 2, 2]), "go from 0 to 2, expected 0 to 3"),
      (TableSetup.Bags(values: [3, 1, 3]), "3 row numbers and no offsets"),
    ] {
      let setup = try TableSetup(
        request, on: ReferenceEmbedding(), tables: tables, bags: [changed] + bags.dropFirst(), batch: 2,
        outputs: slopes, strides: [6, 1])
      for call in [setup.kernel.forward, setup.kernel.dedup] {
        let error = #expect(throws: DMTError.self) { try call(&setup.call) }
        #expect(error?.message.contains(message) == true, "\(error.map(\.description) ?? "nothing")")
      }
    }
    let weighted = try TableSetup(
      request, on: ReferenceEmbedding(), tables: tables,
      bags: [bags[0], .init(values: [0, 2], offsets: [0, 0, 2], weights: [1, 1]), bags[2]], batch: 2, outputs: slopes,
      strides: [6, 1])
    let error = #expect(throws: DMTError.self) { try weighted.kernel.forward(&weighted.call) }
    #expect(error?.message == "feature 1 has weights and is pooled by mean")
  }

  @Test func hostileRequestsAreErrors() throws {
    var requests = [EmbeddingRequest](repeating: request, count: 9)
    requests[0].tables[0].rows = -1
    requests[1].tables[0] = TableShape(rows: .max, dim: 2)
    requests[2].features[0].table = 2
    requests[3].features[0].output = -1
    requests[4].features[0].column = -5
    requests[5].dtype = .int64
    requests[6].optimizer = OptimizerSpec(name: "adam")
    requests[7].optimizer = OptimizerSpec(name: "sgd", attributes: ["momentum": .double(0.9)])
    requests[8].outputCount = -1
    for request in requests {
      #expect(throws: DMTError.self) { try ReferenceEmbedding().bind(request) }
    }
    #expect(ReferenceEmbedding().support(for: requests[6]).score == 0)
    _ = try ReferenceEmbedding().bind(request)
  }

  @Test func aKernelWithoutOptimizerRefusesToUpdate() throws {
    let setup = try setup(outputs: slopes)
    try setup.kernel.dedup(&setup.call)
    #expect(throws: DMTError.self) { try setup.kernel.update(&setup.call) }
  }
}
