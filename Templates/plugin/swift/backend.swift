import DMTPluginKit

/// The backend `@COMPONENT@`: float32 kernels for `linear` without an activation.
///
///     y = x W^T + b      x [R, in], W [out, in], b [out], y [R, out]
///     dx = dy W      dW = dy^T x      db = the sum of dy's rows
///
/// R is the product of all extents of x but the last. Every number is computed by one thread in one order, so results are the
/// same at any number of threads.
struct @EXAMPLE@: Backend {
  let name = "@COMPONENT@"

  func support(for request: KernelRequest) -> KernelSupport {
    switch LinearKernel.plan(request) {
    case .success: KernelSupport(score: 60, reason: "plain loops in Swift on the host's threads")
    case .failure(let error): KernelSupport(score: 0, reason: error.message)
    }
  }

  func bind(_ request: KernelRequest) throws(DMTError) -> any Kernel { try LinearKernel.plan(request).get() }
}

/// A linear layer bound to its shapes. The kit has checked the pointers of every call against them.
final class LinearKernel: Kernel {
  let savedBytes = 0
  let scratchBytes = 0
  private let rows: Int
  private let width: Int
  private let out: Int
  private let hasBias: Bool

  /// The kernel for a request, or why there is none.
  static func plan(_ request: KernelRequest) -> Result<LinearKernel, DMTError> {
    func refused(_ message: String) -> Result<LinearKernel, DMTError> { .failure(DMTError(.unsupported, message)) }
    guard request.op == "linear", request.revision == 1 else { return refused("it serves linear alone") }
    guard request.dtype == .float32 else { return refused("it computes float32") }
    guard let activation = try? request.attributes.string("activation", default: "none"), activation == "none" else {
      return refused("it has no activation")
    }
    guard let x = request.inputs.first, let weight = request.parameters.first, request.inputs.count == 1,
      request.parameters.count <= 2, request.outputs.count == 1
    else { return refused("linear has one input, one output, a weight and perhaps a bias") }
    guard x.rank >= 1, weight.rank == 2, x[x.rank - 1] == weight[1],
      request.outputs[0] == Shape(x.dims.dropLast() + [weight[0]])
    else { return refused("x, y and the weight do not fit") }
    if request.parameters.count == 2, request.parameters[1] != [weight[0]] {
      return refused("the bias does not fit the weight")
    }
    return .success(
      LinearKernel(
        rows: x.dims.dropLast().reduce(1, *), width: weight[1], out: weight[0], hasBias: request.parameters.count == 2))
  }

  private init(rows: Int, width: Int, out: Int, hasBias: Bool) {
    self.rows = rows
    self.width = width
    self.out = out
    self.hasBias = hasBias
  }

  func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    var work = Work(self, call)
    PluginContext.parallelFor(count: rows, grain: grain, argument: &work) { argument, begin, end, _ in
      argument?.assumingMemoryBound(to: Work.self).pointee.forward(Int(begin)..<Int(end))
    }
  }

  func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    var work = Work(self, call)
    if work.xGradient != nil {
      PluginContext.parallelFor(count: rows, grain: grain, argument: &work) { argument, begin, end, _ in
        argument?.assumingMemoryBound(to: Work.self).pointee.inputGradient(Int(begin)..<Int(end))
      }
    }
    if work.weightGradient != nil || work.biasGradient != nil {
      PluginContext.parallelFor(count: out, grain: 1, argument: &work) { argument, begin, end, _ in
        argument?.assumingMemoryBound(to: Work.self).pointee.parameterGradients(Int(begin)..<Int(end))
      }
    }
  }

  /// Rows that are worth a thread.
  private var grain: Int { max(1, 65_536 / max(1, width * out)) }

  /// One call, as the pieces of its loops see it: nothing here is allocated.
  private struct Work {
    typealias Read = UnsafePointer<Float>
    typealias Write = UnsafeMutablePointer<Float>

    let rows: Int
    let width: Int
    let out: Int
    let x: Read?
    let weight: Read?
    let bias: Read?
    let y: Write?
    let yGradient: Read?
    let xGradient: Write?
    let weightGradient: Write?
    let biasGradient: Write?
    let addsX: Bool
    let addsWeight: Bool
    let addsBias: Bool

    init(_ kernel: LinearKernel, _ call: UnsafePointer<dmt_kernel_call>) {
      func read(_ array: UnsafePointer<UnsafeRawPointer?>?, _ index: Int) -> Read? {
        array?[index]?.assumingMemoryBound(to: Float.self)
      }
      func write(_ array: UnsafePointer<UnsafeMutableRawPointer?>?, _ index: Int) -> Write? {
        array?[index]?.assumingMemoryBound(to: Float.self)
      }
      rows = kernel.rows
      width = kernel.width
      out = kernel.out
      x = read(call.pointee.inputs, 0)
      weight = read(call.pointee.parameters, 0)
      bias = kernel.hasBias ? read(call.pointee.parameters, 1) : nil
      y = write(call.pointee.outputs, 0)
      yGradient = read(call.pointee.grad_outputs, 0)
      xGradient = write(call.pointee.grad_inputs, 0)
      weightGradient = write(call.pointee.grad_parameters, 0)
      biasGradient = kernel.hasBias ? write(call.pointee.grad_parameters, 1) : nil
      addsX = call.pointee.accumulate_inputs & 1 != 0
      addsWeight = call.pointee.accumulate_parameters & 1 != 0
      addsBias = call.pointee.accumulate_parameters & 2 != 0
    }

    func forward(_ range: Range<Int>) {
      guard let y, let weight, let x else { return }
      for row in range {
        for column in 0..<out {
          var sum = bias?[column] ?? 0
          for index in 0..<width { sum += x[row * width + index] * weight[column * width + index] }
          y[row * out + column] = sum
        }
      }
    }

    func inputGradient(_ range: Range<Int>) {
      guard let xGradient, let yGradient, let weight else { return }
      for row in range {
        let gradient = xGradient + row * width
        if !addsX { gradient.update(repeating: 0, count: width) }
        for column in 0..<out {
          let factor = yGradient[row * out + column]
          for index in 0..<width { gradient[index] += factor * weight[column * width + index] }
        }
      }
    }

    func parameterGradients(_ range: Range<Int>) {
      guard let yGradient else { return }
      for column in range {
        if let biasGradient {
          var sum = addsBias ? biasGradient[column] : 0
          for row in 0..<rows { sum += yGradient[row * out + column] }
          biasGradient[column] = sum
        }
        guard let weightGradient, let x else { continue }
        let gradient = weightGradient + column * width
        if !addsWeight { gradient.update(repeating: 0, count: width) }
        for row in 0..<rows {
          let factor = yGradient[row * out + column]
          for index in 0..<width { gradient[index] += factor * x[row * width + index] }
        }
      }
    }
  }
}
