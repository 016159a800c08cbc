internal import DMTPluginKit

/// The axes of a broadcast, with neighbours merged on which the same operands are repeated.
///
/// `[64, 5, 7] + [7]` has two: 320 on which b is repeated, 7 on which nobody is.
struct BroadcastAxes {
  struct Axis {
    var extent: Int
    /// Elements between neighbours of the output.
    let output: Int
    /// Elements between neighbours of each operand; 0: it is repeated.
    let a: Int
    let b: Int

    func stride(ofOperand operand: Int) -> Int { operand == 0 ? a : b }
  }

  /// Outermost first; none has extent 1.
  let axes: [Axis]

  /// - Parameter output: what `a` and `b` are broadcast to.
  init(_ a: Shape, _ b: Shape, to output: Shape) {
    var innermostFirst: [Axis] = []
    var (stepA, stepB, step) = (1, 1, 1)
    for offset in 0..<output.rank {
      let extent = output.dims[output.rank - 1 - offset]
      let extentA = offset < a.rank ? a.dims[a.rank - 1 - offset] : 1
      let extentB = offset < b.rank ? b.dims[b.rank - 1 - offset] : 1
      if extent == 1 { continue }
      let axis = Axis(
        extent: extent, output: step, a: extentA == extent ? stepA : 0, b: extentB == extent ? stepB : 0)
      if let inner = innermostFirst.last, (inner.a == 0) == (axis.a == 0), (inner.b == 0) == (axis.b == 0) {
        innermostFirst[innermostFirst.count - 1].extent *= extent
      } else {
        innermostFirst.append(axis)
      }
      (stepA, stepB, step) = (stepA * extentA, stepB * extentB, step * extent)
    }
    axes = innermostFirst.reversed()
  }

  var elements: Int { axes.reduce(1) { $0 * $1.extent } }

  func repeats(operand: Int) -> Bool { axes.contains { $0.stride(ofOperand: operand) == 0 } }

  /// The extents of an operand, 1 where it is repeated, with `length` places of the outermost axis.
  func extents(ofOperand operand: Int, length: Int) -> [Int] {
    axes.enumerated().map { index, axis in
      if axis.stride(ofOperand: operand) == 0 { return 1 }
      return index == 0 ? length : axis.extent
    }
  }
}
