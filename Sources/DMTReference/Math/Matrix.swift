/// A matrix to read from: element (i, j) lies at base[i * rowStride + j * columnStride].
struct Matrix<Scalar: ReferenceScalar> {
  var base: UnsafePointer<Scalar>
  var rowStride: Int
  var columnStride: Int

  /// A compact row-major matrix of `columns` columns.
  init(_ base: UnsafePointer<Scalar>, columns: Int) {
    self.base = base
    rowStride = columns
    columnStride = 1
  }

  private init(_ base: UnsafePointer<Scalar>, rowStride: Int, columnStride: Int) {
    self.base = base
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  @inline(__always) subscript(row: Int, column: Int) -> Double {
    base[row * rowStride + column * columnStride].double
  }

  /// The same elements with rows and columns exchanged.
  var transposed: Matrix { Matrix(base, rowStride: columnStride, columnStride: rowStride) }

  /// Sum over k of self[row, k] other[k, column], in double, in the order of k.
  @inline(__always)
  func dot<Other>(_ other: Matrix<Other>, row: Int, column: Int, inner: Int) -> Double {
    var sum = 0.0
    for k in 0..<inner { sum += self[row, k] * other[k, column] }
    return sum
  }

  /// Calls `body` with the row, the column and the value of every element of the product with `other`.
  @inline(__always)
  func multiply<Other>(
    _ other: Matrix<Other>, rows: Int, inner: Int, columns: Int, _ body: (Int, Int, Double) -> Void
  ) {
    for row in 0..<rows {
      for column in 0..<columns { body(row, column, dot(other, row: row, column: column, inner: inner)) }
    }
  }
}
