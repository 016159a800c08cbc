internal import CDNNL
internal import DMTPluginKit

/// Gradients of weight (dz^T x) and bias (column sums of dz) of a linear layer, in pieces of the weight.
struct WeightGradient {
  private let geometry: LinearGeometry
  /// Pieces of the output axis, or of the input axis when that is longer.
  private let split: Split
  private let cutsOutput: Bool
  private let biasSplit: Split
  private var calls: [ProductCalls] = []

  /// The weight's pieces first, the bias's behind them.
  var pieces: Int { split.count + biasSplit.count }

  init(_ geometry: LinearGeometry, for kernel: PrimitiveKernel) throws(DMTError) {
    self.geometry = geometry
    cutsOutput = geometry.out >= geometry.width
    let (cut, kept) = cutsOutput ? (geometry.out, geometry.width) : (geometry.width, geometry.out)
    split = Split(
      cut, threads: kernel.threads.count, cost: Double(kept) * Double(geometry.rows) / 16, minimum: 64, alignment: 16)
    biasSplit = Split(
      geometry.hasBias ? geometry.out : 0, threads: kernel.threads.count, cost: Double(geometry.rows), minimum: 64,
      alignment: 16)
    for length in split.lengths {
      let out = cutsOutput ? length : geometry.out
      let width = cutsOutput ? geometry.width : length
      calls.append(
        try ProductCalls(
          a: MatrixView(geometry.rows, out, pitch: geometry.out).transposed,
          b: MatrixView(geometry.rows, width, pitch: geometry.width), c: MatrixView(out, width, pitch: geometry.width),
          canAdd: true, for: kernel))
    }
  }

  /// - Parameters:
  ///   - weight: nil when its gradient is not wanted.
  ///   - bias: nil when its gradient is not wanted.
  func run(
    _ piece: Int, _ x: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>, weight: UnsafeMutablePointer<Float>?,
    addsToWeight: Bool, bias: UnsafeMutablePointer<Float>?, addsToBias: Bool, worker: Int,
    scratch: UnsafeMutableRawPointer?
  ) -> dnnl_status_t {
    if piece >= split.count {
      guard let bias else { return dnnl_success }
      VectorLoops.sumColumns(
        gradient, rows: geometry.rows, width: geometry.out, first: biasSplit.start(piece - split.count),
        count: biasSplit.length(piece - split.count), to: bias, adding: addsToBias)
      return dnnl_success
    }
    guard let weight else { return dnnl_success }
    let start = split.start(piece)
    let product = calls[split.kind(piece)]
    return cutsOutput
      ? product.run(
        gradient + start, x, to: weight + start * geometry.width, adding: addsToWeight, worker: worker, scratch: scratch
      )
      : product.run(gradient, x + start, to: weight + start, adding: addsToWeight, worker: worker, scratch: scratch)
  }
}
