/// `softmax`: exp(x - max) / sum on one axis.
final class SoftmaxPlan: KernelPlan {
  private let outer: Int
  private let extent: Int
  /// Floats behind the axis.
  private let inner: Int

  init(checking request: Request) throws(Failure) {
    try request.expect(inputs: 1)
    let shape = request.inputs[0]
    try request.expect(request.outputs[0], shape, "the output")
    let axis = try request.axis(request.attributes.int("axis", default: -1), rank: shape.count)
    outer = Array(shape[..<axis]).elements
    extent = shape[axis]
    inner = Array(shape[(axis + 1)...]).elements
    super.init(request)
  }

  override var backwardReadsOutputs: UInt64 { 1 }

  private struct Job: BitwiseCopyable {
    let extent: Int
    let inner: Int
    let source: UnsafePointer<Float>
    let kept: UnsafePointer<Float>
    let target: UnsafeMutablePointer<Float>
    let adds: Bool
  }

  override func forward(_ call: KernelCall) {
    let job = Job(
      extent: extent, inner: inner, source: call.input(0), kept: call.input(0), target: call.output(), adds: false)
    let floats = extent * inner
    if floats == 0 { return }
    parallel.run(job, count: outer, grain: max(1, 4096 / floats)) { context, begin, end, _ in
      let job = context.job(Job.self).pointee
      for index in Int(begin)..<Int(end) {
        let at = index &* job.extent &* job.inner
        if job.inner == 1 {
          SoftmaxPlan.forwardRow(job.extent, job.source + at, job.target + at)
        } else {
          SoftmaxPlan.forwardColumns(job, job.source + at, job.target + at)
        }
      }
    }
  }

  private static func forwardRow(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    var lanes = Lane(repeating: -.infinity)
    var i = 0
    while i < count {
      let rest = min(Lane.width, count &- i)
      let x = rest == Lane.width ? Lane.load(x + i) : Lane.load(x + i, first: rest, filler: -.infinity)
      lanes.replace(with: x, where: x .> lanes)
      i &+= rest
    }
    let largest = Lane(repeating: lanes.largest)
    mapElements(count, x, y) { ($0 - largest).exponential() }
    let factor = Lane(repeating: 1 / sumElements(count, UnsafePointer(y)) { $0 })
    mapElements(count, y, y) { $0 * factor }
  }

  /// Strides over the axis, registers over what lies behind it.
  private static func forwardColumns(_ job: Job, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    var column = 0
    while column < job.inner {
      let count = min(Lane.width, job.inner &- column)
      var largest = Lane(repeating: -.infinity)
      for step in 0..<job.extent {
        let value = Lane.load(x + (step &* job.inner &+ column), first: count)
        largest.replace(with: value, where: value .> largest)
      }
      var sum = Lane.zero
      for step in 0..<job.extent {
        let at = step &* job.inner &+ column
        let value = (Lane.load(x + at, first: count) - largest).exponential()
        sum += value
        value.store(y + at, first: count)
      }
      for step in 0..<job.extent {
        let at = step &* job.inner &+ column
        (Lane.load(y + at, first: count) / sum).store(y + at, first: count)
      }
      column &+= count
    }
  }

  override func backward(_ call: KernelCall) {
    guard let target = call.gradInput(0) else { return }
    let job = Job(
      extent: extent, inner: inner, source: call.gradOutput(), kept: UnsafePointer(call.output()), target: target,
      adds: call.addsToInput(0))
    let floats = extent * inner
    if floats == 0 { return }
    parallel.run(job, count: outer, grain: max(1, 4096 / floats)) { context, begin, end, _ in
      let job = context.job(Job.self).pointee
      for index in Int(begin)..<Int(end) {
        let at = index &* job.extent &* job.inner
        SoftmaxPlan.backwardOne(job, job.source + at, job.kept + at, job.target + at)
      }
    }
  }

  /// dx = y (g - sum g y).
  private static func backwardOne(
    _ job: Job, _ g: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>
  ) {
    if job.inner == 1 {
      let dot = Lane(repeating: sumElements(job.extent, g, y) { $0 * $1 })
      writeElements(job.extent, g, y, to: target, adds: job.adds) { g, y in y * (g - dot) }
      return
    }
    var column = 0
    while column < job.inner {
      let count = min(Lane.width, job.inner &- column)
      var dot = Lane.zero
      for step in 0..<job.extent {
        let at = step &* job.inner &+ column
        dot += Lane.load(g + at, first: count) * Lane.load(y + at, first: count)
      }
      for step in 0..<job.extent {
        let at = step &* job.inner &+ column
        var value = Lane.load(y + at, first: count) * (Lane.load(g + at, first: count) - dot)
        if job.adds { value += Lane.load(target + at, first: count) }
        value.store(target + at, first: count)
      }
      column &+= count
    }
  }
}
