internal import CDNNL
internal import DMTPluginKit

/// `linear` with bias and activation fused into an inner product.
///
/// Forward and the input's gradient are cut by rows, the weight's gradient by the longer of its two axes: no sum is shared
/// by two pieces. The input's and the weight's gradients are matrix products with the weight and x as the host stores
/// them: as fast as the backward primitives of an inner product, without packing, and they can add to what is there.
final class LinearKernel: PrimitiveKernel {
  private let geometry: LinearGeometry
  private let activation: Activation?
  private let rowSplit: Split
  private let isTraining: Bool
  private var product: LinearForward?
  private var activationCalls: [ActivationCalls] = []
  private var inputCalls: [ProductCalls] = []
  private var weightGradient: WeightGradient?
  /// gelu's derivative needs what it was applied to.
  private var savesPreActivation: Bool { isTraining && activation?.backwardReadsInput == true }

  private var x: UnsafePointer<Float>?
  private var weight: UnsafePointer<Float>?
  private var bias: UnsafePointer<Float>?
  private var y: UnsafeMutablePointer<Float>?
  private var preActivation: UnsafeMutablePointer<Float>?
  private var outputGradient: UnsafePointer<Float>?
  /// The gradient of the pre-activation: in scratch, or `outputGradient` itself.
  private var productGradient: UnsafePointer<Float>?

  init(request: KernelRequest) throws(DMTError) {
    let width = request.inputs[0].dims.last ?? 1
    geometry = LinearGeometry(
      rows: request.inputs[0].dims.dropLast().reduce(1, *), width: width, out: request.outputs[0].dims.last ?? 1,
      hasBias: try request.attributes.bool("bias", default: true))
    let name = try request.attributes.string("activation", default: "none")
    activation = Activation(rawValue: name)
    isTraining = request.isTraining
    let threads = HostThreads(requested: request.threads)
    rowSplit = Split(
      geometry.rows, threads: threads.count, cost: Double(geometry.width) * Double(geometry.out) / 16, minimum: 16,
      alignment: 16)
    super.init(threads: threads)

    product = try LinearForward(
      lengths: rowSplit.lengths, geometry: geometry, activation: savesPreActivation ? nil : activation,
      isTraining: isTraining, for: self)
    guard isTraining else { return }
    let weightView = MatrixView(geometry.out, geometry.width)
    for rows in rowSplit.lengths {
      if let activation {
        activationCalls.append(try ActivationCalls(activation, count: rows * geometry.out, backward: true, for: self))
      }
      if request.wantedInputGradients & 1 != 0 {
        inputCalls.append(
          try ProductCalls(
            a: MatrixView(rows, geometry.out), b: weightView, c: MatrixView(rows, geometry.width), canAdd: true,
            for: self))
      }
    }
    if geometry.rows > 0 { weightGradient = try WeightGradient(geometry, for: self) }
    let elementBytes = geometry.rows * geometry.out * MemoryLayout<Float>.stride
    savedBytes = savesPreActivation ? elementBytes : 0
    sharedScratchBytes = activation == nil ? 0 : elementBytes.roundedUp(to: 64)
  }

  override func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if rowSplit.count == 0 { return }
    self.call = CallPointers(call)
    x = try self.call.input(0)
    y = try self.call.output(0)
    let weight = try self.call.parameter(0)
    self.weight = weight
    bias = geometry.hasBias ? try self.call.parameter(1) : nil
    preActivation = savesPreActivation ? try self.call.requiredSaved() : nil
    try product?.packed?.refresh(from: weight, version: self.call.version)
    try perform(.forward, pieces: rowSplit.count)
  }

  override func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    self.call = CallPointers(call)
    guard rowSplit.count > 0 else { return clearParameterGradients() }
    x = try self.call.input(0)
    weight = try self.call.parameter(0)
    let outputGradient = try self.call.outputGradient(0)
    self.outputGradient = outputGradient
    if let activation {
      if activation.backwardReadsInput {
        preActivation = try self.call.requiredSaved()
      } else {
        y = try self.call.output(0)
      }
      productGradient = self.call.scratch.map { UnsafePointer($0.assumingMemoryBound(to: Float.self)) }
    } else {
      productGradient = outputGradient
    }
    if activation != nil || self.call.inputGradient(0) != nil {
      try perform(.inputs, pieces: rowSplit.count)
    }
    guard let weightGradient, self.call.parameterGradient(0) != nil || self.call.parameterGradient(1) != nil else {
      return
    }
    try perform(.parameters, pieces: weightGradient.pieces)
  }

  override func run(_ pass: Pass, piece: Int, worker: Int, scratch: UnsafeMutableRawPointer?) -> dnnl_status_t {
    switch pass {
    case .forward: forwardPiece(piece, worker, scratch)
    case .inputs: inputPiece(piece, worker, scratch)
    case .parameters: parameterPiece(piece, worker, scratch)
    }
  }

  private func forwardPiece(_ piece: Int, _ worker: Int, _ scratch: UnsafeMutableRawPointer?) -> dnnl_status_t {
    guard let x, let y, let weight, let product else { return dnnl_invalid_arguments }
    let (row, kind) = (rowSplit.start(piece), rowSplit.kind(piece))
    let target = y + row * geometry.out
    guard savesPreActivation else {
      return product.run(
        kind: kind, x + row * geometry.width, weight: weight, bias: bias, to: target, worker: worker, scratch: scratch)
    }
    guard let preActivation else { return dnnl_invalid_arguments }
    let kept = preActivation + row * geometry.out
    let status = product.run(
      kind: kind, x + row * geometry.width, weight: weight, bias: bias, to: kept, worker: worker, scratch: scratch)
    if status != dnnl_success { return status }
    return activationCalls[kind].forward(kept, to: target, worker: worker, scratch: scratch)
  }

  private func inputPiece(_ piece: Int, _ worker: Int, _ scratch: UnsafeMutableRawPointer?) -> dnnl_status_t {
    guard let outputGradient, let productGradient, let weight else { return dnnl_invalid_arguments }
    let (row, kind) = (rowSplit.start(piece), rowSplit.kind(piece))
    let offset = row * geometry.out
    if let activation {
      guard let kept = activation.backwardReadsInput ? preActivation : y else { return dnnl_invalid_arguments }
      let status = activationCalls[kind].backward(
        kept: kept + offset, outputGradient: outputGradient + offset,
        to: UnsafeMutablePointer(mutating: productGradient + offset), worker: worker, scratch: scratch)
      if status != dnnl_success { return status }
    }
    guard let target = call.inputGradient(0), kind < inputCalls.count else { return dnnl_success }
    return inputCalls[kind].run(
      productGradient + offset, weight, to: target + row * geometry.width, adding: call.addsToInputGradient(0),
      worker: worker, scratch: scratch)
  }

  private func parameterPiece(_ piece: Int, _ worker: Int, _ scratch: UnsafeMutableRawPointer?) -> dnnl_status_t {
    guard let x, let productGradient, let weightGradient else { return dnnl_invalid_arguments }
    return weightGradient.run(
      piece, x, productGradient, weight: call.parameterGradient(0), addsToWeight: call.addsToParameterGradient(0),
      bias: geometry.hasBias ? call.parameterGradient(1) : nil, addsToBias: call.addsToParameterGradient(1),
      worker: worker, scratch: scratch)
  }

  /// No rows: the sums over them are zero.
  private func clearParameterGradients() {
    if let target = call.parameterGradient(0), !call.addsToParameterGradient(0) {
      target.update(repeating: 0, count: geometry.out * geometry.width)
    }
    if geometry.hasBias, let target = call.parameterGradient(1), !call.addsToParameterGradient(1) {
      target.update(repeating: 0, count: geometry.out)
    }
  }
}
