internal import DMTPluginKit

/// What every kernel relies on: the request's shapes are those that the operator's schema infers.
enum RequestCheck {
  /// What is wrong with the request; nil: nothing.
  static func reason(against request: KernelRequest) -> String? {
    for shape in request.inputs + request.parameters + request.outputs {
      var elements = 1
      for extent in shape.dims {
        let (product, overflows) = elements.multipliedReportingOverflow(by: max(extent, 1))
        if extent < 0 || overflows || product > 1 << 48 { return "cannot hold a tensor of shape \(shape)" }
        elements = product
      }
      if shape.rank > Shape.maximumRank { return "serves up to \(Shape.maximumRank) axes, found \(shape)" }
    }
    guard let schema = Opset.named(request.op) else { return "does not know operator '\(request.op)'" }
    do {
      let (signature, _) = try schema.checkedSignature(inputs: request.inputs, attributes: request.attributes)
      if signature.outputs != request.outputs {
        return "expected outputs \(signature.outputs) of \(request.op), found \(request.outputs)"
      }
      let parameters = signature.parameters.map(\.shape)
      if parameters != request.parameters {
        return "expected parameters \(parameters) of \(request.op), found \(request.parameters)"
      }
    } catch {
      return error.message
    }
    return nil
  }
}
