import DMTCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `softmax`: y = exp(x - max) / sum of exp(x - max) on `axis`. Backward: dx = y (g - sum of g y).
struct SoftmaxKernel: ReferenceOperation {
  private let outer: Int
  private let extent: Int
  private let inner: Int

  init(_ request: CheckedRequest) throws(DMTError) {
    try request.expect(inputs: 1)
    let shape = request.input(0)
    let axis = try request.axis(try request.attributes.int("axis", default: -1), rank: shape.rank)
    outer = shape.dims[..<axis].reduce(1, *)
    extent = shape[axis]
    inner = shape.dims[(axis + 1)...].reduce(1, *)
    try request.expect(output: shape)
  }

  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    let (x, output) = (try call.input(0), try call.output())
    forEachRow { start in
      var largest = -Double.infinity
      for index in 0..<extent { largest = max(largest, x[start + index * inner].double) }
      var sum = 0.0
      for index in 0..<extent { sum += exp(x[start + index * inner].double - largest) }
      for index in 0..<extent {
        output[start + index * inner] = Scalar(exp(x[start + index * inner].double - largest) / sum)
      }
    }
  }

  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError) {
    guard let target = call.inputGradient(0) else { return }
    let (gradient, output) = (try call.outputGradient(), try call.output())
    forEachRow { start in
      var sum = 0.0
      for index in 0..<extent { sum += gradient[start + index * inner].double * output[start + index * inner].double }
      for index in 0..<extent {
        let place = start + index * inner
        target.write(place, output[place].double * (gradient[place].double - sum))
      }
    }
  }

  /// Calls `body` with the first element of everything that sums to 1.
  @inline(__always)
  private func forEachRow(_ body: (Int) -> Void) {
    for row in 0..<outer {
      for column in 0..<inner { body(row * extent * inner + column) }
    }
  }
}
