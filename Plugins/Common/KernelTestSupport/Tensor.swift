/// A tensor of doubles for the plain loops that kernels are compared with.
struct Tensor {
  var dims: [Int]
  var values: [Double]

  init(_ dims: [Int], _ values: [Double]) {
    self.dims = dims
    self.values = values
  }

  static func zeros(_ dims: [Int]) -> Tensor { Tensor(dims, [Double](repeating: 0, count: dims.reduce(1, *))) }

  /// Numbers in -1 ..< 1 that float32 holds exactly; the same for the same seed.
  static func random(_ dims: [Int], seed: UInt64) -> Tensor {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1
    return Tensor(
      dims,
      (0..<dims.reduce(1, *)).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Double(Float(Int64(bitPattern: state) >> 40) / 8_388_608)
      })
  }

  var count: Int { values.count }

  subscript(row: Int, column: Int) -> Double {
    get { values[row * dims[1] + column] }
    set { values[row * dims[1] + column] = newValue }
  }

  subscript(sample: Int, row: Int, column: Int) -> Double {
    get { values[(sample * dims[1] + row) * dims[2] + column] }
    set { values[(sample * dims[1] + row) * dims[2] + column] = newValue }
  }

  func map(_ transform: (Double) -> Double) -> Tensor { Tensor(dims, values.map(transform)) }

  func zipped(with other: Tensor, _ transform: (Double, Double) -> Double) -> Tensor {
    Tensor(dims, zip(values, other.values).map(transform))
  }

  /// All axes but the last as rows.
  var flattened: Tensor {
    let width = dims.last ?? 1
    return Tensor([dims.dropLast().reduce(1, *), width], values)
  }

  var transposed: Tensor {
    var result = Tensor.zeros([dims[1], dims[0]])
    for row in 0..<dims[0] { for column in 0..<dims[1] { result[column, row] = self[row, column] } }
    return result
  }

  /// The product of two matrices, one sum after the other.
  static func product(_ a: Tensor, _ b: Tensor) -> Tensor {
    let (rows, inner, columns) = (a.dims[0], a.dims[1], b.dims[1])
    var result = [Double](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      for index in 0..<inner {
        let factor = a.values[row * inner + index]
        for column in 0..<columns { result[row * columns + column] += factor * b.values[index * columns + column] }
      }
    }
    return Tensor([rows, columns], result)
  }

  /// Sample `index` of a tensor of three axes.
  func sample(_ index: Int) -> Tensor {
    let size = dims[1] * dims[2]
    return Tensor([dims[1], dims[2]], Array(values[index * size..<(index + 1) * size]))
  }

  static func stacked(_ samples: [Tensor], dims: [Int]) -> Tensor { Tensor(dims, samples.flatMap(\.values)) }

  static func + (a: Tensor, b: Tensor) -> Tensor { a.zipped(with: b, +) }

  /// The sums of the columns.
  var columnSums: Tensor {
    var sums = [Double](repeating: 0, count: dims[1])
    for row in 0..<dims[0] { for column in 0..<dims[1] { sums[column] += self[row, column] } }
    return Tensor([dims[1]], sums)
  }
}
