import DMTCore

/// A source that knows the next batch before it is asked for, so that its row numbers can travel ahead.
final class LookaheadBatches: BatchSource {
  private let source: any BatchSource
  /// The batch that ``next()`` will return; nil: the epoch ends, or nothing was asked for yet.
  private(set) var pending: Batch?
  private var isAtEnd = false
  /// Called before the source goes elsewhere: what was sent ahead is no longer the next batch.
  var willSeek: () throws(DMTError) -> Void = { () throws(DMTError) in }
  private var seekError: DMTError?

  init(_ source: any BatchSource) { self.source = source }

  var sampleCount: Int { source.sampleCount }
  var batchesPerEpoch: Int { source.batchesPerEpoch }

  func next() throws(DMTError) -> Batch? {
    if let seekError { throw seekError }
    if isAtEnd {
      isAtEnd = false
      return nil
    }
    let batch: Batch
    if let pending {
      batch = pending
    } else if let next = try source.next() {
      batch = next
    } else {
      return nil
    }
    pending = try source.next()
    isAtEnd = pending == nil
    return batch
  }

  func recycle(_ batch: Batch) { source.recycle(batch) }

  func seek(epoch: Int, batchNumber: Int) {
    do throws(DMTError) { try willSeek() } catch { seekError = error }
    if let pending { source.recycle(pending) }
    pending = nil
    isAtEnd = false
    source.seek(epoch: epoch, batchNumber: batchNumber)
  }
}
