/// `matmul`: a product of two matrices for every sample.
///
/// With at least as many samples as threads each sample is one thread's; otherwise each product is split.
final class MatmulPlan: KernelPlan {
  private let batch: Int
  private let a: Side
  private let b: Side
  private let forwardProduct: Gemm
  private let aGradient: Gemm
  private let bGradient: Gemm
  private let isSplitBySample: Bool

  /// One factor: what its rows and columns are after the transposition asked for.
  private struct Side: BitwiseCopyable {
    let rows: Int
    let columns: Int
    let isTransposed: Bool
    var floats: Int { rows * columns }

    func byRows(_ base: UnsafePointer<Float>) -> Operand {
      isTransposed ? .columns(base, stride: rows) : .rows(base, stride: columns)
    }
    func byColumns(_ base: UnsafePointer<Float>) -> Operand {
      isTransposed ? .rows(base, stride: rows) : .columns(base, stride: columns)
    }
  }

  init(checking request: Request) throws(Failure) {
    try request.expect(inputs: 2)
    let (left, right) = (request.inputs[0], request.inputs[1])
    guard left.count == 3, right.count == 3, left[0] == right[0] else {
      throw .invalid("matmul: inputs have shapes \(left) and \(right), expected [B, M, K] and [B, K, N]")
    }
    let transposesA = request.attributes.bool("transpose_a", default: false)
    let transposesB = request.attributes.bool("transpose_b", default: false)
    batch = left[0]
    a = Side(rows: left[transposesA ? 2 : 1], columns: left[transposesA ? 1 : 2], isTransposed: transposesA)
    b = Side(rows: right[transposesB ? 2 : 1], columns: right[transposesB ? 1 : 2], isTransposed: transposesB)
    guard a.columns == b.rows else {
      throw .invalid("matmul: inner extents \(a.columns) of \(left) and \(b.rows) of \(right) differ")
    }
    try request.expect(request.outputs[0], [batch, a.rows, b.columns], "the output")
    isSplitBySample = batch >= request.parallel.threads
    let threads = isSplitBySample ? 1 : request.parallel.threads
    func product(_ rows: Int, _ columns: Int, _ depth: Int) -> Gemm {
      Gemm(rows: rows, columns: columns, depth: depth, threads: threads)
    }
    forwardProduct = product(a.rows, b.columns, a.columns)
    // The gradient of a transposed factor is computed transposed, where it is stored.
    aGradient =
      transposesA ? product(a.columns, a.rows, b.columns) : product(a.rows, a.columns, b.columns)
    bGradient = transposesB ? product(b.columns, b.rows, a.rows) : product(b.rows, b.columns, a.rows)
    super.init(request)
  }

  override var backwardReadsInputs: UInt64 { 3 }
  override var scratchFloats: Int {
    let largest = [forwardProduct, aGradient, bGradient].map {
      isSplitBySample ? $0.scratchFloats(1) * parallel.workers : $0.scratchFloats(parallel.workers)
    }
    return largest.max() ?? 0
  }

  /// A product of every sample.
  private struct Job: BitwiseCopyable {
    let gemm: Gemm
    let left: Operand
    let right: Operand
    let leftStep: Int
    let rightStep: Int
    let result: UnsafeMutablePointer<Float>
    let accumulate: Bool
    let scratch: UnsafeMutablePointer<Float>

    func run(sample: Int, scratch: UnsafeMutablePointer<Float>, _ parallel: Parallel) {
      gemm.multiply(
        Operand(
          base: left.base + sample &* leftStep, outerStride: left.outerStride, depthStride: left.depthStride),
        Operand(
          base: right.base + sample &* rightStep, outerStride: right.outerStride, depthStride: right.depthStride),
        to: result + sample &* gemm.rows &* gemm.columns, stride: gemm.columns, accumulate: accumulate,
        scratch: scratch, parallel)
    }
  }

  private func run(_ job: Job) {
    if job.gemm.rows == 0 || job.gemm.columns == 0 { return }
    if !isSplitBySample {
      for sample in 0..<batch { job.run(sample: sample, scratch: job.scratch, parallel) }
      return
    }
    let work = job.gemm.rows * job.gemm.columns * max(1, job.gemm.depth)
    parallel.run(job, count: batch, grain: max(1, Gemm.serialLimit / max(1, work))) { context, begin, end, worker in
      let job = context.job(Job.self).pointee
      let scratch = job.scratch + Int(worker) &* job.gemm.scratchFloats(1)
      for sample in Int(begin)..<Int(end) { job.run(sample: sample, scratch: scratch, .serial) }
    }
  }

  override func forward(_ call: KernelCall) {
    run(
      Job(
        gemm: forwardProduct, left: a.byRows(call.input(0)), right: b.byColumns(call.input(1)), leftStep: a.floats,
        rightStep: b.floats, result: call.output(), accumulate: false, scratch: call.scratch))
  }

  override func backward(_ call: KernelCall) {
    let gradient = call.gradOutput()
    let (rows, columns) = (forwardProduct.rows, forwardProduct.columns)
    let step = rows * columns
    let byRows = Operand.rows(gradient, stride: columns)
    let byColumns = Operand.columns(gradient, stride: columns)
    if let result = call.gradInput(0) {
      // dA = G B^T; stored transposed it is B G^T.
      let other = b.byRows(call.input(1))
      run(
        Job(
          gemm: aGradient, left: a.isTransposed ? other : byRows, right: a.isTransposed ? byRows : other,
          leftStep: a.isTransposed ? b.floats : step, rightStep: a.isTransposed ? step : b.floats, result: result,
          accumulate: call.addsToInput(0), scratch: call.scratch))
    }
    if let result = call.gradInput(1) {
      // dB = A^T G; stored transposed it is G^T A.
      let other = a.byColumns(call.input(0))
      run(
        Job(
          gemm: bGradient, left: b.isTransposed ? byColumns : other, right: b.isTransposed ? other : byColumns,
          leftStep: b.isTransposed ? step : a.floats, rightStep: b.isTransposed ? a.floats : step, result: result,
          accumulate: call.addsToInput(1), scratch: call.scratch))
    }
  }
}
