internal import CDMTPlugin
internal import DMTCases
internal import DMTCore
internal import DMTReference

/// Tables of a rank: several features, shared tables, sums and means, factors, empty bags, columns inside wider outputs.
struct EmbeddingWorkload: Workload {
  let backend: any EmbeddingBackend
  /// nil: looked up, and row gradients written, but not updated.
  let optimizer: OptimizerSpec?
  let batch: Int
  var seed: UInt64

  static let optimizers: [OptimizerSpec?] = [
    nil, OptimizerSpec(name: "sgd", attributes: ["weight_decay": .double(0.01)]),
    OptimizerSpec(name: "adagrad", attributes: ["eps": .double(1e-6)]),
    OptimizerSpec(name: "rowwise_adagrad", attributes: ["eps": .double(1e-6)]),
    OptimizerSpec(name: "lazy_adam", attributes: ["beta1": .double(0.8)]),
  ]

  static let tables = [
    TableShape(rows: 11, dim: 5), TableShape(rows: 3, dim: 16), TableShape(rows: 200, dim: 1),
    TableShape(rows: 40, dim: 32),
  ]
  /// Columns begin anywhere, so rows of outputs lie at any multiple of an element.
  static let features = [
    EmbeddingFeature(table: 0, pooling: .sum, output: 0, column: 1),
    EmbeddingFeature(table: 1, pooling: .mean, output: 0, column: 7),
    EmbeddingFeature(table: 0, pooling: .mean, output: 1, column: 0),
    EmbeddingFeature(table: 2, pooling: .sum, output: 0, column: 23),
    EmbeddingFeature(table: 3, pooling: .sum, output: 1, column: 6),
  ]
  /// Elements from one sample to the next.
  static let strides = [25, 39]
  /// The feature whose row numbers have factors.
  static let weighted = 3
  /// The feature with one row number a sample and no offsets.
  static let single = 4

  var request: EmbeddingRequest {
    EmbeddingRequest(
      tables: Self.tables, features: Self.features, outputCount: Self.strides.count, optimizer: optimizer)
  }

  var name: String { "\(Self.tables.count) tables" + (optimizer.map { " with \($0.name)" } ?? "") }

  func bind(threads: Int) throws(DMTError) -> any BoundWorkload {
    var request = request
    request.threads = threads
    return BoundEmbedding(self, try backend.bind(request), request)
  }

  func bindReference() throws(DMTError) -> (any BoundWorkload)? {
    var exact = request
    exact.dtype = .float64
    return BoundEmbedding(self, try ReferenceEmbedding().bind(exact), exact)
  }

  func reseeded(_ seed: UInt64) -> any Workload {
    var other = self
    other.seed = seed
    return other
  }

  func resized(batch: Int) throws(DMTError) -> any Workload {
    EmbeddingWorkload(backend: backend, optimizer: optimizer, batch: batch, seed: seed)
  }

  /// The bags of a feature.
  func bags(_ feature: Int) -> (values: [Int64], offsets: [Int64]?, factors: [Float]?) {
    let rows = UInt32(Self.tables[Self.features[feature].table].rows)
    var values: [Int64] = []
    var offsets: [Int64] = [0]
    for sample in 0..<batch {
      let words = Philox.words(
        key: Philox.key(seed: seed), counter: SIMD4(UInt32(feature), UInt32(sample), 0, 0xBA65))
      let length = feature == Self.single ? 1 : Int(words[0] % 5)
      for place in 0..<length {
        let row = Philox.words(
          key: Philox.key(seed: seed), counter: SIMD4(UInt32(feature), UInt32(sample), UInt32(place), 0x2035))
        values.append(Int64(row[0] % rows))
      }
      offsets.append(Int64(values.count))
    }
    let factors =
      feature == Self.weighted
      ? CaseTensor.random([values.count], name: "factors", seed: seed).values.map { Float($0) } : nil
    return (values, feature == Self.single ? nil : offsets, factors)
  }
}
