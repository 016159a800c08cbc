import CDMTPlugin
import DMTCore

/// The formulas of one operator at known shapes, for both element types.
protocol ReferenceOperation: SendableMetatype {
  /// Checks shapes and attributes.
  init(_ request: CheckedRequest) throws(DMTError)
  /// Doubles that forward leaves for backward.
  var savedCount: Int { get }
  /// Doubles of working memory of one call.
  var scratchCount: Int { get }
  func forward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError)
  func backward<Scalar: ReferenceScalar>(_ call: Arguments<Scalar>) throws(DMTError)
}

extension ReferenceOperation {
  var savedCount: Int { 0 }
  var scratchCount: Int { 0 }
}

/// A plan of the reference backend.
///
/// It is not generic itself but holds two closures, because a generic class would call unspecialised code through its
/// witness table, some fifty times slower.
final class ReferenceKernel: Kernel {
  typealias Body = (dmt_kernel_call) throws(DMTError) -> Void

  let savedBytes: Int
  let scratchBytes: Int
  private let op: String
  private let forwardBody: Body
  private let backwardBody: Body

  init<Operation: ReferenceOperation, Scalar: ReferenceScalar>(
    _ operation: Operation, _ request: CheckedRequest, _: Scalar.Type
  ) {
    let sizes = BoundSizes(
      op: request.op, inputs: request.request.inputs.map(CheckedRequest.count),
      parameters: request.request.parameters.map(CheckedRequest.count),
      output: request.request.outputs.first.map(CheckedRequest.count) ?? 0,
      savedCount: operation.savedCount, scratchCount: operation.scratchCount)
    op = request.op
    savedBytes = sizes.savedCount * MemoryLayout<Double>.size
    scratchBytes = sizes.scratchCount * MemoryLayout<Double>.size
    forwardBody = { call throws(DMTError) in try operation.forward(Arguments<Scalar>(call, sizes)) }
    backwardBody = { call throws(DMTError) in try operation.backward(Arguments<Scalar>(call, sizes)) }
  }

  func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    try checkSize(call)
    try forwardBody(call.pointee)
  }

  func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    try checkSize(call)
    try backwardBody(call.pointee)
  }

  private func checkSize(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {
    guard Int(call.pointee.struct_size) >= MemoryLayout<dmt_kernel_call>.size else {
      throw DMTError(
        .invalidArgument,
        "operator \(op) was called with a struct of \(call.pointee.struct_size) bytes, expected "
          + "\(MemoryLayout<dmt_kernel_call>.size)")
    }
  }
}
