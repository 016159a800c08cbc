internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// An ``UpdateBackend`` behind a `dmt_update` table.
final class UpdateTable: Sendable {
  private let backend: any UpdateBackend

  private init(_ backend: any UpdateBackend) { self.backend = backend }

  /// The table, for as long as the process lives.
  static func make(_ backend: any UpdateBackend) -> UnsafeRawPointer {
    let table = UnsafeMutablePointer<dmt_update>.allocate(capacity: 1)
    table.initialize(
      to: dmt_update(
        struct_size: SizedStruct.size(of: dmt_update.self), revision: 1,
        ctx: Unmanaged.passRetained(UpdateTable(backend)).toOpaque(),
        supports: { context, request in
          guarded { () throws(DMTError) in
            let support = try UpdateTable.at(context).backend.support(for: UpdateRequest(copying: request))
            if !support.isServed { throw DMTError(.unsupported, support.reason) }
          }
        },
        bind: { context, request, plan in
          guarded { () throws(DMTError) in try UpdateTable.at(context).bind(request, plan) }
        },
        update: { handle, call in
          guard let handle, let call else { return PluginContext.fail(missing("the plan or the call")) }
          return Unmanaged<UpdateHandle>.fromOpaque(handle)._withUnsafeGuaranteedRef { $0.update(call) }
        },
        release: { handle in
          if let handle { Unmanaged<UpdateHandle>.fromOpaque(handle).release() }
        }))
    return UnsafeRawPointer(table)
  }

  private static func at(_ context: UnsafeMutableRawPointer?) throws(DMTError) -> UpdateTable {
    guard let context else { throw missing("the update backend's ctx") }
    return Unmanaged<UpdateTable>.fromOpaque(context).takeUnretainedValue()
  }

  private func bind(
    _ pointer: UnsafePointer<dmt_update_request>?, _ answer: UnsafeMutablePointer<dmt_update_plan>?
  ) throws(DMTError) {
    let request = try UpdateRequest(copying: pointer)
    guard answer != nil else { throw missing("the place for the plan") }
    let states = try request.optimizer.states().count
    let handle = UpdateHandle(try backend.bind(request), request: request, states: states)
    try SizedStruct.handOver(handle, as: dmt_update_plan(), \.handle, to: answer)
  }
}

/// A bound plan behind a handle: checks a call's pointers, then runs the kernel.
private final class UpdateHandle {
  private let kernel: any UpdateKernel
  private let sizes: [Int]
  private let states: Int

  init(_ kernel: any UpdateKernel, request: UpdateRequest, states: Int) {
    self.kernel = kernel
    sizes = request.sizes
    self.states = states
  }

  func update(_ call: UnsafePointer<dmt_update_call>) -> dmt_status {
    if let problem = problem(in: call) {
      return PluginContext.fail(DMTError(.invalidArgument, "the update call: \(problem)"))
    }
    return guarded { () throws(DMTError) in try kernel.update(call) }
  }

  private func problem(in call: UnsafePointer<dmt_update_call>) -> StaticString? {
    let given = call.pointee
    guard SizedStruct.isWhole(given.struct_size, dmt_update_call.self) else { return "struct_size is too small" }
    if sizes.isEmpty { return nil }
    guard let parameters = given.parameters, let gradients = given.gradients else {
      return "parameters or gradients is NULL"
    }
    guard states == 0 || given.states != nil else { return "states is NULL" }
    for index in sizes.indices where sizes[index] > 0 {
      if parameters[index] == nil || gradients[index] == nil { return "a parameter or its gradient is NULL" }
      for state in 0..<states where given.states[index * states + state] == nil { return "a state is NULL" }
    }
    return nil
  }
}
