internal import CDMTPlugin

/// The contract's table of `dmt.update/1` over `UpdatePlan`.
enum UpdateTable {
  private static func plan(_ raw: UnsafePointer<dmt_update_request>?) throws(Failure) -> UpdatePlan {
    guard let raw, raw.pointee.struct_size >= FirstSizes.updateRequest else {
      throw .invalid("the request is NULL or shorter than contract 1.0 has it")
    }
    return try UpdatePlan(raw)
  }

  /// The table, made once.
  nonisolated(unsafe) static let table: UnsafePointer<dmt_update> = {
    let table = UnsafeMutablePointer<dmt_update>.allocate(capacity: 1)
    table.initialize(
      to: dmt_update(
        struct_size: UInt32(MemoryLayout<dmt_update>.size), revision: 1, ctx: nil,
        supports: { _, raw in
          do throws(Failure) {
            _ = try UpdateTable.plan(raw)
            return DMT_OK
          } catch {
            return error.report()
          }
        },
        bind: { _, raw, result in
          do throws(Failure) {
            guard let result else { throw .invalid("bind: the plan is NULL") }
            result.pointee.handle = Unmanaged.passRetained(try UpdateTable.plan(raw)).toOpaque()
            return DMT_OK
          } catch {
            return error.report()
          }
        },
        update: { handle, call in
          guard let handle, let call, call.pointee.struct_size >= FirstSizes.updateCall else {
            return Failure.invalid("the plan or the call is NULL, or shorter than contract 1.0 has it").report()
          }
          return Unmanaged<UpdatePlan>.fromOpaque(handle)._withUnsafeGuaranteedRef { plan in
            if let missing = plan.update(call.pointee) { return Failure.invalid("\(missing)").report() }
            return DMT_OK
          }
        },
        release: { handle in
          if let handle { Unmanaged<UpdatePlan>.fromOpaque(handle).release() }
        }))
    return UnsafePointer(table)
  }()
}
