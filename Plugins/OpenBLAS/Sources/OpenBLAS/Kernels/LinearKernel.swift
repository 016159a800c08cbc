internal import DMTPluginKit

/// `linear`: products on pieces of the rows, bias and activation on each piece behind its product.
final class LinearKernel: PiecewiseKernel {
  private let (rows, width, out): (Int, Int, Int)
  private let hasBias: Bool
  private let activation: Activation
  private let savesPreActivation: Bool
  private let split: Split
  private let weightGradient: WeightGradient
  private var x: UnsafePointer<Float>?
  private var weight: UnsafePointer<Float>?
  private var bias: UnsafePointer<Float>?
  private var y: UnsafeMutablePointer<Float>?
  private var preActivation: UnsafeMutablePointer<Float>?
  private var outputGradient: UnsafePointer<Float>?
  /// The gradient of the pre-activation: in scratch, or `outputGradient` itself.
  private var productGradient: UnsafePointer<Float>?

  init(request: KernelRequest) throws(DMTError) {
    rows = request.inputs[0].dims.dropLast().reduce(1, *)
    width = request.inputs[0].dims.last ?? 1
    out = request.outputs[0].dims.last ?? 1
    hasBias = try request.attributes.bool("bias", default: true)
    activation = Activation(rawValue: try request.attributes.string("activation", default: "none")) ?? .none
    savesPreActivation = request.isTraining && activation.backwardReadsInput
    let threads = HostThreads(requested: request.threads)
    split = Split(rows, threads: threads.count, cost: Double(width) * Double(out) / 16, minimum: 16, alignment: 16)
    weightGradient = WeightGradient(rows: rows, width: width, out: out, hasBias: hasBias, threads: threads)
    super.init(threads: threads)
    if request.isTraining {
      let bytes = rows * out * MemoryLayout<Float>.stride
      savedBytes = savesPreActivation ? bytes : 0
      sharedScratchBytes = activation == .none ? 0 : bytes.roundedUp(to: 64)
    }
  }

  override func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if rows == 0 { return }
    self.call = CallPointers(call)
    x = try self.call.input(0)
    y = try self.call.output(0)
    weight = try self.call.parameter(0)
    bias = hasBias ? try self.call.parameter(1) : nil
    preActivation = savesPreActivation ? try self.call.requiredSaved() : nil
    try perform(.forward, pieces: split.count)
  }

  override func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    self.call = CallPointers(call)
    guard rows > 0 else { return targets.clear(weightCount: out * width, biasCount: out) }
    x = try self.call.input(0)
    weight = try self.call.parameter(0)
    let outputGradient = try self.call.outputGradient(0)
    self.outputGradient = outputGradient
    if activation == .none {
      productGradient = outputGradient
    } else {
      if activation.backwardReadsInput {
        preActivation = try self.call.requiredSaved()
      } else {
        y = try self.call.output(0)
      }
      productGradient = try self.call.requiredScratch()
    }
    if activation != .none || self.call.inputGradient(0) != nil { try perform(.inputs, pieces: split.count) }
    if targets.weight != nil || targets.bias != nil { try perform(.parameters, pieces: weightGradient.pieces) }
  }

  private var targets: WeightGradient.Targets {
    WeightGradient.Targets(
      weight: call.parameterGradient(0), addsToWeight: call.addsToParameterGradient(0),
      bias: hasBias ? call.parameterGradient(1) : nil, addsToBias: call.addsToParameterGradient(1))
  }

  override func compute(
    _ pass: Pass, _ pieces: Range<Int>, worker: Int, scratch: UnsafeMutableRawPointer?
  ) -> Int32 {
    for piece in pieces {
      switch pass {
      case .forward: forwardPiece(split.start(piece), split.length(piece))
      case .inputs: inputPiece(split.start(piece), split.length(piece))
      case .parameters:
        if let x, let productGradient { weightGradient.run(piece, x, productGradient, targets) }
      }
    }
    return 0
  }

  private func forwardPiece(_ row: Int, _ count: Int) {
    guard let x, let weight, let y else { return }
    let target = y + row * out
    let product = preActivation.map { $0 + row * out } ?? target
    Product.store(
      Matrix(x + row * width, pitch: width), Matrix(weight, pitch: width, transposed: true), to: product, rows: count,
      inner: width, columns: out, pitch: out, adding: false)
    if activation == .none && bias == nil { return }
    activation.apply(product, bias: bias, to: target, rows: count, width: out, keepsInput: preActivation != nil)
  }

  private func inputPiece(_ row: Int, _ count: Int) {
    guard let outputGradient, let productGradient, let weight else { return }
    let offset = row * out
    if activation != .none {
      guard let kept = activation.backwardReadsInput ? preActivation : y else { return }
      activation.applyDerivative(
        kept: kept + offset, gradient: outputGradient + offset,
        to: UnsafeMutablePointer(mutating: productGradient + offset), count: count * out)
    }
    guard let target = call.inputGradient(0) else { return }
    Product.store(
      Matrix(productGradient + offset, pitch: out), Matrix(weight, pitch: width), to: target + row * width, rows: count,
      inner: out, columns: width, pitch: width, adding: call.addsToInputGradient(0))
  }
}
