internal import CDNNL
internal import DMTPluginKit

/// `matmul`: the samples are cut into pieces; every piece is one batched product.
final class MatmulKernel: PrimitiveKernel {
  private let split: Split
  private let (aSize, bSize, cSize): (Int, Int, Int)
  private let (transposesA, transposesB): (Bool, Bool)
  private var forwardCalls: [ProductCalls] = []
  private var aGradientCalls: [ProductCalls] = []
  private var bGradientCalls: [ProductCalls] = []
  private var a: UnsafePointer<Float>?
  private var b: UnsafePointer<Float>?
  private var c: UnsafeMutablePointer<Float>?
  private var cGradient: UnsafePointer<Float>?

  init(request: KernelRequest) throws(DMTError) {
    transposesA = try request.attributes.bool("transpose_a", default: false)
    transposesB = try request.attributes.bool("transpose_b", default: false)
    let (first, second, result) = (request.inputs[0], request.inputs[1], request.outputs[0])
    (aSize, bSize, cSize) = (first[1] * first[2], second[1] * second[2], result[1] * result[2])
    let threads = HostThreads(requested: request.threads)
    let inner = transposesA ? first[1] : first[2]
    split = Split(result[0], threads: threads.count, cost: Double(cSize) * Double(max(inner, 8)) / 16)
    super.init(threads: threads)

    let storedA = MatrixView(first[1], first[2])
    let storedB = MatrixView(second[1], second[2])
    let c = MatrixView(result[1], result[2])
    let (a, b) = (storedA.transposed(transposesA), storedB.transposed(transposesB))
    for batch in split.lengths {
      forwardCalls.append(try ProductCalls(batch: batch, a: a, b: b, c: c, canAdd: false, for: self))
      guard request.isTraining else { continue }
      // Gradients are made in the layout that a and b are stored in, so that the result is always row-major.
      if request.wantedInputGradients & 1 != 0 {
        aGradientCalls.append(
          transposesA
            ? try ProductCalls(batch: batch, a: b, b: c.transposed, c: storedA, canAdd: true, for: self)
            : try ProductCalls(batch: batch, a: c, b: b.transposed, c: storedA, canAdd: true, for: self))
      }
      if request.wantedInputGradients & 2 != 0 {
        bGradientCalls.append(
          transposesB
            ? try ProductCalls(batch: batch, a: c.transposed, b: a, c: storedB, canAdd: true, for: self)
            : try ProductCalls(batch: batch, a: a.transposed, b: c, c: storedB, canAdd: true, for: self))
      }
    }
  }

  override func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if split.count == 0 { return }
    self.call = CallPointers(call)
    a = try self.call.input(0)
    b = try self.call.input(1)
    c = try self.call.output(0)
    try perform(.forward, pieces: split.count)
  }

  override func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if split.count == 0 { return }
    self.call = CallPointers(call)
    a = try self.call.input(0)
    b = try self.call.input(1)
    cGradient = try self.call.outputGradient(0)
    try perform(.inputs, pieces: split.count)
  }

  override func run(_ pass: Pass, piece: Int, worker: Int, scratch: UnsafeMutableRawPointer?) -> dnnl_status_t {
    guard let a, let b else { return dnnl_invalid_arguments }
    let (sample, kind) = (split.start(piece), split.kind(piece))
    let (pieceA, pieceB) = (a + sample * aSize, b + sample * bSize)
    if pass == .forward {
      guard let c else { return dnnl_invalid_arguments }
      return forwardCalls[kind].run(
        pieceA, pieceB, to: c + sample * cSize, adding: false, worker: worker, scratch: scratch)
    }
    guard let cGradient else { return dnnl_invalid_arguments }
    let pieceC = cGradient + sample * cSize
    var status: dnnl_status_t = dnnl_success
    if let gradient = call.inputGradient(0), kind < aGradientCalls.count {
      let (left, right) = transposesA ? (pieceB, pieceC) : (pieceC, pieceB)
      status = aGradientCalls[kind].run(
        left, right, to: gradient + sample * aSize, adding: call.addsToInputGradient(0), worker: worker,
        scratch: scratch)
    }
    if status == dnnl_success, let gradient = call.inputGradient(1), kind < bGradientCalls.count {
      let (left, right) = transposesB ? (pieceC, pieceA) : (pieceA, pieceC)
      status = bGradientCalls[kind].run(
        left, right, to: gradient + sample * bSize, adding: call.addsToInputGradient(1), worker: worker,
        scratch: scratch)
    }
    return status
  }
}
