/// `concat`: inputs one after the other along an axis.
final class ConcatPlan: KernelPlan {
  private let outer: Int
  /// Floats of every input for one outer index.
  private let widths: [Int]
  private let width: Int

  init(checking request: Request) throws(Failure) {
    guard let first = request.inputs.first, request.parameters.isEmpty, request.outputs.count == 1 else {
      throw .invalid("concat: \(request.inputs.count) inputs, expected at least one")
    }
    let axis = try request.axis(request.attributes.int("axis", default: 1), rank: first.count)
    var expected = first
    expected[axis] = 0
    for shape in request.inputs {
      guard shape.count == first.count else { throw .invalid("concat: inputs \(first) and \(shape) differ in axes") }
      expected[axis] += shape[axis]
      var other = shape
      other[axis] = first[axis]
      try request.expect(other, first, "an input but for axis \(axis)")
    }
    try request.expect(request.outputs[0], expected, "the output")
    outer = Array(first[..<axis]).elements
    widths = request.inputs.map { Array($0[axis...]).elements }
    width = widths.reduce(0, +)
    super.init(request)
  }

  override func forward(_ call: KernelCall) {
    var column = 0
    for (index, count) in widths.enumerated() {
      RowCopy(
        rows: outer, width: count, source: call.input(index), sourceStride: count, target: call.output() + column,
        targetStride: width, adds: false
      ).run(parallel)
      column += count
    }
  }

  override func backward(_ call: KernelCall) {
    var column = 0
    for (index, count) in widths.enumerated() {
      if let target = call.gradInput(index) {
        RowCopy(
          rows: outer, width: count, source: call.gradOutput() + column, sourceStride: width, target: target,
          targetStride: count, adds: call.addsToInput(index)
        ).run(parallel)
      }
      column += count
    }
  }
}

/// `slice`: the part start ..< end of an axis.
final class SlicePlan: KernelPlan {
  private let outer: Int
  private let first: Int
  private let width: Int
  private let fullWidth: Int

  init(checking request: Request) throws(Failure) {
    try request.expect(inputs: 1)
    let shape = request.inputs[0]
    let axis = try request.axis(request.attributes.int("axis", default: 1), rank: shape.count)
    let start = request.attributes.int("start", default: 0)
    let end = request.attributes.int("end", default: shape[axis])
    guard 0 <= start, start <= end, end <= shape[axis] else {
      throw .invalid("slice: \(start) ..< \(end) of axis \(axis) with extent \(shape[axis])")
    }
    var expected = shape
    expected[axis] = end - start
    try request.expect(request.outputs[0], expected, "the output")
    let inner = Array(shape[(axis + 1)...]).elements
    outer = Array(shape[..<axis]).elements
    first = start * inner
    width = (end - start) * inner
    fullWidth = shape[axis] * inner
    super.init(request)
  }

  override func forward(_ call: KernelCall) {
    RowCopy(
      rows: outer, width: width, source: call.input(0) + first, sourceStride: fullWidth, target: call.output(),
      targetStride: width, adds: false
    ).run(parallel)
  }

  override func backward(_ call: KernelCall) {
    guard let target = call.gradInput(0) else { return }
    if !call.addsToInput(0), width < fullWidth { target.update(repeating: 0, count: outer * fullWidth) }
    RowCopy(
      rows: outer, width: width, source: call.gradOutput(), sourceStride: width, target: target + first,
      targetStride: fullWidth, adds: call.addsToInput(0)
    ).run(parallel)
  }
}

/// `reshape`: the same elements; a copy, since outputs are memory of their own.
final class ReshapePlan: KernelPlan {
  private let count: Int

  init(checking request: Request) throws(Failure) {
    try request.expect(inputs: 1)
    count = request.inputs[0].elements
    guard request.outputs[0].elements == count else {
      throw .invalid("reshape: \(request.inputs[0]) has not the elements of \(request.outputs[0])")
    }
    super.init(request)
  }

  private func copy(_ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, adds: Bool) {
    // Outputs may share the input's memory, in which case there is nothing to do.
    if !adds, source == UnsafePointer(target) { return }
    RowCopy(
      rows: 1, width: count, source: source, sourceStride: count, target: target, targetStride: count, adds: adds
    ).run(parallel)
  }

  override func forward(_ call: KernelCall) { copy(call.input(0), call.output(), adds: false) }

  override func backward(_ call: KernelCall) {
    if let target = call.gradInput(0) { copy(call.gradOutput(), target, adds: call.addsToInput(0)) }
  }
}

/// Copies or adds rows from one stride to another.
struct RowCopy: BitwiseCopyable {
  let rows: Int
  let width: Int
  let source: UnsafePointer<Float>
  let sourceStride: Int
  let target: UnsafeMutablePointer<Float>
  let targetStride: Int
  let adds: Bool

  func run(_ parallel: Parallel) {
    if width == 0 { return }
    if width == sourceStride, width == targetStride {
      ElementChunks.run(self, rows * width, parallel) { context, begin, end, _ in
        let job = context.job(RowCopy.self).pointee
        ElementChunks.each(begin, end, job.rows &* job.width) { at, count in
          job.copy(job.source + at, job.target + at, count)
        }
      }
      return
    }
    parallel.run(self, count: rows, grain: max(1, 16_384 / width)) { context, begin, end, _ in
      let job = context.job(RowCopy.self).pointee
      for row in Int(begin)..<Int(end) {
        job.copy(job.source + row &* job.sourceStride, job.target + row &* job.targetStride, job.width)
      }
    }
  }

  @inline(__always)
  private func copy(_ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, _ count: Int) {
    if adds { mapElements(count, from, UnsafePointer(to), to) { $0 + $1 } } else { to.update(from: from, count: count) }
  }
}
