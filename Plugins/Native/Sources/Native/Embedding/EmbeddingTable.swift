internal import CDMTPlugin

/// The contract's table of `dmt.embedding/1` over `EmbeddingPlan`.
enum EmbeddingTable {
  private static func plan(_ raw: UnsafePointer<dmt_embedding_request>?) throws(Failure) -> EmbeddingPlan {
    guard let raw, raw.pointee.struct_size >= FirstSizes.embeddingRequest else {
      throw .invalid("the request is NULL or shorter than contract 1.0 has it")
    }
    return try EmbeddingPlan(raw)
  }

  private static func run(
    _ handle: UnsafeMutableRawPointer?, _ call: UnsafePointer<dmt_embedding_call>?, readsOutputs: Bool,
    _ body: (EmbeddingPlan, dmt_embedding_call) -> StaticString?
  ) -> dmt_status {
    guard let handle, let call, call.pointee.struct_size >= FirstSizes.embeddingCall else {
      return Failure.invalid("the plan or the call is NULL, or shorter than contract 1.0 has it").report()
    }
    return Unmanaged<EmbeddingPlan>.fromOpaque(handle)._withUnsafeGuaranteedRef { plan in
      if let missing = plan.check(call.pointee) { return Failure.invalid("\(missing)").report() }
      if readsOutputs, let missing = plan.checkOutputs(call.pointee) {
        return Failure.invalid("\(missing)").report()
      }
      if let missing = body(plan, call.pointee) { return Failure.invalid("\(missing)").report() }
      return DMT_OK
    }
  }

  /// The table, made once.
  nonisolated(unsafe) static let table: UnsafePointer<dmt_embedding> = {
    let table = UnsafeMutablePointer<dmt_embedding>.allocate(capacity: 1)
    table.initialize(
      to: dmt_embedding(
        struct_size: UInt32(MemoryLayout<dmt_embedding>.size), revision: 1, ctx: nil,
        supports: { _, raw in
          do throws(Failure) {
            _ = try EmbeddingTable.plan(raw)
            return DMT_OK
          } catch {
            return error.report()
          }
        },
        bind: { _, raw, result in
          do throws(Failure) {
            guard let result else { throw .invalid("bind: the plan is NULL") }
            result.pointee.handle = Unmanaged.passRetained(try EmbeddingTable.plan(raw)).toOpaque()
            return DMT_OK
          } catch {
            return error.report()
          }
        },
        scratch_bytes: { handle, batch, values in
          guard let handle, batch >= 0, values >= 0, values < 1 << 40 else { return 0 }
          return Unmanaged<EmbeddingPlan>.fromOpaque(handle)._withUnsafeGuaranteedRef { plan in
            Int64(plan.scratchBytes(batch: Int(batch), values: Int(values)))
          }
        },
        forward: { EmbeddingTable.run($0, $1, readsOutputs: true, Lookup.run) },
        dedup: { EmbeddingTable.run($0, $1, readsOutputs: false, Dedup.run) },
        update: { EmbeddingTable.run($0, $1, readsOutputs: true, RowUpdate.update) },
        row_gradients: { EmbeddingTable.run($0, $1, readsOutputs: true, RowUpdate.rowGradients) },
        release: { handle in
          if let handle { Unmanaged<EmbeddingPlan>.fromOpaque(handle).release() }
        }))
    return UnsafePointer(table)
  }()
}
