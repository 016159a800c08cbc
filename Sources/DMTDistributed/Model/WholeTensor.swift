public import DMTCore
public import DMTRuntime

/// A tensor of the whole model by name, shape and type, wherever its parts lie.
public struct WholeTensor: Sendable, Equatable {
  public var parameter: String
  public var role: ModelTensor.Role
  public var shape: [Int]
  public var dtype: DType
  public var op: String
  public var revision: Int

  /// `NAME`, or `optimizer/NAME/STATE`.
  public var name: String { role.tensorName(parameter) }

  /// Bytes of the whole tensor.
  public var byteCount: Int { shape.reduce(1, *) * dtype.byteCount }

  init(_ tensor: RankTensor) {
    parameter = tensor.parameter
    role = tensor.role
    shape = tensor.shape
    dtype = tensor.dtype
    op = tensor.op
    revision = tensor.revision
  }

  /// Fields separated by tabs, which no name has.
  var line: String {
    let state = if case .state(let name) = role { name } else { "" }
    return [parameter, state, shape.map(String.init).joined(separator: " "), dtype.rawValue, op, String(revision)]
      .joined(separator: "\t")
  }

  init?(line: Substring) {
    let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    guard fields.count == 6, let dtype = DType(rawValue: fields[3]), let revision = Int(fields[5]) else { return nil }
    parameter = fields[0]
    role = fields[1].isEmpty ? .parameter : .state(fields[1])
    shape = fields[2].split(separator: " ").compactMap { Int($0) }
    self.dtype = dtype
    op = fields[4]
    self.revision = revision
  }
}
