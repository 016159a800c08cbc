internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// An ``Operator`` behind a `dmt_operator` table.
final class OperatorTable: Sendable {
  private let operation: any Operator

  private init(_ operation: any Operator) { self.operation = operation }

  /// The table, for as long as the process lives.
  static func make(_ operation: any Operator, kernels: any Backend) -> UnsafeRawPointer {
    let texts = ContractArena()
    let table = UnsafeMutablePointer<dmt_operator>.allocate(capacity: 1)
    table.initialize(
      to: dmt_operator(
        struct_size: SizedStruct.size(of: dmt_operator.self), revision: Int32(clamping: operation.revision),
        ctx: Unmanaged.passRetained(OperatorTable(operation)).toOpaque(), name: texts.text(operation.name),
        summary: texts.text(operation.summary), min_inputs: Int32(clamping: operation.inputNames.count),
        max_inputs: Int32(clamping: operation.maximumInputs ?? -1),
        input_names: texts.array(operation.inputNames.map { texts.text($0) }),
        attributes: texts.schema(operation.attributes),
        infer: { context, inputs, count, attributes, answer in
          guarded { () throws(DMTError) in try OperatorTable.at(context).infer(inputs, count, attributes, answer) }
        },
        kernels: KernelsContext.table(kernels)))
    _ = Unmanaged.passRetained(texts)
    return UnsafeRawPointer(table)
  }

  private static func at(_ context: UnsafeMutableRawPointer?) throws(DMTError) -> OperatorTable {
    guard let context else { throw missing("the operator's ctx") }
    return Unmanaged<OperatorTable>.fromOpaque(context).takeUnretainedValue()
  }

  private func infer(
    _ inputs: UnsafePointer<dmt_shape>?, _ count: Int32, _ attributes: UnsafePointer<dmt_attrs>?,
    _ answer: UnsafeMutablePointer<dmt_signature>?
  ) throws(DMTError) {
    guard count >= 0, count <= DMT_MAX_INPUTS, inputs != nil || count == 0 else {
      throw DMTError(.invalidArgument, "\(count) inputs were given, expected 0 to \(DMT_MAX_INPUTS)")
    }
    var shapes: [Shape] = []
    if let inputs {
      for index in 0..<Int(count) { shapes.append(try Shape(copying: inputs[index], "input \(index)")) }
    }
    let given = try attributes.map { pointer throws(DMTError) in try Attributes(copying: pointer.pointee) }
    let signature = try operation.checkedSignature(inputs: shapes, attributes: given ?? Attributes()).signature
    let texts = ThreadTexts.renew()
    try signature.write(to: answer, owner: "operator \(operation.name)", text: { texts.text($0) })
  }
}
