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
  private let gradient: GrowingMemory
  /// The engine works for another run too: backward and the update need its batch again.
  private let sharesEngine: Bool
  private var batch: Batch?

  /// - Parameters:
  ///   - layout: the rank's parts, one output with the block's width.
  ///   - received: what the exchange brought for the batch that is computed.
  ///   - sharesEngine: another run has, or will have, the same tables.
  ///   - twin: the lookup of another run, whose tables are taken.
  init(
    layout: EmbeddingLayout, block: FlowBlock, exchange: IndexExchange?,
    received: @escaping () -> IndexExchange.Slot?, settings: Model.Settings, components: Components,
    sharesEngine: Bool, twin: LookupStage?
  ) throws(DMTError) {
    self.exchange = exchange
    self.received = received
    piece = Piece(samples: block.samples, width: block.width, wire: .native, dtype: settings.dtype)
    self.sharesEngine = sharesEngine
    gradient = twin?.gradient ?? GrowingMemory()
    if let twin {
      store = twin.store
      embedding = twin.embedding
      return
    }
    store = try TableStore(
      layout.tables, dtype: settings.dtype, optimizer: settings.tableOptimizer, seed: settings.seed)
    embedding = try EmbeddingEngine(layout: layout, store: store, settings: settings, components: components)
  }

  /// Every rank holds these tables.
  var isReplicated: Bool { exchange == nil }

  override func start(_ context: FlowContext) throws(DMTError) {
    piece.begin(context.counts)
    memory.reserve(piece.rowCount * piece.rowBytes)
    piece.base = memory.base
    guard let batch = exchange == nil ? context.batch : received()?.batch else {
      throw DMTError(.internalError, "a lookup runs before its row numbers have come")
    }
    self.batch = batch
    embedding.setOutput(0, memory.base)
    try embedding.forward(batch)
  }

  override func prepareBackward() {
    gradient.reserve(piece.rowCount * piece.gradientRowBytes)
    piece.gradient = gradient.base
  }

  override func startBackward(_ context: FlowContext) throws(DMTError) {
    if sharesEngine, let batch { try embedding.setBatch(batch) }
    embedding.setOutput(0, gradient.base)
  }
}
