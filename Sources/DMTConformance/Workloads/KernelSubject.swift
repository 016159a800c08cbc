internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// The kernel table of the component under test as the plugin gives it, to be called with what the host never sends.
struct KernelSubject {
  let plugin: SubjectPlugin
  let kernels: dmt_kernels
  /// What it is bound to; the first that it serves.
  let workload: KernelWorkload
  private let context: TestContext
  private let arena = ContractArena()

  init(_ context: TestContext) throws {
    plugin = try SubjectPlugin(context)
    workload = try KernelWorkloads(context, plugin).smallest[0]
    self.context = context
    let component = try context.tested()
    let table =
      component.kind == "backend"
      ? try plugin.table(component, as: dmt_backend.self).pointee.kernels
      : try plugin.table(component, as: dmt_operator.self).pointee.kernels
    guard let table else { throw DMTError(.pluginFailed, "its kernels are NULL") }
    kernels = table.pointee
  }

  /// The request that is right.
  func request() throws -> dmt_kernel_request { try arena.request(workload.request) }

  func bind(
    _ request: UnsafePointer<dmt_kernel_request>?
  ) -> (status: dmt_status, message: String, handle: UnsafeMutableRawPointer?) {
    var plan = dmt_kernel_plan()
    plan.struct_size = UInt32(MemoryLayout<dmt_kernel_plan>.size)
    let (status, message) = SubjectPlugin.status { kernels.bind(kernels.ctx, request, &plan) }
    return (status, message, plan.handle)
  }

  /// A plan and the memory sizes that it wants.
  func plan() throws -> dmt_kernel_plan {
    var request = try request()
    var plan = dmt_kernel_plan()
    plan.struct_size = UInt32(MemoryLayout<dmt_kernel_plan>.size)
    let (status, message) = SubjectPlugin.status { kernels.bind(kernels.ctx, &request, &plan) }
    guard status == DMT_OK else { throw DMTError(.pluginFailed, "it does not bind \(workload.name): \(message)") }
    return plan
  }

  func expectRefused(_ mistakes: [BindErrorTests.Mistake]) throws {
    for mistake in mistakes {
      var request = try request()
      mistake.make(&request, arena)
      expectRefused(mistake.what, request)
    }
  }

  /// supports may answer anything and bind must refuse; neither may end the process.
  func expectRefused(_ what: String, _ request: dmt_kernel_request?) {
    context.phase("asking supports about \(what)")
    var support = dmt_support()
    support.struct_size = UInt32(MemoryLayout<dmt_support>.size)
    func call<Result>(_ body: (UnsafePointer<dmt_kernel_request>?) -> Result) -> Result {
      guard let request else { return body(nil) }
      return withUnsafePointer(to: request) { body($0) }
    }
    _ = SubjectPlugin.status { call { kernels.supports(kernels.ctx, $0, &support) } }
    context.phase("binding \(what)")
    let (status, message, handle) = call { bind($0) }
    if status == DMT_OK { kernels.release?(handle) }
    expectFailure(status, message, what)
  }

  func expectFailure(_ status: dmt_status, _ message: String, _ what: String) {
    context.expect(status != DMT_OK, "\(what) is accepted (\(workload.name))")
    context.expect(
      status == DMT_OK || !message.isEmpty, "\(what) is refused with status \(status) and no message (set_error)")
  }
}
