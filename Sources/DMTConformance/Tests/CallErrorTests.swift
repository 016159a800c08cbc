internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// Calls that break the contract: each has to fail with a message, and none may end the process.
enum CallErrorTests {
  static let all = [
    ConformanceTest(
      "call.null", "A call with NULL where something must be fails with a message.",
      .components(["backend", "operator"])
    ) { context in
      let subject = try KernelSubject(context)
      let plan = try subject.plan()
      defer { subject.kernels.release?(plan.handle) }
      let memory = CallMemory(subject, plan)
      for (what, change) in mistakes(plan, subject) {
        var call = memory.call
        change(&call)
        context.phase("calling forward with \(what)")
        let (status, message) = SubjectPlugin.status { subject.kernels.forward(plan.handle, &call) }
        subject.expectFailure(status, message, "forward with \(what)")
      }
      context.phase("calling forward at NULL")
      let (status, message) = SubjectPlugin.status { subject.kernels.forward(plan.handle, nil) }
      subject.expectFailure(status, message, "a call at NULL")
      context.phase("calling forward as it should be")
      var call = memory.call
      let (good, why) = SubjectPlugin.status { subject.kernels.forward(plan.handle, &call) }
      context.expect(good == DMT_OK, "after calls that were refused a right one fails: \(why)")
      guard let backward = subject.kernels.backward else { return }
      context.phase("calling backward with its output gradients at NULL")
      var wrong = memory.call
      wrong.grad_outputs = nil
      let (refused, text) = SubjectPlugin.status { backward(plan.handle, &wrong) }
      subject.expectFailure(refused, text, "backward with its output gradients at NULL")
    },
    ConformanceTest(
      "bind.requests", "Requests that break the contract are refused with a message.",
      .components(["embedding", "update", "optimizer"])
    ) { context in
      switch try context.tested().kind {
      case "embedding": try embeddingRequests(context)
      case "update": try updateRequests(context)
      default: try OptimizerTests.requests(context)
      }
    },
  ]

  private typealias Mistake = (what: String, change: (inout dmt_kernel_call) -> Void)

  private static func mistakes(_ plan: dmt_kernel_plan, _ subject: KernelSubject) -> [Mistake] {
    var list: [Mistake] = [
      ("struct_size 0", { $0.struct_size = 0 }), ("inputs at NULL", { $0.inputs = nil }),
      ("outputs at NULL", { $0.outputs = nil }),
    ]
    if !subject.workload.request.parameters.isEmpty { list.append(("parameters at NULL", { $0.parameters = nil })) }
    if plan.saved_bytes > 0 { list.append(("saved at NULL", { $0.saved = nil })) }
    if plan.scratch_bytes > 0 { list.append(("scratch at NULL", { $0.scratch = nil })) }
    return list
  }

  private static func embeddingRequests(_ context: TestContext) throws {
    let plugin = try SubjectPlugin(context)
    guard let workload = try ComponentWorkloads.smallest(context, plugin) as? EmbeddingWorkload else { return }
    let table = try plugin.table(context.tested(), as: dmt_embedding.self).pointee
    let arena = ContractArena()
    let right = arena.request(workload.request)
    func bind(_ what: String, _ request: UnsafePointer<dmt_embedding_request>?) {
      var plan = dmt_embedding_plan()
      plan.struct_size = UInt32(MemoryLayout<dmt_embedding_plan>.size)
      self.expectRefused(context, what) {
        table.bind(table.ctx, request, &plan)
      } release: {
        table.release(plan.handle)
      }
    }
    func expectRefused(_ what: String, _ change: (inout dmt_embedding_request) -> Void) {
      var request = right
      change(&request)
      bind(what, &request)
    }
    bind("a request at NULL", nil)
    expectRefused("struct_size 0") { $0.struct_size = 0 }
    expectRefused("tables at NULL") { $0.tables = nil }
    expectRefused("features at NULL") { $0.features = nil }
    expectRefused("-1 tables") { $0.table_count = -1 }
    expectRefused("a table of -5 rows") {
      $0.tables = arena.array([dmt_table](repeating: .init(rows: -5, dim: 4, reserved: 0), count: 4))
    }
    expectRefused("a table of 0 columns") {
      $0.tables = arena.array([dmt_table](repeating: .init(rows: 5, dim: 0, reserved: 0), count: 4))
    }
    expectRefused("a feature of table 99") { request in
      var features = Array(UnsafeBufferPointer(start: request.features, count: Int(request.feature_count)))
      features[0].table = 99
      request.features = arena.array(features)
    }
    expectRefused("pooling 7") { request in
      var features = Array(UnsafeBufferPointer(start: request.features, count: Int(request.feature_count)))
      features[0].pooling = 7
      request.features = arena.array(features)
    }
    expectRefused("element type int8") { $0.dtype = dmt_dtype(code: UInt8(DMT_DTYPE_INT), bits: 8, lanes: 1) }
    expectRefused("optimizer 'no_such'") { $0.optimizer = arena.text("no_such") }
  }

  private static func updateRequests(_ context: TestContext) throws {
    let plugin = try SubjectPlugin(context)
    guard let workload = try ComponentWorkloads.smallest(context, plugin) as? UpdateWorkload else { return }
    let table = try plugin.table(context.tested(), as: dmt_update.self).pointee
    let arena = ContractArena()
    let right = arena.request(workload.request)
    func expectRefused(_ what: String, _ change: (inout dmt_update_request) -> Void) {
      var request = right
      change(&request)
      var plan = dmt_update_plan()
      plan.struct_size = UInt32(MemoryLayout<dmt_update_plan>.size)
      self.expectRefused(context, what) {
        table.bind(table.ctx, &request, &plan)
      } release: {
        table.release(plan.handle)
      }
    }
    expectRefused("struct_size 0") { $0.struct_size = 0 }
    expectRefused("sizes at NULL") { $0.sizes = nil }
    expectRefused("-1 tensors") { $0.tensor_count = -1 }
    expectRefused("a tensor of -3 elements") { $0.sizes = arena.array([Int64](repeating: -3, count: 5)) }
    expectRefused("element type int8") { $0.dtype = dmt_dtype(code: UInt8(DMT_DTYPE_INT), bits: 8, lanes: 1) }
    expectRefused("optimizer 'no_such'") { $0.optimizer = arena.text("no_such") }
    expectRefused("an optimizer without a name") { $0.optimizer = arena.text("") }
  }

  /// Binds what must be refused with a message; what is accepted all the same is released.
  static func expectRefused(
    _ context: TestContext, _ what: String, bind: () -> dmt_status, release: () -> Void
  ) {
    context.phase("binding \(what)")
    let (status, message) = SubjectPlugin.status(bind)
    if status == DMT_OK { release() }
    context.expect(status != DMT_OK, "\(what) is accepted")
    context.expect(
      status == DMT_OK || !message.isEmpty, "\(what) is refused with status \(status) and no message (set_error)")
  }
}
