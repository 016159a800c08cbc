public import CDMTPlugin

/// A plan: an operator bound to shapes, run many times. Never used by two threads at once.
///
/// The calls take the contract's own struct, which the runtime fills once and uses again every step: a call costs no
/// conversion and no allocation, whether the kernel is in the process or in a plugin. The meaning of every field stands
/// in `dmt/kernel.h`.
public protocol Kernel: AnyObject {
  /// Bytes that forward writes and backward reads.
  var savedBytes: Int { get }
  /// Bytes of working memory of one call.
  var scratchBytes: Int { get }
  /// Computes every element of the outputs.
  func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError)
  /// Computes the wanted gradients from those of the outputs.
  func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError)
}

/// Kernels for operators.
public protocol Backend: Sendable {
  /// The name in manifests: `onednn`.
  var name: String { get }
  /// Whether and how well the request is served, forward and (when training) backward.
  func support(for request: KernelRequest) -> KernelSupport
  /// A plan for the request.
  ///
  /// - Throws: ``DMTError/Code/unsupported`` when the request is not served.
  func bind(_ request: KernelRequest) throws(DMTError) -> any Kernel
}
