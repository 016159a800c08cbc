import DMTCore
import DMTDataflow
import DMTRuntime

/// Looks row numbers up in the parts of tables that a rank holds, and leaves the pooled bags where the next collective sends
/// from.
final class LookupStage: FlowStage {
  /// The rank's parts of tables, weights and states.
  let store: TableStore
  let embedding: EmbeddingEngine
  let piece: Piece
  /// nil: the local batch, in tables that every rank holds.
  private let exchange: IndexExchange?
  private let received: () -> IndexExchange.Slot?
  private let memory = GrowingMemory()
  private let gradient = GrowingMemory()

  /// - Parameters:
  ///   - layout: the rank's parts, one output with the block's width.
  ///   - received: what the exchange brought for the batch that is computed.
  init(
    layout: EmbeddingLayout, block: FlowBlock, exchange: IndexExchange?,
    received: @escaping () -> IndexExchange.Slot?, settings: Model.Settings, components: Components
  ) throws(DMTError) {
    self.exchange = exchange
    self.received = received
    piece = Piece(samples: block.samples, width: block.width, wire: .native, dtype: settings.dtype)
    store = try TableStore(
      layout.tables, dtype: settings.dtype, optimizer: settings.tableOptimizer, seed: settings.seed)
    embedding = try EmbeddingEngine(layout: layout, store: store, settings: settings, components: components)
  }

  /// Every rank holds these tables.
  var isReplicated: Bool { exchange == nil }

  override func forward(_ context: FlowContext) throws(DMTError) {
    piece.begin(context.counts)
    memory.reserve(piece.rowCount * piece.rowBytes)
    piece.base = memory.base
    guard let batch = exchange == nil ? context.batch : received()?.batch else {
      throw DMTError(.internalError, "a lookup runs before its row numbers have come")
    }
    embedding.setOutput(0, memory.base)
    try embedding.forward(batch)
  }

  override func prepareBackward() {
    gradient.reserve(piece.rowCount * piece.gradientRowBytes)
    piece.gradient = gradient.base
  }

  override func backward(_ context: FlowContext) throws(DMTError) {
    embedding.setOutput(0, gradient.base)
  }
}
