internal import CDMTPlugin

/// The contract's table of kernels over `KernelPlan`.
enum KernelTable {
  /// The plan that serves a request.
  static func plan(_ request: Request) throws(Failure) -> KernelPlan {
    switch request.op {
    case "linear": try LinearPlan(checking: request)
    case "matmul": try MatmulPlan(checking: request)
    case "add": try BroadcastPlan(checking: request, .sum)
    case "sub": try BroadcastPlan(checking: request, .difference)
    case "mul": try BroadcastPlan(checking: request, .product)
    case "concat": try ConcatPlan(checking: request)
    case "slice": try SlicePlan(checking: request)
    case "reshape": try ReshapePlan(checking: request)
    case "transpose": try TransposePlan(checking: request)
    case "reduce_sum": try ReducePlan(checking: request, isMean: false)
    case "reduce_mean": try ReducePlan(checking: request, isMean: true)
    case "softmax": try SoftmaxPlan(checking: request)
    case "scale": try ElementwisePlan(checking: request, .scale)
    case "relu": try ElementwisePlan(checking: request, .relu)
    case "sigmoid": try ElementwisePlan(checking: request, .sigmoid)
    case "tanh": try ElementwisePlan(checking: request, .tanh)
    case "gelu": try ElementwisePlan(checking: request, .gelu)
    case "layer_norm": try LayerNormPlan(checking: request)
    case "dropout": try DropoutPlan(checking: request)
    case "dot_interaction": try DotInteractionPlan(checking: request)
    case "cross": try CrossPlan(checking: request)
    case "fm": try FMPlan(checking: request)
    case "bce_with_logits": try BCEPlan(checking: request)
    default: throw .unserved("operator \(request.op) is not one of opset 1's")
    }
  }

  private static func checked(_ raw: UnsafePointer<dmt_kernel_request>?) throws(Failure) -> Request {
    guard let raw, raw.pointee.struct_size >= FirstSizes.kernelRequest else {
      throw .invalid("the request is NULL or shorter than contract 1.0 has it")
    }
    guard raw.pointee.op_revision == 1 else {
      throw .unserved("these kernels are for revision 1 of \(raw.pointee.op.string), found \(raw.pointee.op_revision)")
    }
    return try Request(raw)
  }

  private static let supports:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<dmt_kernel_request>?, UnsafeMutablePointer<dmt_support>?
    ) -> dmt_status = { _, raw, support in
      guard let support else { return Failure.invalid("supports: the answer is NULL").report() }
      do throws(Failure) {
        let request = try KernelTable.checked(raw)
        let plan = try KernelTable.plan(request)
        support.pointee.score = 70
        support.pointee.reason =
          plan is LinearPlan || plan is MatmulPlan ? KernelTable.productReason : KernelTable.kernelReason
      } catch {
        if error.status != DMT_UNIMPLEMENTED { return error.report() }
        support.pointee.score = 0
        support.pointee.reason = dmt_str("not float32, or not an operator of opset 1")
      }
      return DMT_OK
    }

  private static let bind:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<dmt_kernel_request>?, UnsafeMutablePointer<dmt_kernel_plan>?
    ) -> dmt_status = { _, raw, result in
      do throws(Failure) {
        guard let result else { throw .invalid("bind: the plan is NULL") }
        let plan = try KernelTable.plan(try KernelTable.checked(raw))
        (result.pointee.saved_bytes, result.pointee.scratch_bytes) = plan.prepare()
        result.pointee.handle = Unmanaged.passRetained(plan).toOpaque()
        return DMT_OK
      } catch {
        return error.report()
      }
    }

  private static func run(
    _ handle: UnsafeMutableRawPointer?, _ raw: UnsafePointer<dmt_kernel_call>?, backward: Bool
  ) -> dmt_status {
    guard let handle, let raw, raw.pointee.struct_size >= FirstSizes.kernelCall else {
      return Failure.invalid("the plan or the call is NULL, or shorter than contract 1.0 has it").report()
    }
    return Unmanaged<KernelPlan>.fromOpaque(handle)._withUnsafeGuaranteedRef { plan in
      let call = KernelCall(raw: raw)
      if let missing = backward ? plan.checkBackward(call) : plan.checkForward(call) {
        return Failure.invalid("\(missing)").report()
      }
      if backward { plan.backward(call) } else { plan.forward(call) }
      return DMT_OK
    }
  }

  /// The table, made once.
  nonisolated(unsafe) static let table: UnsafePointer<dmt_kernels> = {
    let table = UnsafeMutablePointer<dmt_kernels>.allocate(capacity: 1)
    table.initialize(
      to: dmt_kernels(
        struct_size: UInt32(MemoryLayout<dmt_kernels>.size), reserved: 0, ctx: nil, supports: supports, bind: bind,
        forward: { KernelTable.run($0, $1, backward: false) }, backward: { KernelTable.run($0, $1, backward: true) },
        release: { handle in
          if let handle { Unmanaged<KernelPlan>.fromOpaque(handle).release() }
        }))
    return UnsafePointer(table)
  }()

  #if DMT_ISA_V4
    private static var productReason: dmt_str { dmt_str("own product kernel, AVX-512") }
    private static var kernelReason: dmt_str { dmt_str("own kernel, AVX-512") }
  #elseif DMT_ISA_V3
    private static var productReason: dmt_str { dmt_str("own product kernel, AVX2 and FMA") }
    private static var kernelReason: dmt_str { dmt_str("own kernel, AVX2 and FMA") }
  #else
    private static var productReason: dmt_str { dmt_str("own product kernel, baseline vectors") }
    private static var kernelReason: dmt_str { dmt_str("own kernel, baseline vectors") }
  #endif
}
