public import CDMTPlugin

/// The extent of a table.
public struct TableShape: Sendable, Hashable {
  public var rows: Int
  public var dim: Int
  public init(rows: Int, dim: Int) {
    self.rows = rows
    self.dim = dim
  }
}

/// What the rows of a bag become.
public enum Pooling: Int32, Sendable, Hashable {
  case sum = 0
  case mean = 1
}

/// A feature that is looked up: its table and where its pooled bag goes.
public struct EmbeddingFeature: Sendable, Hashable {
  public var table: Int
  public var pooling: Pooling
  /// Index of the output that the pooled bags are written to.
  public var output: Int
  /// First column in that output.
  public var column: Int
  public init(table: Int, pooling: Pooling, output: Int, column: Int) {
    self.table = table
    self.pooling = pooling
    self.output = output
    self.column = column
  }
}

/// What an embedding backend is asked to bind: all tables and features of a rank.
public struct EmbeddingRequest: Sendable, Hashable {
  public var dtype: DType
  public var tables: [TableShape]
  public var features: [EmbeddingFeature]
  public var outputCount: Int
  /// The optimizer of ``EmbeddingKernel/update(_:)``; nil: the plan is never asked to update.
  public var optimizer: OptimizerSpec?
  public var threads: Int
  public init(
    dtype: DType = .float32, tables: [TableShape], features: [EmbeddingFeature], outputCount: Int,
    optimizer: OptimizerSpec? = nil, threads: Int = 1
  ) {
    self.dtype = dtype
    self.tables = tables
    self.features = features
    self.outputCount = outputCount
    self.optimizer = optimizer
    self.threads = threads
  }
}

/// A plan for all tables of a rank. The meaning of every call and field stands in `dmt/embedding.h`.
public protocol EmbeddingKernel: AnyObject {
  /// Bytes of scratch that any call needs for this batch size and this number of occurrences in all tables.
  func scratchBytes(batch: Int, values: Int) -> Int
  /// Pools every bag of every feature into the outputs.
  func forward(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError)
  /// Finds the distinct rows of every table.
  func dedup(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError)
  /// Updates the touched rows from the gradients of the outputs.
  func update(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError)
  /// Writes the summed gradient of every touched row.
  func rowGradients(_ call: UnsafePointer<dmt_embedding_call>) throws(DMTError)
}

/// Lookup and update of tables (`dmt.embedding/1`).
public protocol EmbeddingBackend: Sendable {
  var name: String { get }
  /// Whether the request is served.
  func support(for request: EmbeddingRequest) -> KernelSupport
  /// A plan for the request.
  func bind(_ request: EmbeddingRequest) throws(DMTError) -> any EmbeddingKernel
}
