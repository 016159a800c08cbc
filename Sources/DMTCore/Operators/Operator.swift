/// An operator: what it is called, what it reads, and what shapes, parameters and cost follow.
///
/// An operator has no code of its own; kernels come from a ``Backend``. Names without a dot are the project's opset;
/// a plugin's operators are named `com.vendor.NAME`.
public protocol Operator: Sendable {
  /// The name by which modules and cases know it.
  var name: String { get }
  /// Revision of the semantics; a checkpoint records it.
  var revision: Int { get }
  /// Formula, shapes and source in one or two sentences.
  var summary: String { get }
  /// Names of the inputs; a variadic operator names those that must be there.
  var inputNames: [String] { get }
  /// The most inputs; nil: any number.
  var maximumInputs: Int? { get }
  /// What it accepts as attributes.
  var attributes: AttributeSchema { get }

  /// Shapes, parameters and cost for inputs of these shapes.
  ///
  /// - Parameters:
  ///   - inputs: shapes, the batch extent open or filled in.
  ///   - attributes: validated against ``attributes``, defaults filled in.
  /// - Throws: ``DMTError/Code/shapeMismatch`` when the shapes do not fit each other.
  func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature
}

extension Operator {
  public var revision: Int { 1 }
  public var maximumInputs: Int? { inputNames.count }
  public var attributes: AttributeSchema { [] }

  /// The signature after checking the number of inputs and the attributes.
  public func checkedSignature(inputs: [Shape], attributes given: Attributes) throws(DMTError) -> (
    signature: OperatorSignature, attributes: Attributes
  ) {
    if inputs.count < inputNames.count || inputs.count > (maximumInputs ?? Int.max) {
      let expected =
        maximumInputs.map { $0 == inputNames.count ? "\($0)" : "\(inputNames.count) to \($0)" }
        ?? "at least \(inputNames.count)"
      throw DMTError(
        .shapeMismatch,
        "operator \(name) has \(inputs.count) inputs, expected \(expected) (\(inputNames.joined(separator: ", ")))")
    }
    let attributes = try attributes.validated(given, owner: "operator \(name)")
    return (try signature(inputs: inputs, attributes: attributes), attributes)
  }
}
