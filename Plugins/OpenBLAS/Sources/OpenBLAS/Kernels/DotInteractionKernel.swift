internal import DMTPluginKit

/// `dot_interaction`: X X^T for every sample, of which the strict upper triangle is kept.
final class DotInteractionKernel: PiecewiseKernel {
  private let (count, dim, pairs): (Int, Int, Int)
  private let split: Split
  private var x: UnsafePointer<Float>?
  private var output: UnsafeMutablePointer<Float>?
  private var gradient: UnsafePointer<Float>?

  init(request: KernelRequest) throws(DMTError) {
    let dims = request.inputs[0].dims
    (count, dim) = (dims[1], dims[2])
    pairs = count * (count - 1) / 2
    let threads = HostThreads(requested: request.threads)
    split = Split(
      dims[0], threads: threads.count, cost: (Double(count) * Double(count) * Double(max(dim, 1)) + 1000) / 16)
    super.init(threads: threads)
    reserveWorkerScratch(count * count * MemoryLayout<Float>.stride)
  }

  override func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if split.count == 0 { return }
    self.call = CallPointers(call)
    x = try self.call.input(0)
    output = try self.call.output(0)
    if dim == 0 {
      output?.update(repeating: 0, count: split.extent * pairs)
      return
    }
    try perform(.forward, pieces: split.count)
  }

  override func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    if split.count == 0 || dim == 0 { return }
    self.call = CallPointers(call)
    guard self.call.inputGradient(0) != nil else { return }
    x = try self.call.input(0)
    gradient = try self.call.outputGradient(0)
    try perform(.inputs, pieces: split.count)
  }

  override func compute(
    _ pass: Pass, _ pieces: Range<Int>, worker: Int, scratch: UnsafeMutableRawPointer?
  ) -> Int32 {
    guard let x, let square = scratch?.assumingMemoryBound(to: Float.self), let first = pieces.first,
      let last = pieces.last
    else { return 0 }
    for sample in split.start(first)..<split.start(last) + split.length(last) {
      let vectors = Matrix(x + sample * count * dim, pitch: dim)
      if pass == .forward {
        guard let output else { return 0 }
        Product.store(
          vectors, vectors.transposed, to: square, rows: count, inner: dim, columns: count, pitch: count, adding: false)
        keepUpperTriangle(of: square, output + sample * pairs)
      } else {
        guard let gradient, let target = call.inputGradient(0) else { return 0 }
        mirror(gradient + sample * pairs, to: square)
        Product.store(
          Matrix(square, pitch: count), vectors, to: target + sample * count * dim, rows: count, inner: count,
          columns: dim, pitch: dim, adding: call.addsToInputGradient(0))
      }
    }
    return 0
  }

  private func keepUpperTriangle(of square: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
    var place = target
    for row in 0..<count {
      let length = count &- 1 &- row
      place.update(from: square + (row &* count &+ row &+ 1), count: length)
      place += length
    }
  }

  /// The symmetric matrix with these numbers above and below a diagonal of zeros.
  private func mirror(_ triangle: UnsafePointer<Float>, to square: UnsafeMutablePointer<Float>) {
    var place = triangle
    for row in 0..<count {
      square[row &* count &+ row] = 0
      for column in (row &+ 1)..<max(count, row &+ 1) {
        square[row &* count &+ column] = place.pointee
        square[column &* count &+ row] = place.pointee
        place += 1
      }
    }
  }
}
