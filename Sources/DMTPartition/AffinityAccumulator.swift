public import DMTCore

/// How alike the embeddings of features are over many samples.
public struct Affinity: Sendable {
  /// What is averaged over the samples.
  public enum Kind: String, Sendable, CaseIterable {
    /// The absolute value of the cosine: features whose embeddings lie in one subspace are alike, whatever the sign.
    case magnitude
    /// The cosine, whose mean's absolute value is the affinity, as the paper prints it. Embeddings that point one way as
    /// often as the other average out.
    case signed
  }

  /// [F, F], row-major, 0 to 1, symmetric, 1 on the diagonal.
  public var matrix: [Double]
  public var kind: Kind
  public var samples: Int

  public init(matrix: [Double], kind: Kind, samples: Int) {
    self.matrix = matrix
    self.kind = kind
    self.samples = samples
  }
}

/// Gathers the affinity of features in one pass over batches.
///
/// With r_f the embedding of feature f in a sample, scaled to length 1, the affinity of i and j is the mean over samples
/// of |r_i . r_j| (``Affinity/Kind/magnitude``) or the absolute value of the mean of r_i . r_j (``Affinity/Kind/signed``).
/// Raw embeddings cannot be averaged first: every sample reads other rows. A sample in which one of the two has no
/// embedding (an empty bag) does not count for the pair.
public struct AffinityAccumulator: ~Copyable {
  /// Features, in the order of the matrix.
  public let features: [String]
  /// Elements of one embedding.
  public let dim: Int
  /// What is averaged.
  public let kind: Affinity.Kind
  /// Samples so far.
  public private(set) var samples = 0

  private let blocks: Int
  private let units: UnsafeMutablePointer<SIMD8<Float>>
  private var isPresent: [Bool]
  private var presentCounts: [Int]
  /// [F, F], below the diagonal: sums over samples, and samples that do not count.
  private var sums: [Double]
  private var missing: [Int]

  /// An accumulator of `features`, each with embeddings of `dim` elements.
  public init(features: [String], dim: Int, kind: Affinity.Kind = .magnitude) {
    self.features = features
    self.dim = dim
    self.kind = kind
    let count = features.count
    blocks = (max(dim, 1) + 7) / 8
    units = .allocate(capacity: max(1, count * blocks))
    units.initialize(repeating: .zero, count: max(1, count * blocks))
    isPresent = [Bool](repeating: false, count: count)
    presentCounts = [Int](repeating: 0, count: count)
    sums = [Double](repeating: 0, count: count * count)
    missing = [Int](repeating: 0, count: count * count)
  }

  deinit { units.deallocate() }

  /// Adds samples: row s of `rows` holds the embedding of feature f at `columns[f]` ..< `columns[f] + dim`.
  ///
  /// - Parameter width: elements of a row.
  /// - Throws: ``DMTError/Code/notFinite`` naming the feature whose embedding is not a number.
  public mutating func add(rows: UnsafeBufferPointer<Float>, width: Int, columns: [Int]) throws(DMTError) {
    guard columns.count == features.count, width > 0, rows.count % width == 0,
      columns.allSatisfy({ $0 >= 0 && $0 + dim <= width })
    else {
      throw DMTError(
        .shapeMismatch, "\(rows.count) elements in rows of \(width) do not hold \(features.count) embeddings of \(dim)")
    }
    for sample in 0..<rows.count / width {
      for feature in features.indices {
        try normalise(feature, rows, sample * width + columns[feature])
      }
      addSample()
    }
  }

  private mutating func normalise(
    _ feature: Int, _ rows: UnsafeBufferPointer<Float>, _ start: Int
  ) throws(DMTError) {
    var square: Float = 0
    for element in start..<start + dim { square += rows[element] * rows[element] }
    guard square.isFinite else {
      throw DMTError(
        .notFinite, "the embedding of feature '\(features[feature])' has squared length \(square) in sample \(samples)",
        remedy: "its table holds numbers that are not finite; train with a lower rate or clip the gradient")
    }
    isPresent[feature] = square > 0
    guard square > 0 else { return }
    presentCounts[feature] += 1
    let scale = 1 / square.squareRoot()
    for element in 0..<dim {
      units[feature * blocks + element / 8][element % 8] = rows[start + element] * scale
    }
  }

  private mutating func addSample() {
    samples += 1
    let count = features.count
    for i in 0..<count {
      if !isPresent[i] {
        for j in 0..<i { missing[i * count + j] += 1 }
        continue
      }
      for j in 0..<i {
        guard isPresent[j] else {
          missing[i * count + j] += 1
          continue
        }
        var products = SIMD8<Float>.zero
        for block in 0..<blocks { products += units[i * blocks + block] * units[j * blocks + block] }
        let cosine = Double(products.sum())
        sums[i * count + j] += kind == .magnitude ? abs(cosine) : cosine
      }
    }
  }

  /// The affinity of what was added.
  ///
  /// - Throws: ``DMTError/Code/invalidData`` without a sample, and naming a feature whose embedding was zero in all of
  ///   them.
  public func affinity() throws(DMTError) -> Affinity {
    guard samples > 0 else { throw DMTError(.invalidData, "there is no sample to gather the affinity from") }
    let dead = features.indices.filter { presentCounts[$0] == 0 }
    guard dead.isEmpty else {
      let names = dead.map { "'\(features[$0])'" }.joined(separator: ", ")
      throw DMTError(
        .invalidData,
        "the embedding of \(dead.count == 1 ? "feature" : "features") \(names) is zero in all \(samples) samples",
        remedy: "its table was never trained or all its bags are empty: remove it, or look at its column")
    }
    let count = features.count
    var matrix = [Double](repeating: 1, count: count * count)
    for i in 0..<count {
      for j in 0..<i {
        let counted = samples - missing[i * count + j]
        let value = counted > 0 ? min(1, abs(sums[i * count + j]) / Double(counted)) : 0
        matrix[i * count + j] = value
        matrix[j * count + i] = value
      }
    }
    return Affinity(matrix: matrix, kind: kind, samples: samples)
  }
}
