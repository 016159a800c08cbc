/// A composite: it expands into operators and other modules by name, and has no kernel.
///
/// A module is written once, is differentiated for free and runs on whichever backend the machine prefers.
public protocol Module: Sendable {
  /// The name in manifests: `tower.dcn`.
  var name: String { get }
  var revision: Int { get }
  /// Formula, shapes and source in one or two sentences.
  var summary: String { get }
  /// Fewest inputs.
  var minimumInputs: Int { get }
  /// Most inputs; nil: any number.
  var maximumInputs: Int? { get }
  /// What it accepts as attributes.
  var attributes: AttributeSchema { get }

  /// Adds the module's nodes to `graph` and returns its one result.
  ///
  /// - Parameter attributes: validated against ``attributes``, defaults filled in.
  /// - Throws: ``DMTError/Code/shapeMismatch`` when the inputs do not fit.
  func expand(in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]) throws(DMTError) -> GraphValue
}

extension Module {
  public var revision: Int { 1 }
  public var minimumInputs: Int { 1 }
  public var maximumInputs: Int? { 1 }
  public var attributes: AttributeSchema { [] }
}

/// A tensor of the graph that is being built.
public struct GraphValue: Sendable, Hashable {
  public let id: Int32
  public init(id: Int32) { self.id = id }
}

/// Builds a graph: what a module writes its nodes to.
public protocol GraphBuilder: AnyObject {
  /// The shape of a value, its batch extent open.
  func shape(of value: GraphValue) throws(DMTError) -> Shape

  /// Adds a node that applies operator `op`.
  ///
  /// `name` goes in front of the names of the node's parameters (`NAME.weight`) and makes the node's own name; it may be
  /// empty for a module's only node with parameters.
  func operation(_ op: String, name: String, attributes: Attributes, inputs: [GraphValue]) throws(DMTError)
    -> [GraphValue]

  /// Expands module `module` in scope `name`.
  func module(_ module: String, name: String, attributes: Attributes, inputs: [GraphValue]) throws(DMTError)
    -> GraphValue

  /// A tensor [B, columns] that holds `value` everywhere.
  func constant(_ value: Double, columns: Int) throws(DMTError) -> GraphValue
}

extension GraphBuilder {
  /// Adds a node that has one result.
  public func apply(
    _ op: String, name: String = "", _ attributes: Attributes = Attributes(), _ inputs: GraphValue...
  ) throws(DMTError) -> GraphValue {
    try apply(op, name: name, attributes, inputs: inputs)
  }

  /// Adds a node that has one result.
  public func apply(
    _ op: String, name: String = "", _ attributes: Attributes = Attributes(), inputs: [GraphValue]
  ) throws(DMTError) -> GraphValue {
    let outputs = try operation(op, name: name, attributes: attributes, inputs: inputs)
    guard let first = outputs.first, outputs.count == 1 else {
      throw DMTError(.invalidArgument, "operator \(op) has \(outputs.count) results, expected one")
    }
    return first
  }
}
