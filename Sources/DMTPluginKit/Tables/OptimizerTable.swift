internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// An ``Optimizer`` behind a `dmt_optimizer` table.
final class OptimizerTable: Sendable {
  private let optimizer: any Optimizer

  private init(_ optimizer: any Optimizer) { self.optimizer = optimizer }

  /// The table, for as long as the process lives.
  static func make(_ optimizer: any Optimizer) -> UnsafeRawPointer {
    let texts = ContractArena()
    let table = UnsafeMutablePointer<dmt_optimizer>.allocate(capacity: 1)
    table.initialize(
      to: dmt_optimizer(
        struct_size: SizedStruct.size(of: dmt_optimizer.self), revision: 1,
        ctx: Unmanaged.passRetained(OptimizerTable(optimizer)).toOpaque(), name: texts.text(optimizer.name),
        summary: texts.text(optimizer.summary), attributes: texts.schema(optimizer.attributes),
        learning_rate: optimizer.learningRate,
        describe: { context, attributes, layout in
          guarded { () throws(DMTError) in try OptimizerTable.at(context).describe(attributes, layout) }
        },
        bind: { context, request, plan in
          guarded { () throws(DMTError) in try OptimizerTable.at(context).bind(request, plan) }
        }, update_elements: nil, sum_rows: nil, update_rows: nil,
        release: { handle in
          if let handle { Unmanaged<OptimizerHandle>.fromOpaque(handle).release() }
        }))
    if optimizer.servesDense {
      table.pointee.update_elements = { handle, call in
        OptimizerHandle.run(handle, call) { $0.updateElements($1) }
      }
    }
    if optimizer.servesTables {
      table.pointee.update_rows = { handle, call in
        OptimizerHandle.run(handle, call) { $0.updateRows($1) }
      }
    }
    if optimizer.sumsRows {
      table.pointee.sum_rows = { handle, call in
        OptimizerHandle.run(handle, call) { $0.sumRows($1) }
      }
    }
    _ = Unmanaged.passRetained(texts)
    return UnsafeRawPointer(table)
  }

  private static func at(_ context: UnsafeMutableRawPointer?) throws(DMTError) -> OptimizerTable {
    guard let context else { throw missing("the optimizer's ctx") }
    return Unmanaged<OptimizerTable>.fromOpaque(context).takeUnretainedValue()
  }

  private func describe(
    _ pointer: UnsafePointer<dmt_attrs>?, _ answer: UnsafeMutablePointer<dmt_optimizer_layout>?
  ) throws(DMTError) {
    guard let pointer else { throw missing("the attributes") }
    let layout = try layout(Attributes(copying: pointer.pointee))
    try SizedStruct.write(ThreadTexts.renew().layout(layout), to: answer, "the place for the states")
  }

  private func layout(_ attributes: Attributes) throws(DMTError) -> OptimizerLayout {
    let layout = try optimizer.layout(attributes)
    try layout.check(sumsRows: optimizer.sumsRows)
    return layout
  }

  private func bind(
    _ pointer: UnsafePointer<dmt_optimizer_request>?, _ answer: UnsafeMutablePointer<dmt_optimizer_plan>?
  ) throws(DMTError) {
    let request = try OptimizerRequest(copying: pointer)
    guard answer != nil else { throw missing("the place for the plan") }
    let layout = try layout(request.attributes)
    let handle = OptimizerHandle(try optimizer.bind(request), layout: layout)
    try SizedStruct.handOver(handle, as: dmt_optimizer_plan(), \.handle, to: answer)
  }
}

/// A bound rule behind a handle: checks a call's pointers, then runs the kernel.
private final class OptimizerHandle {
  private let kernel: any OptimizerKernel
  private let stateCount: Int
  private let sumCount: Int

  init(_ kernel: any OptimizerKernel, layout: OptimizerLayout) {
    self.kernel = kernel
    stateCount = layout.states.count
    sumCount = layout.rowSumCount
  }

  @inline(__always)
  static func run<Call>(
    _ handle: UnsafeMutableRawPointer?, _ call: UnsafePointer<Call>?,
    _ body: (OptimizerHandle, UnsafePointer<Call>) -> dmt_status
  ) -> dmt_status {
    guard let handle, let call else { return PluginContext.fail(missing("the plan or the call")) }
    return Unmanaged<OptimizerHandle>.fromOpaque(handle)._withUnsafeGuaranteedRef { body($0, call) }
  }

  func updateElements(_ call: UnsafePointer<dmt_optimizer_elements>) -> dmt_status {
    let given = call.pointee
    var problem: StaticString?
    if !SizedStruct.isWhole(given.struct_size, dmt_optimizer_elements.self) { problem = "struct_size is too small" }
    if given.count < 1 { problem = "count is below 1" }
    if given.parameters == nil || given.gradients == nil { problem = "parameters or gradients is NULL" }
    if !hasStates(given.states) { problem = "a state is NULL" }
    if let problem { return refuse(problem) }
    return guarded { () throws(DMTError) in try kernel.updateElements(call) }
  }

  func sumRows(_ call: UnsafePointer<dmt_optimizer_rows>) -> dmt_status {
    if let problem = problem(in: call.pointee) { return refuse(problem) }
    return guarded { () throws(DMTError) in try kernel.sumRows(call) }
  }

  func updateRows(_ call: UnsafePointer<dmt_optimizer_rows>) -> dmt_status {
    if let problem = problem(in: call.pointee) { return refuse(problem) }
    return guarded { () throws(DMTError) in try kernel.updateRows(call) }
  }

  private func problem(in given: dmt_optimizer_rows) -> StaticString? {
    if !SizedStruct.isWhole(given.struct_size, dmt_optimizer_rows.self) { return "struct_size is too small" }
    if given.row_count < 1 || given.columns < 0 || given.whole_columns < given.columns { return "its counts are wrong" }
    if given.rows == nil || given.parameters == nil || given.gradients == nil {
      return "rows, parameters or gradients is NULL"
    }
    if sumCount > 0, given.sums == nil { return "sums is NULL" }
    return hasStates(given.states) ? nil : "a state is NULL"
  }

  private func hasStates(_ states: UnsafePointer<UnsafeMutableRawPointer?>?) -> Bool {
    guard stateCount > 0 else { return true }
    guard let states else { return false }
    for state in 0..<stateCount where states[state] == nil { return false }
    return true
  }

  private func refuse(_ problem: StaticString) -> dmt_status {
    PluginContext.fail(DMTError(.invalidArgument, "the update call: \(problem)"))
  }
}
