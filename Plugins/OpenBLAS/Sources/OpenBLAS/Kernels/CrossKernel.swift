internal import DMTPluginKit

/// `cross`: x0 (W x + b) + x, or x0 (W (V x) + b) + x.
///
/// Forward of a training plan saves z = W x + b, and h = V x where the product has a rank.
final class CrossKernel: PiecewiseKernel {
  private let (rows, width, rank): (Int, Int, Int)
  private let isTraining: Bool
  private let split: Split
  /// Of the outer matrix with the bias, then of v where there is one.
  private let outerGradient: WeightGradient
  private let innerGradient: WeightGradient?
  private var x0: UnsafePointer<Float>?
  private var x: UnsafePointer<Float>?
  private var outer: UnsafePointer<Float>?
  private var inner: UnsafePointer<Float>?
  private var bias: UnsafePointer<Float>?
  private var y: UnsafeMutablePointer<Float>?
  /// W x + b: saved, or the output before it is finished.
  private var z: UnsafeMutablePointer<Float>?
  /// V x: saved or in scratch.
  private var hidden: UnsafeMutablePointer<Float>?
  private var outputGradient: UnsafePointer<Float>?
  private var productGradient: UnsafeMutablePointer<Float>?
  private var hiddenGradient: UnsafeMutablePointer<Float>?

  init(request: KernelRequest) throws(DMTError) {
    (rows, width) = (request.inputs[0][0], request.inputs[0][1])
    rank = try request.attributes.int("rank", default: 0)
    isTraining = request.isTraining
    let threads = HostThreads(requested: request.threads)
    let work = rank == 0 ? Double(width) * Double(width) : 2 * Double(width) * Double(rank)
    split = Split(width == 0 ? 0 : rows, threads: threads.count, cost: work / 16, minimum: 16, alignment: 16)
    outerGradient = WeightGradient(
      rows: rows, width: rank == 0 ? width : rank, out: width, hasBias: true, threads: threads)
    innerGradient =
      rank == 0 ? nil : WeightGradient(rows: rows, width: width, out: rank, hasBias: false, threads: threads)
    super.init(threads: threads)
    let bytes = rows * (width + rank) * MemoryLayout<Float>.stride
    savedBytes = isTraining ? bytes : 0
    sharedScratchBytes = (isTraining ? bytes : rows * rank * MemoryLayout<Float>.stride).roundedUp(to: 64)
  }

  override func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if split.count == 0 { return }
    self.call = CallPointers(call)
    let output = try self.call.output(0)
    y = output
    if isTraining {
      let saved = try self.call.requiredSaved()
      z = saved
      hidden = saved + rows * width
    } else {
      z = output
      hidden = rank == 0 ? nil : UnsafeMutablePointer(mutating: try self.call.requiredScratch())
    }
    try takeOperands()
    try perform(.forward, pieces: split.count)
  }

  override func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    self.call = CallPointers(call)
    guard split.count > 0 else {
      outerTargets.clear(weightCount: width * (rank == 0 ? width : rank), biasCount: width)
      innerTargets.clear(weightCount: rank * width, biasCount: 0)
      return
    }
    let saved = try self.call.requiredSaved()
    z = saved
    hidden = saved + rows * width
    let scratch = UnsafeMutablePointer(mutating: try self.call.requiredScratch())
    productGradient = scratch
    hiddenGradient = scratch + rows * width
    outputGradient = try self.call.outputGradient(0)
    try takeOperands()
    try perform(.inputs, pieces: split.count)
    if (0..<(rank == 0 ? 2 : 3)).contains(where: { self.call.hasParameterGradient($0) }) {
      try perform(.parameters, pieces: outerGradient.pieces + (innerGradient?.pieces ?? 0))
    }
  }

  private func takeOperands() throws(DMTError) {
    x0 = try call.input(0)
    x = try call.input(1)
    if rank == 0 {
      outer = try call.parameter(0)
      bias = try call.parameter(1)
    } else {
      inner = try call.parameter(0)
      outer = try call.parameter(1)
      bias = try call.parameter(2)
    }
  }

  private var outerTargets: WeightGradient.Targets {
    let index = rank == 0 ? 0 : 1
    return WeightGradient.Targets(
      weight: call.parameterGradient(index), addsToWeight: call.addsToParameterGradient(index),
      bias: call.parameterGradient(index + 1), addsToBias: call.addsToParameterGradient(index + 1))
  }

  private var innerTargets: WeightGradient.Targets {
    rank == 0
      ? WeightGradient.Targets()
      : WeightGradient.Targets(weight: call.parameterGradient(0), addsToWeight: call.addsToParameterGradient(0))
  }

  override func compute(
    _ pass: Pass, _ pieces: Range<Int>, worker: Int, scratch: UnsafeMutableRawPointer?
  ) -> Int32 {
    for piece in pieces {
      switch pass {
      case .forward: forwardPiece(split.start(piece), split.length(piece))
      case .inputs: inputPiece(split.start(piece), split.length(piece))
      case .parameters: parameterPiece(piece)
      }
    }
    return 0
  }

  private func forwardPiece(_ row: Int, _ count: Int) {
    guard let x0, let x, let outer, let bias, let y, let z else { return }
    let offset = row * width
    if let inner, let hidden {
      Product.store(
        Matrix(x + offset, pitch: width), Matrix(inner, pitch: width, transposed: true), to: hidden + row * rank,
        rows: count, inner: width, columns: rank, pitch: rank, adding: false)
      Product.store(
        Matrix(hidden + row * rank, pitch: rank), Matrix(outer, pitch: rank, transposed: true), to: z + offset,
        rows: count, inner: rank, columns: width, pitch: width, adding: false)
    } else {
      Product.store(
        Matrix(x + offset, pitch: width), Matrix(outer, pitch: width, transposed: true), to: z + offset, rows: count,
        inner: width, columns: width, pitch: width, adding: false)
    }
    ElementLoops.cross(
      z: z + offset, bias: bias, x0: x0 + offset, x: x + offset, to: y + offset, rows: count, width: width)
  }

  private func inputPiece(_ row: Int, _ count: Int) {
    guard let x0, let z, let outputGradient, let productGradient, let hiddenGradient, let outer else { return }
    let (offset, elements) = (row * width, count * width)
    let (incoming, dz) = (outputGradient + offset, productGradient + offset)
    VectorLoops.storeProduct(incoming, x0 + offset, to: dz, count: elements, adding: false)
    if let target = call.inputGradient(0) {
      VectorLoops.storeProduct(
        incoming, z + offset, to: target + offset, count: elements, adding: call.addsToInputGradient(0))
    }
    var (last, lastWidth, matrix) = (UnsafePointer(dz), width, outer)
    if let inner {
      let dh = hiddenGradient + row * rank
      Product.store(
        Matrix(dz, pitch: width), Matrix(outer, pitch: rank), to: dh, rows: count, inner: width, columns: rank,
        pitch: rank,
        adding: false)
      (last, lastWidth, matrix) = (UnsafePointer(dh), rank, inner)
    }
    guard let target = call.inputGradient(1) else { return }
    VectorLoops.store(incoming, to: target + offset, count: elements, adding: call.addsToInputGradient(1))
    Product.store(
      Matrix(last, pitch: lastWidth), Matrix(matrix, pitch: width), to: target + offset, rows: count, inner: lastWidth,
      columns: width, pitch: width, adding: true)
  }

  private func parameterPiece(_ piece: Int) {
    guard let x, let hidden, let productGradient, let hiddenGradient else { return }
    if piece < outerGradient.pieces {
      outerGradient.run(piece, rank == 0 ? x : UnsafePointer(hidden), productGradient, outerTargets)
    } else {
      innerGradient?.run(piece - outerGradient.pieces, x, hiddenGradient, innerTargets)
    }
  }
}
