/// `fm`: X (X^T Y) for every sample; [B, n, d] and y [n, k] -> [B, n, k].
final class FMPlan: KernelPlan {
  private let batch: Int
  private let shape: Sizes
  private let isTraining: Bool

  /// Samples whose part of y's gradient is summed by one thread: fixed, so that the sum does not depend on threads.
  private static let samplesPerChunk = 64

  private struct Sizes: BitwiseCopyable {
    let vectors: Int
    let dim: Int
    let k: Int
    /// X^T Y [d, k].
    var compress: Gemm { Gemm(rows: dim, columns: k, depth: vectors, threads: 1) }
    /// X T [n, k].
    var expand: Gemm { Gemm(rows: vectors, columns: k, depth: dim, threads: 1) }
    /// G T^T [n, d], and Y dT^T.
    var inputGradient: Gemm { Gemm(rows: vectors, columns: dim, depth: k, threads: 1) }
    var innerFloats: Int { wholeLines(dim &* k) }
    /// T and its gradient, and the largest product.
    var workerFloats: Int {
      2 &* innerFloats
        &+ wholeLines(max(compress.scratchFloats(1), max(expand.scratchFloats(1), inputGradient.scratchFloats(1))))
    }
  }

  init(checking request: Request) throws(Failure) {
    try request.expect(inputs: 1, parameters: 1)
    let x = request.inputs[0]
    guard x.count == 3 else { throw .invalid("fm: the input has shape \(x), expected [B, n, d]") }
    let y = request.parameters[0]
    guard y.count == 2, y[0] == x[1] else { throw .invalid("fm: y has shape \(y), expected [\(x[1]), k]") }
    batch = x[0]
    shape = Sizes(vectors: x[1], dim: x[2], k: y[1])
    try request.expect(request.outputs[0], [batch, x[1], y[1]], "the output")
    isTraining = request.isTraining
    super.init(request)
  }

  override var backwardReadsInputs: UInt64 { 1 }

  private var chunks: Int { (batch + FMPlan.samplesPerChunk - 1) / FMPlan.samplesPerChunk }
  private var partialFloats: Int { wholeLines(shape.vectors * shape.k) }

  override var scratchFloats: Int {
    shape.workerFloats * parallel.workers + (isTraining ? chunks * partialFloats : 0)
  }

  private struct Job: BitwiseCopyable {
    let shape: Sizes
    let batch: Int
    let x: UnsafePointer<Float>
    let y: UnsafePointer<Float>
    let gradient: UnsafePointer<Float>
    let target: UnsafeMutablePointer<Float>?
    let adds: Bool
    let partials: UnsafeMutablePointer<Float>?
    let partialFloats: Int
    let scratch: UnsafeMutablePointer<Float>
  }

  override func forward(_ call: KernelCall) {
    let job = Job(
      shape: shape, batch: batch, x: call.input(0), y: call.parameter(0), gradient: call.input(0),
      target: call.output(), adds: false, partials: nil, partialFloats: 0, scratch: call.scratch)
    let work = 2 * shape.vectors * shape.dim * shape.k
    parallel.run(job, count: batch, grain: max(1, Gemm.serialLimit / max(1, work))) { context, begin, end, worker in
      let job = context.job(Job.self).pointee
      let shape = job.shape
      let inner = job.scratch + Int(worker) &* shape.workerFloats
      let scratch = inner + 2 &* shape.innerFloats
      for sample in Int(begin)..<Int(end) {
        let x = job.x + sample &* shape.vectors &* shape.dim
        guard let target = job.target else { return }
        FMPlan.compress(shape, x, job.y, inner, scratch)
        shape.expand.multiply(
          .rows(x, stride: shape.dim), .columns(inner, stride: shape.k), to: target + sample &* shape.vectors &* shape.k,
          stride: shape.k, scratch: scratch, .serial)
      }
    }
  }

  /// inner = X^T other, with `other` [n, k].
  private static func compress(
    _ shape: Sizes, _ x: UnsafePointer<Float>, _ other: UnsafePointer<Float>, _ inner: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    shape.compress.multiply(
      .columns(x, stride: shape.dim), .columns(other, stride: shape.k), to: inner, stride: shape.k, scratch: scratch,
      .serial)
  }

  override func backward(_ call: KernelCall) {
    let partials = call.scratch + shape.workerFloats * parallel.workers
    let job = Job(
      shape: shape, batch: batch, x: call.input(0), y: call.parameter(0), gradient: call.gradOutput(),
      target: call.gradInput(0), adds: call.addsToInput(0), partials: call.gradParameter(0) == nil ? nil : partials,
      partialFloats: partialFloats, scratch: call.scratch)
    parallel.run(job, count: chunks) { context, begin, end, worker in
      let job = context.job(Job.self).pointee
      let scratch = job.scratch + Int(worker) &* job.shape.workerFloats
      for chunk in Int(begin)..<Int(end) {
        let first = chunk &* FMPlan.samplesPerChunk
        for sample in first..<min(job.batch, first &+ FMPlan.samplesPerChunk) {
          FMPlan.backwardSample(job, sample, isFirst: sample == first, chunk, scratch)
        }
      }
    }
    if let target = call.gradParameter(0) {
      let count = shape.vectors * shape.k
      if !call.addsToParameter(0) { target.update(repeating: 0, count: count) }
      for chunk in 0..<chunks {
        mapElements(count, UnsafePointer(partials + chunk * partialFloats), UnsafePointer(target), target) { $0 + $1 }
      }
    }
  }

  /// dT = X^T G, dX = G T^T + Y dT^T, dY = X dT.
  private static func backwardSample(
    _ job: Job, _ sample: Int, isFirst: Bool, _ chunk: Int, _ memory: UnsafeMutablePointer<Float>
  ) {
    let shape = job.shape
    let x = job.x + sample &* shape.vectors &* shape.dim
    let gradient = job.gradient + sample &* shape.vectors &* shape.k
    let inner = memory
    let innerGradient = memory + shape.innerFloats
    let scratch = memory + 2 &* shape.innerFloats
    compress(shape, x, gradient, innerGradient, scratch)
    if let target = job.target {
      compress(shape, x, job.y, inner, scratch)
      let result = target + sample &* shape.vectors &* shape.dim
      shape.inputGradient.multiply(
        .rows(gradient, stride: shape.k), .rows(inner, stride: shape.k), to: result, stride: shape.dim,
        accumulate: job.adds, scratch: scratch, .serial)
      shape.inputGradient.multiply(
        .rows(job.y, stride: shape.k), .rows(innerGradient, stride: shape.k), to: result, stride: shape.dim,
        accumulate: true, scratch: scratch, .serial)
    }
    if let partials = job.partials {
      shape.expand.multiply(
        .rows(x, stride: shape.dim), .columns(innerGradient, stride: shape.k), to: partials + chunk &* job.partialFloats,
        stride: shape.k, accumulate: !isFirst, scratch: scratch, .serial)
    }
  }
}
