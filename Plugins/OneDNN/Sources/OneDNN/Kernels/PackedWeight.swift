internal import CDNNL
internal import DMTPluginKit

/// A weight in the layout that a primitive likes best, made again when the parameters' version changes.
final class PackedWeight {
  private let call: PreparedCall
  private let scratch: UnsafeMutableRawPointer?
  private let memory: UnsafeMutableRawPointer
  private var packed: (source: UnsafePointer<Float>, version: UInt64)?

  /// The packed weight.
  var pointer: UnsafePointer<Float> { UnsafePointer(memory.assumingMemoryBound(to: Float.self)) }

  /// - Parameters:
  ///   - layout: how the host stores the weight.
  ///   - packedLayout: what a primitive chose.
  init(from layout: dnnl_memory_desc_t, to packedLayout: dnnl_memory_desc_t) throws(DMTError) {
    let primitive = try Primitive.reorder(from: layout, to: packedLayout)
    call = try PreparedCall(primitive, [(DNNL_ARG_SRC_0, layout), (DNNL_ARG_DST_0, packedLayout)])
    let bytes = withUnsafePointer(to: packedLayout) { dnnl_memory_desc_get_size($0) }
    memory = .allocate(byteCount: max(bytes, 64), alignment: 64)
    scratch =
      primitive.scratchpadBytes > 0 ? .allocate(byteCount: primitive.scratchpadBytes, alignment: 64) : nil
  }

  deinit {
    memory.deallocate()
    scratch?.deallocate()
  }

  /// Packs the weight unless this version of it is packed already.
  func refresh(from weight: UnsafePointer<Float>, version: UInt64) throws(DMTError) {
    if let packed, packed.source == weight, packed.version == version { return }
    call.bind(0, weight)
    call.bind(1, pointer)
    let status = LibraryThreads.limited { call.execute(scratch: scratch) }
    packed = nil
    try Library.check(status, "packing a weight")
    packed = (weight, version)
  }
}
