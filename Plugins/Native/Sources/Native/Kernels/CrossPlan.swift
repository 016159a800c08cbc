/// `cross`: x0 (W x + b) + x, the product's epilogue doing the rest; with rank r, W x is w (v x).
final class CrossPlan: KernelPlan {
  private let batch: Int
  private let width: Int
  /// 0: a full weight.
  private let rank: Int
  private let isTraining: Bool
  private let reduce: Gemm
  private let expand: Gemm
  private let expandInputGradient: Gemm
  private let expandWeightGradient: Gemm
  private let reduceInputGradient: Gemm
  private let reduceWeightGradient: Gemm
  private var expandWeights = PackedWeights()
  private var reduceWeights = PackedWeights()

  init(checking request: Request) throws(Failure) {
    rank = request.attributes.int("rank", default: 0)
    guard rank >= 0 else { throw .invalid("cross: rank \(rank) is negative") }
    try request.expect(inputs: 2, parameters: rank == 0 ? 2 : 3)
    let x = request.inputs[0]
    guard x.count == 2 else { throw .invalid("cross: x0 has shape \(x), expected [B, N]") }
    try request.expect(request.inputs[1], x, "x")
    try request.expect(request.outputs[0], x, "the output")
    (batch, width) = (x[0], x[1])
    if rank == 0 {
      try request.expect(request.parameters[0], [width, width], "the weight")
      try request.expect(request.parameters[1], [width], "the bias")
    } else {
      try request.expect(request.parameters[0], [rank, width], "v")
      try request.expect(request.parameters[1], [width, rank], "w")
      try request.expect(request.parameters[2], [width], "the bias")
    }
    isTraining = request.isTraining
    let threads = request.parallel.threads
    let inner = rank == 0 ? width : rank
    expand = Gemm(rows: batch, columns: width, depth: inner, threads: threads)
    expandInputGradient = Gemm(rows: batch, columns: inner, depth: width, threads: threads)
    expandWeightGradient = Gemm(rows: width, columns: inner, depth: batch, threads: threads)
    reduce = Gemm(rows: batch, columns: rank, depth: width, threads: threads)
    reduceInputGradient = Gemm(rows: batch, columns: width, depth: rank, threads: threads)
    reduceWeightGradient = Gemm(rows: rank, columns: width, depth: batch, threads: threads)
    super.init(request)
  }

  deinit {
    expandWeights.release()
    reduceWeights.release()
  }

  override func allocate() {
    expandWeights = PackedWeights(floats: expand.packedFloats)
    if rank > 0 { reduceWeights = PackedWeights(floats: reduce.packedFloats) }
  }

  override var backwardReadsInputs: UInt64 { 3 }

  private var productFloats: Int { wholeLines(batch * width) }
  private var reducedFloats: Int { wholeLines(batch * rank) }

  /// The product W x + b, and v x.
  override var savedFloats: Int { isTraining ? productFloats + reducedFloats : 0 }

  /// Forward: v x and the workers' blocks. Backward: the gradients of both products, then the largest product.
  override var scratchFloats: Int {
    let workers = parallel.workers
    let forward = reducedFloats + max(reduce.workerFloats, expand.workerFloats) * workers
    if !isTraining { return forward }
    var products = [expandInputGradient, expandWeightGradient]
    if rank > 0 { products += [reduceInputGradient, reduceWeightGradient] }
    let largest = products.map { $0.scratchFloats(workers) }.max() ?? 0
    return max(forward, productFloats + reducedFloats + largest)
  }

  override func forward(_ call: KernelCall) {
    if batch == 0 || width == 0 { return }
    let keeps = savedFloats > 0
    var source = Operand.rows(call.input(1), stride: width)
    let workers = call.scratch + reducedFloats
    if rank > 0 {
      let reduced = keeps ? call.saved + productFloats : call.scratch
      let packed = reduceWeights.current(call, parameter: 0) {
        reduce.pack(.rows(call.parameter(0), stride: width), to: $0, parallel)
      }
      reduce.multiply(source, packed, to: reduced, stride: rank, scratch: workers, parallel)
      source = .rows(reduced, stride: rank)
    }
    let inner = expand.depth
    let weight = rank == 0 ? 0 : 1
    let packed = expandWeights.current(call, parameter: weight) {
      expand.pack(.rows(call.parameter(weight), stride: inner), to: $0, parallel)
    }
    expand.multiply(
      source, packed, to: call.output(), stride: width,
      epilogue: Epilogue(
        bias: call.parameter(weight + 1), preactivation: keeps ? call.saved : nil, crossX0: call.input(0),
        crossX: call.input(1)),
      scratch: workers, parallel)
  }

  override func backward(_ call: KernelCall) {
    let productGradient = call.scratch
    let reducedGradient = call.scratch + productFloats
    let scratch = reducedGradient + reducedFloats
    let last = rank == 0 ? 1 : 2
    elementwise(call, productGradient)
    if let bias = call.gradParameter(last) {
      ColumnSums.run(
        rows: batch, columns: width, gradient: productGradient, sums: bias, adds: call.addsToParameter(last), parallel)
    }
    let inner = expand.depth
    let source = rank == 0 ? call.input(1) : UnsafePointer(call.saved + productFloats)
    if let weight = call.gradParameter(last - 1) {
      expandWeightGradient.multiply(
        .columns(productGradient, stride: width), .columns(source, stride: inner), to: weight, stride: inner,
        accumulate: call.addsToParameter(last - 1), scratch: scratch, parallel)
    }
    if batch == 0 || width == 0 {
      if rank > 0, let v = call.gradParameter(0), !call.addsToParameter(0) { v.update(repeating: 0, count: rank * width) }
      return
    }
    if rank == 0 {
      if let gradX = call.gradInput(1) {
        // The elementwise part has written or added the gradient of the plain summand x.
        expandInputGradient.multiply(
          .rows(productGradient, stride: width), .columns(call.parameter(0), stride: width), to: gradX, stride: width,
          accumulate: true, scratch: scratch, parallel)
      }
      return
    }
    expandInputGradient.multiply(
      .rows(productGradient, stride: width), .columns(call.parameter(1), stride: rank), to: reducedGradient,
      stride: rank, scratch: scratch, parallel)
    if let v = call.gradParameter(0) {
      reduceWeightGradient.multiply(
        .columns(reducedGradient, stride: rank), .columns(call.input(1), stride: width), to: v, stride: width,
        accumulate: call.addsToParameter(0), scratch: scratch, parallel)
    }
    if let gradX = call.gradInput(1) {
      reduceInputGradient.multiply(
        .rows(reducedGradient, stride: rank), .columns(call.parameter(0), stride: width), to: gradX, stride: width,
        accumulate: true, scratch: scratch, parallel)
    }
  }

  private struct Job: BitwiseCopyable {
    let gradient: UnsafePointer<Float>
    let x0: UnsafePointer<Float>
    let product: UnsafePointer<Float>
    let productGradient: UnsafeMutablePointer<Float>
    let gradX0: UnsafeMutablePointer<Float>?
    let gradX: UnsafeMutablePointer<Float>?
    let addsX0: Bool
    let addsX: Bool
    let count: Int
  }

  /// dP = g x0, dx0 = g P, dx = g. The gradients of x0 and x may be one tensor: x0 is written first.
  private func elementwise(_ call: KernelCall, _ productGradient: UnsafeMutablePointer<Float>) {
    let job = Job(
      gradient: call.gradOutput(), x0: call.input(0), product: call.saved, productGradient: productGradient,
      gradX0: call.gradInput(0), gradX: call.gradInput(1), addsX0: call.addsToInput(0), addsX: call.addsToInput(1),
      count: batch * width)
    ElementChunks.run(job, job.count, parallel) { context, begin, end, _ in
      let job = context.job(Job.self).pointee
      ElementChunks.each(begin, end, job.count) { at, count in
        let gradient = job.gradient + at
        mapElements(count, gradient, job.x0 + at, job.productGradient + at) { $0 * $1 }
        if let gradX0 = job.gradX0 {
          writeElements(count, gradient, job.product + at, to: gradX0 + at, adds: job.addsX0) { $0 * $1 }
        }
        if let gradX = job.gradX {
          writeElements(count, gradient, gradient, to: gradX + at, adds: job.addsX) { gradient, _ in gradient }
        }
      }
    }
  }
}
