/// Which element of a tensor belongs to the n-th position of another one that is walked row by row.
///
/// Broadcasting (stride 0 on a repeated axis), transposing, slicing and reducing all are such a map.
struct StridedView {
  /// Extents of what is walked.
  let dims: [Int]
  /// Elements from one index of an axis to the next, in the other tensor.
  let strides: [Int]
  /// Element of the other tensor at position 0.
  let start: Int

  init(dims: [Int], strides: [Int], start: Int = 0) {
    self.dims = dims
    self.strides = strides
    self.start = start
  }

  /// Elements from one index of an axis to the next in a compact row-major tensor.
  static func compactStrides(_ dims: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: dims.count)
    for axis in dims.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * dims[axis + 1] }
    return strides
  }

  /// A tensor of extents `source` repeated to `dims`, after NumPy's rules; the two must fit.
  static func broadcast(_ source: [Int], to dims: [Int]) -> StridedView {
    let missing = dims.count - source.count
    let compact = compactStrides(source)
    return StridedView(
      dims: dims,
      strides: dims.indices.map { $0 < missing || source[$0 - missing] == 1 ? 0 : compact[$0 - missing] })
  }

  /// The element of the other tensor at position `position`.
  @inline(__always)
  func element(at position: Int) -> Int {
    var rest = position
    var element = start
    var axis = dims.count - 1
    while axis >= 0 {
      let (quotient, index) = rest.quotientAndRemainder(dividingBy: dims[axis])
      element += index * strides[axis]
      rest = quotient
      axis -= 1
    }
    return element
  }
}
