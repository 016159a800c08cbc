public import CDMTPlugin
public import DMTCore

extension ContractArena {
  /// A bind request as the contract writes it.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for more inputs, parameters or extents than the contract has room for.
  public func request(_ request: KernelRequest) throws(DMTError) -> dmt_kernel_request {
    for (list, what) in [
      (request.inputs, "inputs"), (request.parameters, "parameters"), (request.outputs, "outputs"),
    ] {
      guard list.count <= Int(DMT_MAX_INPUTS) else {
        throw DMTError(
          .invalidArgument, "operator \(request.op) has \(list.count) \(what), expected at most \(DMT_MAX_INPUTS)")
      }
      for shape in list {
        guard shape.rank <= Shape.maximumRank, shape.dims.allSatisfy({ $0 >= 0 }) else {
          throw DMTError(
            .invalidArgument,
            "operator \(request.op) is bound to shape \(shape), expected at most \(Shape.maximumRank) "
              + "extents, all of them known")
        }
      }
    }
    var result = dmt_kernel_request()
    result.struct_size = SizedStruct.size(of: dmt_kernel_request.self)
    result.flags = request.isTraining ? DMT_BIND_TRAINING : 0
    result.op = text(request.op)
    result.op_revision = Int32(truncatingIfNeeded: request.revision)
    result.threads = Int32(clamping: request.threads)
    result.input_count = Int32(request.inputs.count)
    result.parameter_count = Int32(request.parameters.count)
    result.output_count = Int32(request.outputs.count)
    result.inputs = array(request.inputs.map { tensor($0, request.dtype) })
    result.parameters = array(request.parameters.map { tensor($0, request.dtype) })
    result.outputs = array(request.outputs.map { tensor($0, request.dtype) })
    result.attributes = attributes(request.attributes)
    result.wanted_input_gradients = request.wantedInputGradients
    return result
  }
}

extension KernelRequest {
  /// A copy of a bind request from the other side, every count, shape and text checked.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for what breaks the contract, ``DMTError/Code/unsupported`` for element
  ///   types that differ from each other.
  public init(copying pointer: UnsafePointer<dmt_kernel_request>?) throws(DMTError) {
    let request = try SizedStruct.read(pointer, "the kernel request")
    let op = try String(copying: request.op, "the operator's name")
    var dtype: DType?
    func shapes(_ start: UnsafePointer<dmt_tensor>?, _ count: Int32, _ what: String) throws(DMTError) -> [Shape] {
      guard count >= 0, count <= DMT_MAX_INPUTS, start != nil || count == 0 else {
        throw DMTError(
          .invalidArgument,
          "operator \(op) is bound with \(count) \(what)s"
            + (start == nil ? " at NULL" : "") + ", expected 0 to \(DMT_MAX_INPUTS)")
      }
      var shapes: [Shape] = []
      guard let start else { return shapes }
      for index in 0..<Int(count) {
        let found = try DType(start[index].dtype)
        if let dtype, dtype != found {
          throw DMTError(
            .unsupported, "\(what) \(index) of operator \(op) is \(found.rawValue) and others are \(dtype.rawValue)")
        }
        dtype = found
        shapes.append(try Shape(of: start[index], "\(what) \(index) of operator \(op)"))
      }
      return shapes
    }
    let inputs = try shapes(request.inputs, request.input_count, "input")
    let parameters = try shapes(request.parameters, request.parameter_count, "parameter")
    let outputs = try shapes(request.outputs, request.output_count, "output")
    self.init(
      op: op, revision: Int(request.op_revision), dtype: dtype ?? .float32, inputs: inputs, parameters: parameters,
      outputs: outputs, attributes: try Attributes(copying: request.attributes), threads: Int(max(1, request.threads)),
      isTraining: request.flags & DMT_BIND_TRAINING != 0, wantedInputGradients: request.wanted_input_gradients)
  }
}
