import DMTDistributed

extension JSONLine {
  /// Where a step's time went: what this rank computed, and what it waited for row numbers, embeddings, dense gradients and
  /// decisions; milliseconds.
  mutating func add(_ waits: WaitTimes, seconds: Double) {
    add("compute_ms", Float((seconds - waits.total) * 1000))
    add("wait_index_ms", Float(waits.index * 1000))
    add("wait_embedding_ms", Float(waits.embedding * 1000))
    add("wait_dense_ms", Float(waits.dense * 1000))
    add("wait_control_ms", Float(waits.control * 1000))
  }
}
