public import DMTCore
import DMTSafetensors

/// A case: attributes, inputs, parameters and output gradients of an operator, a module or an optimizer, with the numbers
/// that must come out.
public struct CaseFile: Sendable {
  /// What is tested.
  public enum Subject: Sendable, Hashable, CustomStringConvertible {
    case operation(String)
    case module(String)
    case optimizer(String)

    /// The operator's, the module's or the optimizer's name.
    public var name: String {
      switch self {
      case .operation(let name), .module(let name), .optimizer(let name): name
      }
    }

    /// `operator linear`.
    public var description: String {
      switch self {
      case .operation(let name): "operator \(name)"
      case .module(let name): "module \(name)"
      case .optimizer(let name): "optimizer \(name)"
      }
    }
  }

  /// One step of an optimizer.
  public struct Step: Sendable, Hashable {
    /// The gradient; for a table one row of it an entry.
    public var gradient: CaseTensor
    /// The row of every entry; nil for a dense parameter.
    public var rows: [Int64]?
    /// The parameter after the step.
    public var expected: CaseTensor
  }

  /// The file's path.
  public var path: String
  /// The file's name without folder and suffix.
  public var name: String
  public var subject: Subject
  public var attributes: Attributes
  /// A number passes when abs(got - expected) <= absoluteTolerance + relativeTolerance abs(expected).
  public var relativeTolerance: Double
  public var absoluteTolerance: Double
  /// The optimizer works on the rows of a table.
  public var isTable: Bool
  /// Seed, step and node of the random numbers.
  public var key: CaseKey

  /// `input.NAME`.
  public var inputs: [String: CaseTensor] = [:]
  /// `input.NAME.values`, `.offsets`, `.weights`.
  public var bags: [String: CaseBags] = [:]
  /// `param.NAME`; an optimizer's `param` has the name ``parameterName``.
  public var parameters: [String: CaseTensor] = [:]
  /// `grad_output.NAME`.
  public var outputGradients: [String: CaseTensor] = [:]
  /// Expected `output.NAME`.
  public var outputs: [String: CaseTensor] = [:]
  /// Expected `grad_input.NAME`.
  public var inputGradients: [String: CaseTensor] = [:]
  /// Expected `grad_param.NAME`.
  public var parameterGradients: [String: CaseTensor] = [:]
  /// An optimizer's steps.
  public var steps: [Step] = []

  /// The name of an optimizer's parameter in ``parameters``.
  public static let parameterName = "param"

  /// Reads and checks the case at `path`.
  ///
  /// - Throws: ``DMTError/Code/notFound`` and ``DMTError/Code/io`` when the file cannot be read,
  ///   ``DMTError/Code/invalidData`` when it is no case: metadata missing or malformed, a tensor missing, of an unknown
  ///   name, a wrong type or a wrong shape.
  public init(path: String) throws(DMTError) {
    let file = try SafetensorsFile(path: path)
    do throws(DMTError) {
      let metadata = try CaseMetadata(file.metadata)
      self.path = path
      let last = path.split(separator: "/").last.map(String.init) ?? path
      name = last.hasSuffix(".safetensors") ? String(last.dropLast(".safetensors".count)) : last
      subject = metadata.subject
      attributes = metadata.attributes
      relativeTolerance = metadata.relativeTolerance
      absoluteTolerance = metadata.absoluteTolerance
      isTable = metadata.isTable
      key = metadata.key
      var reader = CaseTensorReader(file: file)
      if case .optimizer = subject {
        try readOptimizer(&reader)
      } else {
        try readForward(&reader)
      }
      try reader.checkNothingIsLeft()
    } catch {
      throw error.at(DMTError.Place(file: path))
    }
  }

  private mutating func readForward(_ reader: inout CaseTensorReader) throws(DMTError) {
    bags = try reader.readBags()
    inputs = try reader.tensors(prefix: "input.")
    parameters = try reader.tensors(prefix: "param.")
    outputs = try reader.tensors(prefix: "output.")
    outputGradients = try reader.tensors(prefix: "grad_output.")
    inputGradients = try reader.tensors(prefix: "grad_input.")
    parameterGradients = try reader.tensors(prefix: "grad_param.")
    guard !outputs.isEmpty else { throw CaseError.invalid("it has no tensor 'output.NAME', nothing to compare") }
    for (what, gradients, of) in [
      ("output", outputGradients, outputs), ("input", inputGradients, inputs),
      ("param", parameterGradients, parameters),
    ] {
      for (name, gradient) in gradients.sorted(by: { $0.key < $1.key }) {
        guard let tensor = of[name] else {
          throw CaseError.invalid("it has 'grad_\(what).\(name)' and no '\(what).\(name)'")
        }
        guard tensor.shape == gradient.shape else {
          throw CaseError.invalid("'grad_\(what).\(name)' is \(gradient.shape), expected \(tensor.shape)")
        }
      }
    }
    guard (inputGradients.isEmpty && parameterGradients.isEmpty) || Set(outputGradients.keys) == Set(outputs.keys)
    else {
      throw CaseError.invalid("it has expected gradients and lacks 'grad_output' of an output")
    }
  }

  private mutating func readOptimizer(_ reader: inout CaseTensorReader) throws(DMTError) {
    let parameter = try reader.tensor("param")
    parameters = [Self.parameterName: parameter]
    guard !isTable || parameter.shape.rank == 2 else {
      throw CaseError.invalid("'param' is \(parameter.shape), expected a table [rows, dim]")
    }
    while reader.has("grad.\(steps.count)") {
      let number = steps.count
      let gradient = try reader.tensor("grad.\(number)")
      let expected = try reader.tensor("expected.\(number)")
      guard expected.shape == parameter.shape else {
        throw CaseError.invalid("'expected.\(number)' is \(expected.shape), expected \(parameter.shape)")
      }
      var rows: [Int64]?
      if isTable {
        let entries = try reader.integers("rows.\(number)")
        if let row = entries.first(where: { $0 < 0 || $0 >= Int64(parameter.shape[0]) }) {
          throw CaseError.invalid("'rows.\(number)' names row \(row) of a table with \(parameter.shape[0]) rows")
        }
        guard gradient.shape == [entries.count, parameter.shape[1]] else {
          throw CaseError.invalid(
            "'grad.\(number)' is \(gradient.shape), expected \(Shape([entries.count, parameter.shape[1]]))")
        }
        rows = entries
      } else if gradient.shape != parameter.shape {
        throw CaseError.invalid("'grad.\(number)' is \(gradient.shape), expected \(parameter.shape)")
      }
      steps.append(Step(gradient: gradient, rows: rows, expected: expected))
    }
    guard !steps.isEmpty else { throw CaseError.invalid("it has no tensor 'grad.0', no step to make") }
  }
}

/// Errors about what a case file says.
enum CaseError {
  static func invalid(_ message: String) -> DMTError {
    DMTError(.invalidData, "this is no valid case: \(message)", remedy: "see Tests/Cases/README.md for the format")
  }
}
