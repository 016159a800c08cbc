public import DMTCore

/// What a request asks of a backend, in words that are the same in every process: the key of a measurement.
///
/// The batch is not in it: it stands beside it as ``rows``, so that what was measured at one batch size is found at another.
public struct WorkKey: Sendable, Hashable, Codable {
  /// Operator, revision, element type, shapes with `*` for their first extent, attributes.
  public var text: String
  /// The first extent of the first input, on which the work of one key depends.
  public var rows: Int

  /// The key of a node at its shapes.
  public init(_ request: KernelRequest) {
    func list(_ shapes: [Shape]) -> String {
      shapes.map { shape in
        "[" + (shape.dims.isEmpty ? [] : ["*"] + shape.dims.dropFirst().map(String.init)).joined(separator: ",") + "]"
      }.joined(separator: " ")
    }
    var text = "\(request.op)/\(request.revision) \(request.dtype.rawValue) \(list(request.inputs))"
    if !request.parameters.isEmpty { text += " p " + request.parameters.map(\.description).joined(separator: " ") }
    text += " -> \(list(request.outputs))" + WorkKey.text(of: request.attributes)
    self.text = text
    rows = request.inputs.first?.dims.first ?? 1
  }

  /// The key of all tables of a process.
  public init(_ request: EmbeddingRequest) {
    let tables = request.tables.map { "\($0.rows)x\($0.dim)" }.joined(separator: " ")
    let features = request.features.map { "\($0.table):\($0.pooling.rawValue):\($0.output):\($0.column)" }
      .joined(separator: " ")
    // Hundreds of tables make a long text; a hash says as well whether it is the same one.
    let hash = String(FNV1a.hash64(tables + ";" + features), radix: 16)
    text =
      "tables/1 \(request.dtype.rawValue) \(request.tables.count) tables \(request.features.count) features \(hash) "
      + (request.optimizer?.name ?? "none")
    rows = 1
  }

  /// The key of an optimizer on all its dense tensors.
  public init(_ request: UpdateRequest) {
    let hash = String(FNV1a.hash64(request.sizes.map(String.init).joined(separator: " ")), radix: 16)
    text =
      "update/1 \(request.dtype.rawValue) \(request.optimizer.name) \(request.sizes.count) tensors \(hash)"
      + WorkKey.text(of: request.optimizer.attributes)
    rows = 1
  }

  private static func text(of attributes: Attributes) -> String {
    attributes.values.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
  }
}
