internal import CDMTHostShims
public import CDMTPlugin
internal import DMTBridge
public import DMTCore

/// The `dmt_kernels` table of a plugin.
struct PluginKernels: @unchecked Sendable {
  let owner: ComponentOwner
  private let context: UnsafeMutableRawPointer?
  private let supports:
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<dmt_kernel_request>?, UnsafeMutablePointer<dmt_support>?) ->
      dmt_status
  private let bind:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<dmt_kernel_request>?, UnsafeMutablePointer<dmt_kernel_plan>?
    ) -> dmt_status
  private let forward: PluginKernel.Function
  private let backward: PluginKernel.Function?
  private let release: @convention(c) (UnsafeMutableRawPointer?) -> Void

  /// Reads the table and checks that it has what it must.
  init(_ pointer: UnsafePointer<dmt_kernels>?, owner: ComponentOwner) throws(DMTError) {
    let table = try owner.reading("load") { () throws(DMTError) in try SizedStruct.read(pointer, "its kernel table") }
    guard let supports = table.supports, let bind = table.bind, let forward = table.forward, let release = table.release
    else { throw owner.broken("its kernel table lacks supports, bind, forward or release", "load") }
    self.owner = owner
    context = table.ctx
    self.supports = supports
    self.bind = bind
    self.forward = forward
    self.backward = table.backward
    self.release = release
  }

  /// Whether and how well the request is served; a failure is a reason.
  func support(for request: KernelRequest) -> KernelSupport {
    do throws(DMTError) {
      if request.isTraining, backward == nil { return KernelSupport(score: 0, reason: "has no backward") }
      let arena = ContractArena()
      var contractRequest = try arena.request(request)
      var answer = dmt_support()
      answer.struct_size = SizedStruct.size(of: dmt_support.self)
      try owner.call("supports") { supports(context, &contractRequest, &answer) }
      let reason = try owner.reading("supports") { () throws(DMTError) in
        try String(copying: answer.reason, "its reason for operator \(request.op)")
      }
      return KernelSupport(score: max(0, Int(answer.score)), reason: reason.isEmpty ? "gives no reason" : reason)
    } catch {
      return KernelSupport(score: 0, reason: error.message)
    }
  }

  /// A plan for the request.
  func plan(_ request: KernelRequest) throws(DMTError) -> PluginKernel {
    if request.isTraining, backward == nil {
      throw DMTError(.unsupported, "operator \(request.op) has no backward", place: owner.place("bind"))
    }
    let arena = ContractArena()
    var contractRequest = try arena.request(request)
    var plan = dmt_kernel_plan()
    plan.struct_size = SizedStruct.size(of: dmt_kernel_plan.self)
    try owner.call("bind") { bind(context, &contractRequest, &plan) }
    let most: Int64 = 1 << 46
    guard (0...most).contains(plan.saved_bytes), (0...most).contains(plan.scratch_bytes) else {
      release(plan.handle)
      throw owner.broken(
        "its plan for operator \(request.op) wants \(plan.saved_bytes) bytes saved and \(plan.scratch_bytes) bytes scratch",
        "bind")
    }
    return PluginKernel(
      owner: owner, handle: plan.handle, savedBytes: Int(plan.saved_bytes), scratchBytes: Int(plan.scratch_bytes),
      forward: forward, backward: backward, release: release)
  }
}

/// A plan of a plugin; a call goes straight to the plugin's function, converted and allocated nothing.
public final class PluginKernel: Kernel {
  typealias Function = @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<dmt_kernel_call>?) -> dmt_status

  public let savedBytes: Int
  public let scratchBytes: Int
  private let owner: ComponentOwner
  private let site: UnsafePointer<dmt_call_site>
  private let handle: UnsafeMutableRawPointer?
  private let forwardFunction: Function
  private let backwardFunction: Function?
  private let releaseFunction: @convention(c) (UnsafeMutableRawPointer?) -> Void

  init(
    owner: ComponentOwner, handle: UnsafeMutableRawPointer?, savedBytes: Int, scratchBytes: Int,
    forward: Function, backward: Function?, release: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void
  ) {
    self.owner = owner
    site = owner.site
    self.handle = handle
    self.savedBytes = savedBytes
    self.scratchBytes = scratchBytes
    forwardFunction = forward
    backwardFunction = backward
    releaseFunction = release
  }

  deinit { CrashReport.noting(site, "release") { releaseFunction(handle) } }

  public func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    let status = CrashReport.noting(site, "forward") { forwardFunction(handle, call) }
    if status != DMT_OK { throw owner.failure(status, "forward") }
  }

  public func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    guard let backwardFunction else {
      throw DMTError(.unsupported, "the kernel has no backward", place: owner.place("backward"))
    }
    let status = CrashReport.noting(site, "backward") { backwardFunction(handle, call) }
    if status != DMT_OK { throw owner.failure(status, "backward") }
  }
}
