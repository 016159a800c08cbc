/// `layer_norm`: (x - mean) / sqrt(variance + eps) weight + bias on the last axis.
final class LayerNormPlan: KernelPlan {
  private let rows: Int
  private let width: Int
  private let eps: Float
  private let isTraining: Bool

  init(checking request: Request) throws(Failure) {
    try request.expect(inputs: 1, parameters: 2)
    let shape = request.inputs[0]
    guard let width = shape.last else { throw .invalid("layer_norm: the input is a scalar, expected [.., D]") }
    try request.expect(request.parameters[0], [width], "the weight")
    try request.expect(request.parameters[1], [width], "the bias")
    try request.expect(request.outputs[0], shape, "the output")
    self.width = width
    rows = Array(shape.dropLast()).elements
    eps = Float(request.attributes.double("eps", default: 1e-5))
    isTraining = request.isTraining
    super.init(request)
  }

  override var backwardReadsInputs: UInt64 { 1 }
  /// The mean and 1 / sqrt(variance + eps) of every row.
  override var savedFloats: Int { isTraining ? 2 * rows : 0 }

  private struct Job: BitwiseCopyable {
    let rows: Int
    let width: Int
    let eps: Float
    let x: UnsafePointer<Float>
    let weight: UnsafePointer<Float>
    let bias: UnsafePointer<Float>
    let gradient: UnsafePointer<Float>
    let target: UnsafeMutablePointer<Float>
    let statistics: UnsafeMutablePointer<Float>?
    let adds: Bool
  }

  private var grain: Int { max(1, 8192 / max(1, width)) }

  override func forward(_ call: KernelCall) {
    if width == 0 { return }
    let job = Job(
      rows: rows, width: width, eps: eps, x: call.input(0), weight: call.parameter(0), bias: call.parameter(1),
      gradient: call.input(0), target: call.output(), statistics: savedFloats > 0 ? call.saved : nil, adds: false)
    parallel.run(job, count: rows, grain: grain) { context, begin, end, _ in
      let job = context.job(Job.self).pointee
      let scale = 1 / Float(job.width)
      for row in Int(begin)..<Int(end) {
        let x = job.x + row &* job.width
        let mean = sumElements(job.width, x) { $0 } * scale
        let centre = Lane(repeating: mean)
        // The tail is filled with the mean: it adds nothing to the squares.
        let squares = sumElements(job.width, x, filler: mean) { ($0 - centre) * ($0 - centre) }
        let inverse = 1 / (squares * scale + job.eps).squareRoot()
        let factor = Lane(repeating: inverse)
        mapElements(job.width, x, job.weight, job.bias, job.target + row &* job.width) { x, weight, bias in
          bias.adding((x - centre) * factor, times: weight)
        }
        if let statistics = job.statistics {
          statistics[2 &* row] = mean
          statistics[2 &* row &+ 1] = inverse
        }
      }
    }
  }

  override func backward(_ call: KernelCall) {
    if width == 0 { return }
    if let target = call.gradInput(0) {
      let job = Job(
        rows: rows, width: width, eps: eps, x: call.input(0), weight: call.parameter(0), bias: call.parameter(0),
        gradient: call.gradOutput(), target: target, statistics: call.saved, adds: call.addsToInput(0))
      parallel.run(job, count: rows, grain: grain) { context, begin, end, _ in
        let job = context.job(Job.self).pointee
        for row in Int(begin)..<Int(end) { LayerNormPlan.inputGradient(job, row) }
      }
    }
    parameterGradients(call)
  }

  /// dx = inverse (g w - mean(g w) - x^ mean(g w x^)), x^ the normalised row.
  private static func inputGradient(_ job: Job, _ row: Int) {
    guard let statistics = job.statistics else { return }
    let at = row &* job.width
    let mean = Lane(repeating: statistics[2 &* row])
    let inverse = Lane(repeating: statistics[2 &* row &+ 1])
    let (x, g) = (job.x + at, job.gradient + at)
    var sum = Lane.zero
    var dot = Lane.zero
    var i = 0
    while i < job.width {
      let count = min(Lane.width, job.width &- i)
      if count == Lane.width {
        let weighted = Lane.load(g + i) * Lane.load(job.weight + i)
        sum += weighted
        dot = dot.adding(weighted, times: Lane.load(x + i) - mean)
      } else {
        let weighted = Lane.load(g + i, first: count) * Lane.load(job.weight + i, first: count)
        sum += weighted
        dot = dot.adding(weighted, times: Lane.load(x + i, first: count) - mean)
      }
      i &+= count
    }
    let scale = Lane(repeating: 1 / Float(job.width))
    let average = Lane(repeating: sum.total) * scale
    let slope = Lane(repeating: dot.total) * scale * inverse * inverse
    if job.adds {
      let target = job.target + at
      var i = 0
      while i < job.width {
        let count = min(Lane.width, job.width &- i)
        let weighted = Lane.load(g + i, first: count) * Lane.load(job.weight + i, first: count)
        let value = inverse * (weighted - average - (Lane.load(x + i, first: count) - mean) * slope)
        (Lane.load(target + i, first: count) + value).store(target + i, first: count)
        i &+= count
      }
    } else {
      mapElements(job.width, g, job.weight, x, job.target + at) { g, weight, x in
        inverse * (g * weight - average - (x - mean) * slope)
      }
    }
  }

  private struct ParameterJob: BitwiseCopyable {
    let rows: Int
    let width: Int
    let x: UnsafePointer<Float>
    let gradient: UnsafePointer<Float>
    let statistics: UnsafePointer<Float>
    let weight: UnsafeMutablePointer<Float>?
    let bias: UnsafeMutablePointer<Float>?
    let addsWeight: Bool
    let addsBias: Bool
  }

  /// Columns of a strip: four registers, so that a walk down the rows takes several lines of every page.
  private static var strip: Int { 4 &* Lane.width }

  /// Sums over the rows, a strip of columns at a time: the order does not depend on the threads.
  private func parameterGradients(_ call: KernelCall) {
    let job = ParameterJob(
      rows: rows, width: width, x: call.input(0), gradient: call.gradOutput(), statistics: UnsafePointer(call.saved),
      weight: call.gradParameter(0), bias: call.gradParameter(1), addsWeight: call.addsToParameter(0),
      addsBias: call.addsToParameter(1))
    if job.weight == nil, job.bias == nil { return }
    let strips = (width + LayerNormPlan.strip - 1) / LayerNormPlan.strip
    let grain = max(1, 16_384 / max(1, rows * LayerNormPlan.strip))
    parallel.run(job, count: strips, grain: grain) { context, begin, end, _ in
      let job = context.job(ParameterJob.self).pointee
      for index in Int(begin)..<Int(end) {
        let column = index &* LayerNormPlan.strip
        if column &+ LayerNormPlan.strip <= job.width {
          LayerNormPlan.sumStrip(job, column)
        } else {
          var at = column
          while at < job.width {
            let count = min(Lane.width, job.width &- at)
            LayerNormPlan.sumLane(job, at, count)
            at &+= count
          }
        }
      }
    }
  }

  /// The sums of g x^ and of g for one register of columns.
  private struct Sums {
    var weight = Lane.zero
    var bias = Lane.zero

    @inline(__always)
    mutating func add(_ gradient: Lane, _ x: Lane, _ mean: Lane, _ inverse: Lane) {
      weight = weight.adding(gradient, times: (x - mean) * inverse)
      bias += gradient
    }

    @inline(__always)
    mutating func add(_ other: Sums) {
      weight += other.weight
      bias += other.bias
    }

    @inline(__always)
    func store(_ job: ParameterJob, _ column: Int, _ count: Int) {
      if let target = job.weight {
        (job.addsWeight ? weight + Lane.load(target + column, first: count) : weight)
          .store(target + column, first: count)
      }
      if let target = job.bias {
        (job.addsBias ? bias + Lane.load(target + column, first: count) : bias).store(target + column, first: count)
      }
    }
  }

  private static func sumStrip(_ job: ParameterJob, _ column: Int) {
    var totals = (Sums(), Sums(), Sums(), Sums())
    var row = 0
    while row < job.rows {
      let last = min(job.rows, row &+ 128)
      var block = (Sums(), Sums(), Sums(), Sums())
      while row < last {
        let (g, x) = (job.gradient + (row &* job.width &+ column), job.x + (row &* job.width &+ column))
        let mean = Lane(repeating: job.statistics[2 &* row])
        let inverse = Lane(repeating: job.statistics[2 &* row &+ 1])
        block.0.add(Lane.load(g), Lane.load(x), mean, inverse)
        block.1.add(Lane.load(g + Lane.width), Lane.load(x + Lane.width), mean, inverse)
        block.2.add(Lane.load(g + 2 &* Lane.width), Lane.load(x + 2 &* Lane.width), mean, inverse)
        block.3.add(Lane.load(g + 3 &* Lane.width), Lane.load(x + 3 &* Lane.width), mean, inverse)
        row &+= 1
      }
      totals.0.add(block.0)
      totals.1.add(block.1)
      totals.2.add(block.2)
      totals.3.add(block.3)
    }
    totals.0.store(job, column, Lane.width)
    totals.1.store(job, column &+ Lane.width, Lane.width)
    totals.2.store(job, column &+ 2 &* Lane.width, Lane.width)
    totals.3.store(job, column &+ 3 &* Lane.width, Lane.width)
  }

  private static func sumLane(_ job: ParameterJob, _ column: Int, _ count: Int) {
    var total = Sums()
    var row = 0
    while row < job.rows {
      let last = min(job.rows, row &+ 128)
      var block = Sums()
      while row < last {
        let at = row &* job.width &+ column
        block.add(
          Lane.load(job.gradient + at, first: count), Lane.load(job.x + at, first: count),
          Lane(repeating: job.statistics[2 &* row]), Lane(repeating: job.statistics[2 &* row &+ 1]))
        row &+= 1
      }
      total.add(block)
    }
    total.store(job, column, count)
  }
}
