/// `scale`, `relu`, `sigmoid`, `tanh`, `gelu`: one function of every element.
final class ElementwisePlan: KernelPlan {
  enum Function: BitwiseCopyable {
    case scale, relu, sigmoid, tanh, gelu
  }

  private let function: Function
  private let count: Int
  private let factor: Float

  init(checking request: Request, _ function: Function) throws(Failure) {
    try request.expect(inputs: 1)
    try request.expect(request.outputs[0], request.inputs[0], "the output")
    self.function = function
    count = request.inputs[0].elements
    factor = Float(request.attributes.double("factor", default: 1))
    super.init(request)
  }

  override var backwardReadsInputs: UInt64 { function == .gelu ? 1 : 0 }
  override var backwardReadsOutputs: UInt64 { function == .scale || function == .gelu ? 0 : 1 }

  private struct Job: BitwiseCopyable {
    let function: Function
    let count: Int
    let factor: Float
    let source: UnsafePointer<Float>
    let kept: UnsafePointer<Float>
    let target: UnsafeMutablePointer<Float>
    let adds: Bool
  }

  override func forward(_ call: KernelCall) {
    let job = Job(
      function: function, count: count, factor: factor, source: call.input(0), kept: call.input(0),
      target: call.output(), adds: false)
    ElementChunks.run(job, count, parallel) { context, begin, end, _ in
      let job = context.job(Job.self).pointee
      let factor = Lane(repeating: job.factor)
      ElementChunks.each(begin, end, job.count) { at, count in
        let (x, y) = (job.source + at, job.target + at)
        switch job.function {
        case .scale: mapElements(count, x, y) { $0 * factor }
        case .relu: mapElements(count, x, y) { $0.clampedToZero }
        case .sigmoid: mapElements(count, x, y) { $0.sigmoid() }
        case .tanh: mapElements(count, x, y) { $0.hyperbolicTangent() }
        case .gelu: mapElements(count, x, y) { $0.gelu() }
        }
      }
    }
  }

  override func backward(_ call: KernelCall) {
    guard let target = call.gradInput(0) else { return }
    let job = Job(
      function: function, count: count, factor: factor, source: call.gradOutput(),
      kept: function == .gelu ? call.input(0) : UnsafePointer(call.output()), target: target,
      adds: call.addsToInput(0))
    ElementChunks.run(job, count, parallel) { context, begin, end, _ in
      let job = context.job(Job.self).pointee
      let factor = Lane(repeating: job.factor)
      ElementChunks.each(begin, end, job.count) { at, count in
        let (g, y) = (job.source + at, job.target + at)
        // scale keeps nothing: its gradient stands in for what it would read.
        let kept = job.function == .scale ? g : job.kept + at
        switch job.function {
        case .scale: writeElements(count, g, kept, to: y, adds: job.adds) { g, _ in g * factor }
        case .relu: writeElements(count, g, kept, to: y, adds: job.adds) { Activation.relu.gradient($0, kept: $1) }
        case .sigmoid:
          writeElements(count, g, kept, to: y, adds: job.adds) { Activation.sigmoid.gradient($0, kept: $1) }
        case .tanh: writeElements(count, g, kept, to: y, adds: job.adds) { Activation.tanh.gradient($0, kept: $1) }
        case .gelu: writeElements(count, g, kept, to: y, adds: job.adds) { Activation.gelu.gradient($0, kept: $1) }
        }
      }
    }
  }
}
