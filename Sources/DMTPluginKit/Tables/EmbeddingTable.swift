internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// An ``EmbeddingBackend`` behind a `dmt_embedding` table.
final class EmbeddingTable: Sendable {
  private let backend: any EmbeddingBackend

  private init(_ backend: any EmbeddingBackend) { self.backend = backend }

  /// The table, for as long as the process lives.
  static func make(_ backend: any EmbeddingBackend) -> UnsafeRawPointer {
    let table = UnsafeMutablePointer<dmt_embedding>.allocate(capacity: 1)
    table.initialize(
      to: dmt_embedding(
        struct_size: SizedStruct.size(of: dmt_embedding.self), revision: 1,
        ctx: Unmanaged.passRetained(EmbeddingTable(backend)).toOpaque(),
        supports: { context, request in
          guarded { () throws(DMTError) in
            let support = try EmbeddingTable.at(context).backend.support(for: EmbeddingRequest(copying: request))
            if !support.isServed { throw DMTError(.unsupported, support.reason) }
          }
        },
        bind: { context, request, plan in
          guarded { () throws(DMTError) in try EmbeddingTable.at(context).bind(request, plan) }
        },
        scratch_bytes: { handle, batch, values in
          guard let handle, batch >= 0, values >= 0 else { return 0 }
          return Unmanaged<EmbeddingHandle>.fromOpaque(handle)._withUnsafeGuaranteedRef {
            Int64($0.kernel.scratchBytes(batch: Int(batch), values: Int(values)))
          }
        },
        forward: { handle, call in
          EmbeddingHandle.run(handle, call, .forward) { kernel, call throws(DMTError) in try kernel.forward(call) }
        },
        dedup: { handle, call in
          EmbeddingHandle.run(handle, call, .dedup) { kernel, call throws(DMTError) in try kernel.dedup(call) }
        },
        update: { handle, call in
          EmbeddingHandle.run(handle, call, .update) { kernel, call throws(DMTError) in try kernel.update(call) }
        },
        row_gradients: { handle, call in
          EmbeddingHandle.run(handle, call, .rowGradients) { kernel, call throws(DMTError) in
            try kernel.rowGradients(call)
          }
        },
        release: { handle in
          if let handle { Unmanaged<EmbeddingHandle>.fromOpaque(handle).release() }
        }))
    return UnsafeRawPointer(table)
  }

  private static func at(_ context: UnsafeMutableRawPointer?) throws(DMTError) -> EmbeddingTable {
    guard let context else { throw missing("the embedding backend's ctx") }
    return Unmanaged<EmbeddingTable>.fromOpaque(context).takeUnretainedValue()
  }

  private func bind(
    _ pointer: UnsafePointer<dmt_embedding_request>?, _ answer: UnsafeMutablePointer<dmt_embedding_plan>?
  ) throws(DMTError) {
    let request = try EmbeddingRequest(copying: pointer)
    guard answer != nil else { throw missing("the place for the plan") }
    let states = try request.optimizer?.states().count ?? 0
    let handle = EmbeddingHandle(try backend.bind(request), request: request, states: states)
    try SizedStruct.handOver(handle, as: dmt_embedding_plan(), \.handle, to: answer)
  }
}

/// A bound plan behind a handle: checks what a call names, then runs the kernel.
final class EmbeddingHandle {
  /// The functions of the table, each with what it reads of a call.
  enum Work {
    case forward, dedup, update, rowGradients
  }

  let kernel: any EmbeddingKernel
  private let tableCount: Int
  private let featureCount: Int
  private let outputCount: Int
  private let stateCount: Int

  init(_ kernel: any EmbeddingKernel, request: EmbeddingRequest, states: Int) {
    self.kernel = kernel
    tableCount = request.tables.count
    featureCount = request.features.count
    outputCount = request.outputCount
    stateCount = request.tables.count * states
  }

  @inline(__always)
  static func run(
    _ handle: UnsafeMutableRawPointer?, _ call: UnsafePointer<dmt_embedding_call>?, _ work: Work,
    _ body: (any EmbeddingKernel, UnsafePointer<dmt_embedding_call>) throws(DMTError) -> Void
  ) -> dmt_status {
    guard let handle, let call else { return PluginContext.fail(missing("the plan or the call")) }
    return Unmanaged<EmbeddingHandle>.fromOpaque(handle)._withUnsafeGuaranteedRef { handle in
      if let problem = handle.problem(in: call, work) {
        return PluginContext.fail(DMTError(.invalidArgument, "the \(work) call on tables: \(problem)"))
      }
      return guarded { () throws(DMTError) in try body(handle.kernel, call) }
    }
  }

  /// What a call lacks; nil when it has all that `work` reads.
  private func problem(in call: UnsafePointer<dmt_embedding_call>, _ work: Work) -> StaticString? {
    let given = call.pointee
    guard SizedStruct.isWhole(given.struct_size, dmt_embedding_call.self) else { return "struct_size is too small" }
    guard given.batch >= 0, given.batch <= Int64(Int32.max) else { return "the batch is out of bounds" }
    guard featureCount == 0 || given.features != nil else { return "features is NULL" }
    for index in 0..<featureCount {
      let feature = given.features[index]
      guard feature.value_count >= 0, feature.values != nil || feature.value_count == 0 else {
        return "a feature has row numbers at NULL"
      }
      guard feature.offsets != nil || feature.value_count == given.batch else {
        return "a feature without offsets has another number of row numbers than samples"
      }
    }
    if work != .dedup {
      guard holds(given.outputs, outputCount, given.batch) else { return "an output is NULL" }
      guard outputCount == 0 || given.output_strides != nil else { return "output_strides is NULL" }
    }
    if work == .forward || work == .update {
      guard tableCount == 0 || given.tables != nil else { return "tables is NULL" }
    }
    if work != .forward {
      guard tableCount == 0 || given.dedups != nil else { return "dedups is NULL" }
      for index in 0..<tableCount {
        guard let dedup = given.dedups[index] else { return "a dedup is NULL" }
        guard SizedStruct.isWhole(dedup.pointee.struct_size, dmt_dedup.self) else {
          return "a dedup's struct_size is too small"
        }
        guard dedup.pointee.capacity >= 0, dedup.pointee.starts != nil,
          dedup.pointee.capacity == 0
            || (dedup.pointee.rows != nil && dedup.pointee.order != nil && dedup.pointee.bags != nil)
        else { return "a dedup lacks a buffer" }
      }
    }
    if work == .update, stateCount > 0, given.states == nil { return "states is NULL" }
    if work == .rowGradients, tableCount > 0, given.row_gradients == nil { return "row_gradients is NULL" }
    return nil
  }

  private func holds(_ pointers: UnsafePointer<UnsafeMutableRawPointer?>?, _ count: Int, _ batch: Int64) -> Bool {
    guard count > 0 else { return true }
    guard let pointers else { return false }
    return batch == 0 || (0..<count).allSatisfy { pointers[$0] != nil }
  }
}
