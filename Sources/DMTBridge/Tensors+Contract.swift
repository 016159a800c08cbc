public import CDMTPlugin
public import DMTCore

extension DType {
  /// The element type as the contract writes it.
  public var contractType: dmt_dtype {
    switch self {
    case .float32: dmt_dtype(code: UInt8(DMT_DTYPE_FLOAT), bits: 32, lanes: 1)
    case .float64: dmt_dtype(code: UInt8(DMT_DTYPE_FLOAT), bits: 64, lanes: 1)
    case .int32: dmt_dtype(code: UInt8(DMT_DTYPE_INT), bits: 32, lanes: 1)
    case .int64: dmt_dtype(code: UInt8(DMT_DTYPE_INT), bits: 64, lanes: 1)
    }
  }

  /// The element type of a tensor from the other side.
  ///
  /// - Throws: ``DMTError/Code/unsupported`` for a type that this project does not compute with.
  public init(_ type: dmt_dtype) throws(DMTError) {
    for candidate in Self.allCases {
      let known = candidate.contractType
      if known.code == type.code, known.bits == type.bits, known.lanes == type.lanes {
        self = candidate
        return
      }
    }
    throw DMTError(
      .unsupported,
      "element type (code \(type.code), \(type.bits) bits, \(type.lanes) lanes) is not known here, "
        + "expected one of \(Self.allCases.map(\.rawValue).joined(separator: ", "))")
  }
}

extension Shape {
  /// The shape as the contract writes it.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for more than ``Shape/maximumRank`` extents.
  public func contractShape() throws(DMTError) -> dmt_shape {
    guard rank <= Shape.maximumRank else {
      throw DMTError(.invalidArgument, "shape \(self) has \(rank) extents, expected at most \(Shape.maximumRank)")
    }
    var shape = dmt_shape()
    shape.rank = Int32(rank)
    withUnsafeMutableBytes(of: &shape.dims) { bytes in
      let dims = bytes.bindMemory(to: Int64.self)
      for (index, extent) in self.dims.enumerated() { dims[index] = Int64(extent) }
    }
    return shape
  }

  /// A shape from the other side.
  ///
  /// - Parameter what: what has the shape, for messages.
  /// - Throws: ``DMTError/Code/invalidArgument`` for a rank or an extent out of bounds, or more elements than memory has.
  public init(copying shape: dmt_shape, _ what: @autoclosure () -> String) throws(DMTError) {
    let rank = Int(shape.rank)
    guard rank >= 0, rank <= Shape.maximumRank else {
      throw DMTError(.invalidArgument, "\(what()) has rank \(rank), expected 0 to \(Shape.maximumRank)")
    }
    let dims = withUnsafeBytes(of: shape.dims) { Array($0.bindMemory(to: Int64.self).prefix(rank)) }
    try self.init(checking: dims, allowsBatch: true, what())
  }

  /// The shape of a tensor in a request, every extent known.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` as ``init(copying:_:)``, for extents at NULL, and for strides that are not
  ///   those of compact row-major, which is all that kernels are promised.
  public init(of tensor: dmt_tensor, _ what: @autoclosure () -> String) throws(DMTError) {
    let rank = Int(tensor.ndim)
    guard rank >= 0, rank <= Shape.maximumRank else {
      throw DMTError(.invalidArgument, "\(what()) has rank \(rank), expected 0 to \(Shape.maximumRank)")
    }
    guard rank > 0 else {
      self.init([])
      return
    }
    guard let start = tensor.shape else {
      throw DMTError(.invalidArgument, "\(what()) has rank \(rank) and no extents")
    }
    try self.init(
      checking: Array(UnsafeBufferPointer(start: start, count: rank)), allowsBatch: false, what())
    guard let strides = tensor.strides else { return }
    var compact = 1
    for axis in dims.indices.reversed() {
      guard dims[axis] == 1 || strides[axis] == Int64(compact) else {
        throw DMTError(
          .invalidArgument,
          "\(what()) has a stride of \(strides[axis]) on axis \(axis), expected \(compact) (row-major)")
      }
      compact *= max(1, dims[axis])
    }
  }

  private init(checking dims: [Int64], allowsBatch: Bool, _ what: @autoclosure () -> String) throws(DMTError) {
    var elements = 1
    for extent in dims {
      guard extent >= 0 || (allowsBatch && extent == Int64(Shape.batch)) else {
        throw DMTError(.invalidArgument, "\(what()) has an extent of \(extent), expected 0 or more")
      }
      let (product, overflow) = elements.multipliedReportingOverflow(by: Int(max(1, extent)))
      guard !overflow, product <= ContractLimit.shapeElements else {
        throw DMTError(.invalidArgument, "\(what()) has more elements than memory: \(Shape(dims.map { Int($0) }))")
      }
      elements = product
    }
    self.init(dims.map { Int($0) })
  }
}

extension ContractArena {
  /// A tensor without data: what a bind request holds.
  public func tensor(_ shape: Shape, _ dtype: DType) -> dmt_tensor {
    dmt_tensor(
      data: nil, device: dmt_device(type: DMT_DEVICE_CPU, id: 0), ndim: Int32(shape.rank), dtype: dtype.contractType,
      shape: array(shape.dims.map(Int64.init)), strides: nil, byte_offset: 0)
  }
}
