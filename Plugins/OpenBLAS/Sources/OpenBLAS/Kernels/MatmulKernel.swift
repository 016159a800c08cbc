internal import DMTPluginKit

/// `matmul`: one product a sample, samples on the host's threads.
final class MatmulKernel: PiecewiseKernel {
  private let (m, k, n): (Int, Int, Int)
  private let (transposesA, transposesB): (Bool, Bool)
  private let split: Split
  private var a: UnsafePointer<Float>?
  private var b: UnsafePointer<Float>?
  private var c: UnsafeMutablePointer<Float>?
  private var gradient: UnsafePointer<Float>?

  init(request: KernelRequest) throws(DMTError) {
    transposesA = try request.attributes.bool("transpose_a", default: false)
    transposesB = try request.attributes.bool("transpose_b", default: false)
    let a = request.inputs[0]
    (m, n) = (request.outputs[0][1], request.outputs[0][2])
    k = transposesA ? a[1] : a[2]
    let threads = HostThreads(requested: request.threads)
    // A call of the library costs about as much as a thousand multiply-accumulates.
    split = Split(
      k == 0 ? 0 : a[0], threads: threads.count, cost: (Double(m) * Double(n) * Double(k) + 1000) / 16)
    super.init(threads: threads)
  }

  override func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if split.count == 0 { return }
    self.call = CallPointers(call)
    a = try self.call.input(0)
    b = try self.call.input(1)
    c = try self.call.output(0)
    try perform(.forward, pieces: split.count)
  }

  override func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if split.count == 0 { return }
    self.call = CallPointers(call)
    a = try self.call.input(0)
    b = try self.call.input(1)
    gradient = try self.call.outputGradient(0)
    try perform(.inputs, pieces: split.count)
  }

  override func compute(
    _ pass: Pass, _ pieces: Range<Int>, worker: Int, scratch: UnsafeMutableRawPointer?
  ) -> Int32 {
    guard let a, let b, let first = pieces.first, let last = pieces.last else { return 0 }
    for sample in split.start(first)..<split.start(last) + split.length(last) {
      let left = Matrix(a + sample * m * k, pitch: transposesA ? m : k, transposed: transposesA)
      let right = Matrix(b + sample * k * n, pitch: transposesB ? k : n, transposed: transposesB)
      if pass == .forward {
        guard let c else { return 0 }
        Product.store(
          left, right, to: c + sample * m * n, rows: m, inner: k, columns: n, pitch: n, adding: false)
      } else {
        guard let gradient else { return 0 }
        backward(sample, left, right, Matrix(gradient + sample * m * n, pitch: n))
      }
    }
    return 0
  }

  /// Gradients are made in the layout that a and b are stored in.
  private func backward(_ sample: Int, _ left: Matrix, _ right: Matrix, _ outer: Matrix) {
    if let target = call.inputGradient(0) {
      let adds = call.addsToInputGradient(0)
      let place = target + sample * m * k
      if transposesA {
        Product.store(right, outer.transposed, to: place, rows: k, inner: n, columns: m, pitch: m, adding: adds)
      } else {
        Product.store(outer, right.transposed, to: place, rows: m, inner: n, columns: k, pitch: k, adding: adds)
      }
    }
    if let target = call.inputGradient(1) {
      let adds = call.addsToInputGradient(1)
      let place = target + sample * k * n
      if transposesB {
        Product.store(outer.transposed, left, to: place, rows: n, inner: m, columns: k, pitch: k, adding: adds)
      } else {
        Product.store(left.transposed, outer, to: place, rows: k, inner: m, columns: n, pitch: n, adding: adds)
      }
    }
  }
}
