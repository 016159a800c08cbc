internal import DMTPluginKit

/// `fm`: X (X^T Y) for every sample; a training plan saves P = X^T Y.
final class FMKernel: PiecewiseKernel {
  private let (batch, count, dim, k): (Int, Int, Int, Int)
  private let isTraining: Bool
  private let split: Split
  private var x: UnsafePointer<Float>?
  private var y: UnsafePointer<Float>?
  private var output: UnsafeMutablePointer<Float>?
  private var saved: UnsafeMutablePointer<Float>?
  private var outputGradient: UnsafePointer<Float>?
  /// Each piece's sum of the gradient of y, added in order afterwards so that threads do not change the result.
  private var sums: UnsafeMutablePointer<Float>?

  init(request: KernelRequest) throws(DMTError) {
    let dims = request.inputs[0].dims
    (batch, count, dim) = (dims[0], dims[1], dims[2])
    k = try request.attributes.int("k")
    isTraining = request.isTraining
    let threads = HostThreads(requested: request.threads)
    let work = 2 * Double(count) * Double(dim) * Double(k) + 2000
    split = Split(count == 0 || dim == 0 ? 0 : batch, threads: threads.count, cost: work / 16)
    super.init(threads: threads)
    // X^T Y of inference, X^T dO of backward.
    reserveWorkerScratch(dim * k * MemoryLayout<Float>.stride)
    if isTraining {
      savedBytes = batch * dim * k * MemoryLayout<Float>.stride
      sharedScratchBytes = (split.count * count * k * MemoryLayout<Float>.stride).roundedUp(to: 64)
    }
  }

  override func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    self.call = CallPointers(call)
    guard split.count > 0 else {
      // Without a feature or a column every sum is empty.
      if batch * count * k > 0 { try self.call.output(0).update(repeating: 0, count: batch * count * k) }
      return
    }
    x = try self.call.input(0)
    y = try self.call.parameter(0)
    output = try self.call.output(0)
    saved = isTraining ? try self.call.requiredSaved() : nil
    try perform(.forward, pieces: split.count)
  }

  override func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    self.call = CallPointers(call)
    let target = self.call.parameterGradient(0)
    let adds = self.call.addsToParameterGradient(0)
    guard split.count > 0 else {
      if let target, !adds { target.update(repeating: 0, count: count * k) }
      return
    }
    x = try self.call.input(0)
    y = try self.call.parameter(0)
    saved = try self.call.requiredSaved()
    outputGradient = try self.call.outputGradient(0)
    let sums = UnsafeMutablePointer(mutating: try self.call.requiredScratch())
    self.sums = sums
    try perform(.inputs, pieces: split.count)
    guard let target else { return }
    for piece in 0..<split.count {
      VectorLoops.store(sums + piece * count * k, to: target, count: count * k, adding: adds || piece > 0)
    }
  }

  override func compute(
    _ pass: Pass, _ pieces: Range<Int>, worker: Int, scratch: UnsafeMutableRawPointer?
  ) -> Int32 {
    guard let scratch = scratch?.assumingMemoryBound(to: Float.self) else { return 0 }
    for piece in pieces {
      let first = split.start(piece)
      for sample in first..<first + split.length(piece) {
        if pass == .forward {
          forward(sample, scratch)
        } else {
          backward(sample, piece: piece, isFirst: sample == first, scratch)
        }
      }
    }
    return 0
  }

  private func forward(_ sample: Int, _ scratch: UnsafeMutablePointer<Float>) {
    guard let x, let y, let output else { return }
    let features = Matrix(x + sample * count * dim, pitch: dim)
    let inner = saved.map { $0 + sample * dim * k } ?? scratch
    Product.store(
      features.transposed, Matrix(y, pitch: k), to: inner, rows: dim, inner: count, columns: k, pitch: k, adding: false)
    Product.store(
      features, Matrix(inner, pitch: k), to: output + sample * count * k, rows: count, inner: dim, columns: k, pitch: k,
      adding: false)
  }

  private func backward(_ sample: Int, piece: Int, isFirst: Bool, _ innerGradient: UnsafeMutablePointer<Float>) {
    guard let x, let y, let saved, let outputGradient, let sums else { return }
    let features = Matrix(x + sample * count * dim, pitch: dim)
    let outer = Matrix(outputGradient + sample * count * k, pitch: k)
    Product.store(
      features.transposed, outer, to: innerGradient, rows: dim, inner: count, columns: k, pitch: k, adding: false)
    if let target = call.inputGradient(0) {
      let place = target + sample * count * dim
      Product.store(
        outer, Matrix(saved + sample * dim * k, pitch: k, transposed: true), to: place, rows: count, inner: k,
        columns: dim,
        pitch: dim, adding: call.addsToInputGradient(0))
      Product.store(
        Matrix(y, pitch: k), Matrix(innerGradient, pitch: k, transposed: true), to: place, rows: count, inner: k,
        columns: dim, pitch: dim, adding: true)
    }
    if call.hasParameterGradient(0) {
      Product.store(
        features, Matrix(innerGradient, pitch: k), to: sums + piece * count * k, rows: count, inner: dim, columns: k,
        pitch: k, adding: !isFirst)
    }
  }
}
