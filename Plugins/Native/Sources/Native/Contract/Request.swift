internal import CDMTPlugin

/// What a kernel is bound to: shapes and attributes, checked so far that no size can overflow.
struct Request {
  let op: String
  let inputs: [[Int]]
  let parameters: [[Int]]
  let outputs: [[Int]]
  let attributes: NamedAttributes
  let parallel: Parallel
  let isTraining: Bool
  let wantedInputs: UInt64

  init(_ raw: UnsafePointer<dmt_kernel_request>) throws(Failure) {
    op = raw.pointee.op.string
    inputs = try Request.shapes(raw.pointee.inputs, raw.pointee.input_count, "input", op)
    parameters = try Request.shapes(raw.pointee.parameters, raw.pointee.parameter_count, "parameter", op)
    outputs = try Request.shapes(raw.pointee.outputs, raw.pointee.output_count, "output", op)
    attributes = try NamedAttributes(raw.pointee.attributes)
    parallel = Parallel(threads: raw.pointee.threads)
    isTraining = raw.pointee.flags & DMT_BIND_TRAINING != 0
    wantedInputs = raw.pointee.wanted_input_gradients
  }

  private static func shapes(
    _ tensors: UnsafePointer<dmt_tensor>?, _ count: Int32, _ kind: String, _ op: String
  ) throws(Failure) -> [[Int]] {
    guard count > 0 else { return [] }
    guard let tensors else { throw .invalid("\(op): \(count) \(kind)s without shapes") }
    var result: [[Int]] = []
    for index in 0..<Int(count) {
      let tensor = tensors[index]
      guard tensor.dtype.code == UInt8(DMT_DTYPE_FLOAT), tensor.dtype.bits == 32, tensor.dtype.lanes == 1 else {
        throw .unserved("\(op): \(kind) \(index) is not float32, the only type of these kernels")
      }
      guard tensor.ndim >= 0, tensor.ndim <= DMT_MAX_RANK, tensor.ndim == 0 || tensor.shape != nil else {
        throw .invalid("\(op): \(kind) \(index) has \(tensor.ndim) axes, expected 0 to \(DMT_MAX_RANK)")
      }
      let dims = (0..<Int(tensor.ndim)).map { Int(tensor.shape[$0]) }
      guard isAddressable(dims) else { throw .invalid("\(op): \(kind) \(index) has the impossible shape \(dims)") }
      guard tensor.strides == nil || isCompact(dims, tensor.strides) else {
        throw .invalid("\(op): \(kind) \(index) of shape \(dims) is not compact row-major")
      }
      result.append(dims)
    }
    return result
  }

  /// The strides are those of row-major without gaps; an extent of one may have any.
  private static func isCompact(_ dims: [Int], _ strides: UnsafePointer<Int64>) -> Bool {
    var step = 1
    for axis in dims.indices.reversed() {
      if dims[axis] != 1 && strides[axis] != Int64(step) { return false }
      step *= max(1, dims[axis])
    }
    return true
  }

  /// No extent is negative, and the bytes of the tensor, were its zero extents one, fit in 2^48.
  private static func isAddressable(_ dims: [Int]) -> Bool {
    var elements = 1
    for extent in dims {
      if extent < 0 { return false }
      let (product, overflows) = elements.multipliedReportingOverflow(by: max(extent, 1))
      if overflows || product > 1 << 46 { return false }
      elements = product
    }
    return true
  }

  /// Throws unless there are so many inputs, parameters and one output.
  func expect(inputs: Int, parameters: Int = 0) throws(Failure) {
    guard self.inputs.count == inputs, self.parameters.count == parameters, outputs.count == 1 else {
      throw .invalid(
        "\(op) has \(self.inputs.count) inputs, \(self.parameters.count) parameters and \(outputs.count) outputs, "
          + "expected \(inputs), \(parameters) and 1")
    }
  }

  /// Throws unless a shape is as the operator's rule says.
  func expect(_ shape: [Int], _ expected: [Int], _ what: String) throws(Failure) {
    guard shape == expected else { throw .invalid("\(op): \(what) has shape \(shape), expected \(expected)") }
  }

  /// The axis attribute, counted from 0.
  func axis(_ value: Int, rank: Int) throws(Failure) -> Int {
    guard value >= -rank, value < rank else { throw .invalid("\(op): axis \(value) of a tensor with \(rank) axes") }
    return value < 0 ? value + rank : value
  }
}

extension [Int] {
  /// The number of elements of a tensor with these extents.
  var elements: Int { reduce(1, *) }
}
