internal import COpenBLAS

/// Part of a row-major matrix: where it starts, the distance of its rows, and whether it is read transposed.
struct Matrix {
  var start: UnsafePointer<Float>
  var pitch: Int
  var isTransposed = false

  init(_ start: UnsafePointer<Float>, pitch: Int, transposed: Bool = false) {
    self.start = start
    self.pitch = pitch
    isTransposed = transposed
  }

  /// The same memory read the other way.
  var transposed: Matrix { Matrix(start, pitch: pitch, transposed: !isTransposed) }
}

/// Matrix products; extents fit 32 bits, which the backend has checked.
enum Product {
  /// c = a b, or c += a b, with a [rows, inner], b [inner, columns], c [rows, columns] after transposition.
  @inline(__always)
  static func store(
    _ a: Matrix, _ b: Matrix, to c: UnsafeMutablePointer<Float>, rows: Int, inner: Int, columns: Int, pitch: Int,
    adding: Bool
  ) {
    if rows == 0 || columns == 0 { return }
    cblas_sgemm(
      CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans,
      Int32(truncatingIfNeeded: rows), Int32(truncatingIfNeeded: columns), Int32(truncatingIfNeeded: inner), 1, a.start,
      Int32(truncatingIfNeeded: max(a.pitch, 1)), b.start, Int32(truncatingIfNeeded: max(b.pitch, 1)), adding ? 1 : 0,
      c,
      Int32(truncatingIfNeeded: max(pitch, 1)))
  }
}
