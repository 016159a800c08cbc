import DMTCore
import DMTPartition
import Testing

@Suite("The affinity of features")
struct AffinityTests {
  /// Two samples of three features of two elements; the third feature's bag is empty in the second sample.
  private let rows: [Float] = [3, 4, 4, -3, 1, 0, 0, 2, 0, -5, 0, 0]

  private func gather(_ kind: Affinity.Kind) throws -> Affinity {
    var accumulator = AffinityAccumulator(features: ["a", "b", "c"], dim: 2, kind: kind)
    try rows.withUnsafeBufferPointer { try accumulator.add(rows: $0, width: 6, columns: [0, 2, 4]) }
    return try accumulator.affinity()
  }

  @Test("the mean of absolute cosines, by hand")
  func magnitude() throws {
    // a.b: 0 and -1; a.c: 0.6 in the one sample that has c; b.c: 0.8.
    let expected = [1, 0.5, 0.6, 0.5, 1, 0.8, 0.6, 0.8, 1]
    for (found, wanted) in zip(try gather(.magnitude).matrix, expected) { #expect(abs(found - wanted) < 1e-6) }
  }

  @Test("the absolute value of the mean cosine, by hand")
  func signed() throws {
    let affinity = try gather(.signed)
    #expect(abs(affinity.matrix[1] - 0.5) < 1e-6)
    var accumulator = AffinityAccumulator(features: ["a", "b"], dim: 1, kind: .signed)
    let opposed: [Float] = [1, 1, 2, -3]
    try opposed.withUnsafeBufferPointer { try accumulator.add(rows: $0, width: 2, columns: [0, 1]) }
    #expect(try accumulator.affinity().matrix[1] == 0)
  }

  @Test("batches add up to what one batch gives, for widths that are no multiple of a vector")
  func batches() throws {
    let dim = 11
    let rows = (0..<(40 * 3 * dim)).map { Float(($0 * 7919) % 101) / 50 - 1 }
    let columns = [0, dim, 2 * dim]
    func affinity(_ pieces: [Range<Int>]) throws -> [Double] {
      var accumulator = AffinityAccumulator(features: ["a", "b", "c"], dim: dim)
      for piece in pieces {
        try rows.withUnsafeBufferPointer { rows in
          let slice = UnsafeBufferPointer(rebasing: rows[piece.lowerBound * 3 * dim..<piece.upperBound * 3 * dim])
          try accumulator.add(rows: slice, width: 3 * dim, columns: columns)
        }
      }
      #expect(accumulator.samples == 40)
      return try accumulator.affinity().matrix
    }
    let whole = try affinity([0..<40])
    #expect(try affinity([0..<13, 13..<14, 14..<40]) == whole)
    var expected = 0.0
    for sample in 0..<40 {
      let (a, b) = (
        rows[(sample * 3) * dim..<(sample * 3 + 1) * dim], rows[(sample * 3 + 1) * dim..<(sample * 3 + 2) * dim]
      )
      let dot = zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      let lengths = [a, b].map { $0.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() }
      expected += abs(dot) / (lengths[0] * lengths[1]) / 40
    }
    #expect(abs(whole[1] - expected) < 1e-5)
  }

  @Test("an embedding that is not a number is an error with the feature's name")
  func notFinite() {
    var accumulator = AffinityAccumulator(features: ["user", "book"], dim: 1)
    let rows: [Float] = [1, .nan]
    let error = #expect(throws: DMTError.self) {
      try rows.withUnsafeBufferPointer { try accumulator.add(rows: $0, width: 2, columns: [0, 1]) }
    }
    #expect(error?.code == .notFinite)
    #expect(error?.message.contains("feature 'book'") == true)
  }

  @Test("a dead table is an error with the feature's name")
  func dead() throws {
    var accumulator = AffinityAccumulator(features: ["user", "book"], dim: 1)
    let rows: [Float] = [1, 0, 2, 0]
    try rows.withUnsafeBufferPointer { try accumulator.add(rows: $0, width: 2, columns: [0, 1]) }
    var message: String?
    do { _ = try accumulator.affinity() } catch { message = (error as DMTError).message }
    #expect(message == "the embedding of feature 'book' is zero in all 2 samples")
  }
}

@Suite("Splitting columns")
struct ColumnSplitTests {
  @Test("features stay whole while there are enough of them")
  func whole() throws {
    #expect(try ColumnSplit.widths(dims: [16, 16, 8], towers: 3) == [[16], [16], [8]])
  }

  @Test("parts are even, and multiples of four where that is possible")
  func even() throws {
    #expect(try ColumnSplit.widths(dims: [16, 16], towers: 3) == [[8, 8], [8, 8]])
    #expect(try ColumnSplit.widths(dims: [16, 16], towers: 6) == [[8, 4, 4], [8, 4, 4]])
    #expect(try ColumnSplit.widths(dims: [16], towers: 5) == [[4, 3, 3, 3, 3]])
    #expect(try ColumnSplit.widths(dims: [10, 10], towers: 4) == [[5, 5], [5, 5]])
    #expect(try ColumnSplit.widths(dims: [2, 8], towers: 6) == [[1, 1], [2, 2, 2, 2]])
  }

  @Test("every number of towers up to the number of columns gets enough parts, one more is an error")
  func enough() throws {
    let dims = [6, 3, 8]
    for towers in 1...17 {
      let widths = try ColumnSplit.widths(dims: dims, towers: towers)
      #expect(widths.map { $0.reduce(0, +) } == dims)
      #expect(widths.flatMap(\.self).allSatisfy { $0 > 0 })
      #expect(widths.map(\.count).reduce(0, +) >= towers)
    }
    let error = #expect(throws: DMTError.self) { try ColumnSplit.widths(dims: dims, towers: 18) }
    #expect(error?.message == "18 towers of 3 features with 17 columns in all")
  }
}

@Suite("The adjusted Rand index")
struct AdjustedRandIndexTests {
  @Test("equal partitions have 1, whatever the numbers")
  func equal() {
    #expect(adjustedRandIndex([0, 0, 1, 2], [5, 5, 3, 9]) == 1)
    #expect(adjustedRandIndex([0, 0], [1, 1]) == 1)
  }

  @Test("a published example")
  func example() {
    // The example of scikit-learn's documentation.
    #expect(abs(adjustedRandIndex([0, 0, 1, 2], [0, 0, 1, 1]) - 0.571428571) < 1e-8)
    #expect(abs(adjustedRandIndex([0, 0, 0, 0], [0, 1, 2, 3])) < 1e-12)
  }
}
