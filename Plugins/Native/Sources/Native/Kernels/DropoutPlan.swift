internal import CDMTPlugin

/// `dropout`: in training zero with probability p, else x / (1 - p). Backward draws the same numbers again.
final class DropoutPlan: KernelPlan {
  private let batch: Int
  private let width: Int
  private let probability: Double

  init(checking request: Request) throws(Failure) {
    try request.expect(inputs: 1)
    let shape = request.inputs[0]
    try request.expect(request.outputs[0], shape, "the output")
    guard let batch = shape.first else { throw .invalid("dropout: the input is a scalar, expected [B, ..]") }
    self.batch = batch
    width = Array(shape.dropFirst()).elements
    probability = request.attributes.double("p", default: 0.5)
    guard probability >= 0, probability <= 1 else {
      throw .invalid("dropout: p is \(probability), expected 0 to 1")
    }
    super.init(request)
  }

  private struct Job: BitwiseCopyable {
    let width: Int
    let threshold: UInt32
    let factor: Float
    let seed: UInt64
    let step: UInt32
    let node: UInt32
    let samples: UnsafePointer<Int64>
    let source: UnsafePointer<Float>
    let target: UnsafeMutablePointer<Float>
    let adds: Bool
  }

  override func forward(_ call: KernelCall) { run(call, call.input(0), call.output(), adds: false) }

  override func backward(_ call: KernelCall) {
    if let target = call.gradInput(0) { run(call, call.gradOutput(), target, adds: call.addsToInput(0)) }
  }

  private func run(
    _ call: KernelCall, _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, adds: Bool
  ) {
    let raw = call.raw.pointee
    guard call.isTraining, probability > 0, let samples = raw.samples else {
      RowCopy(
        rows: 1, width: batch * width, source: source, sourceStride: batch * width, target: target,
        targetStride: batch * width, adds: adds
      ).run(parallel)
      return
    }
    let job = Job(
      width: width, threshold: UInt32(min(probability * 4_294_967_296, 4_294_967_295)),
      factor: probability < 1 ? Float(1 / (1 - probability)) : 0, seed: raw.seed, step: raw.step, node: raw.node,
      samples: samples, source: source, target: target, adds: adds)
    parallel.run(job, count: batch, grain: max(1, 2048 / max(1, width))) { context, begin, end, _ in
      let job = context.job(Job.self).pointee
      for row in Int(begin)..<Int(end) { DropoutPlan.drop(job, row) }
    }
  }

  /// One sample; a group of four elements shares a counter.
  private static func drop(_ job: Job, _ row: Int) {
    typealias Words = Philox.Words
    var lanes = Words()
    for lane in 0..<Words.scalarCount { lanes[lane] = UInt32(lane) }
    let sample = UInt32(truncatingIfNeeded: job.samples[row])
    let (x, y) = (job.source + row &* job.width, job.target + row &* job.width)
    let factor = Lane(repeating: job.factor)
    var group: UInt32 = 0
    var at = 0
    while at < job.width {
      let words = Philox.block(
        seed: job.seed,
        Philox.Block(
          word0: lanes &+ Words(repeating: group), word1: Words(repeating: sample), word2: Words(repeating: job.step),
          word3: Words(repeating: job.node)))
      let threshold = Words(repeating: job.threshold)
      func keep(_ words: Words) -> Lane {
        Lane.zero.replacing(with: factor, where: words .>= threshold)
      }
      // Words of one counter belong to neighbouring elements: interleave the four registers.
      let even = interleave(keep(words.word0), keep(words.word2))
      let odd = interleave(keep(words.word1), keep(words.word3))
      let (first, second) = interleave(even.0, odd.0)
      let (third, fourth) = interleave(even.1, odd.1)
      apply(job, x, y, &at, first)
      apply(job, x, y, &at, second)
      apply(job, x, y, &at, third)
      apply(job, x, y, &at, fourth)
      group &+= UInt32(Words.scalarCount)
    }
  }

  @inline(__always)
  private static func apply(
    _ job: Job, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ at: inout Int, _ factors: Lane
  ) {
    let count = min(Lane.width, job.width &- at)
    if count <= 0 { return }
    if count == Lane.width {
      let value = Lane.load(x + at) * factors
      (job.adds ? Lane.load(y + at) + value : value).store(y + at)
    } else {
      let value = Lane.load(x + at, first: count) * factors
      (job.adds ? Lane.load(y + at, first: count) + value : value).store(y + at, first: count)
    }
    at &+= count
  }

  @inline(__always)
  private static func interleave(_ a: Lane, _ b: Lane) -> (Lane, Lane) {
    var first = Lane.zero
    var second = Lane.zero
    first.evenHalf = a.lowHalf
    first.oddHalf = b.lowHalf
    second.evenHalf = a.highHalf
    second.oddHalf = b.highHalf
    return (first, second)
  }
}
