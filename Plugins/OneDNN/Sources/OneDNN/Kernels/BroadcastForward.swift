internal import DMTPluginKit

/// The output of a broadcast in plain loops, for shapes that the library has no compiled primitive for.
struct BroadcastForward {
  private typealias Lane = VectorLoops.Lane

  private let operation: BinaryKernel.Operation
  private let axes: [BroadcastAxes.Axis]

  init(_ operation: BinaryKernel.Operation, _ axes: BroadcastAxes) {
    self.operation = operation
    self.axes = axes.axes
  }

  /// Computes `count` neighbours of the axis at `level`, all further axes within each; the pointers are those of the first.
  func compute(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, to c: UnsafeMutablePointer<Float>, level: Int = 0, count: Int
  ) {
    let axis = axes[level]
    if level + 1 < axes.count {
      let inner = axes[level + 1].extent
      for index in 0..<count {
        compute(a + index * axis.a, b + index * axis.b, to: c + index * axis.output, level: level + 1, count: inner)
      }
      return
    }
    switch operation {
    case .add: row(a, b, c, axis, count, { $0 + $1 }, { $0 + $1 })
    case .sub: row(a, b, c, axis, count, { $0 - $1 }, { $0 - $1 })
    case .mul: row(a, b, c, axis, count, { $0 * $1 }, { $0 * $1 })
    }
  }

  @inline(__always)
  private func row(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ axis: BroadcastAxes.Axis,
    _ count: Int, _ ofLanes: (Lane, Lane) -> Lane, _ ofNumbers: (Float, Float) -> Float
  ) {
    var index = 0
    while index &+ 8 <= count {
      let left = axis.a == 0 ? Lane(repeating: a[0]) : VectorLoops.load(a + index)
      let right = axis.b == 0 ? Lane(repeating: b[0]) : VectorLoops.load(b + index)
      UnsafeMutableRawPointer(c + index).storeBytes(of: ofLanes(left, right), as: Lane.self)
      index &+= 8
    }
    while index < count {
      c[index] = ofNumbers(a[axis.a == 0 ? 0 : index], b[axis.b == 0 ? 0 : index])
      index &+= 1
    }
  }
}
