internal import CDNNL
internal import DMTPluginKit

/// Memory descriptors: shape and layout of a float32 tensor as oneDNN wants them.
enum Layout {
  /// Compact row-major.
  static func rowMajor(_ dims: [Int]) throws(DMTError) -> dnnl_memory_desc_t {
    var strides = [Int](repeating: 1, count: dims.count)
    for axis in stride(from: dims.count - 2, through: 0, by: -1) { strides[axis] = strides[axis + 1] * dims[axis + 1] }
    return try strided(dims, strides)
  }

  /// Any distance between neighbours on each axis.
  static func strided(_ dims: [Int], _ strides: [Int]) throws(DMTError) -> dnnl_memory_desc_t {
    var descriptor = dnnl_memory_desc_t()
    let extents = dims.map(Int64.init)
    let distances = strides.map(Int64.init)
    try Library.check(
      dnnl_memory_desc_init_by_strides(&descriptor, Int32(dims.count), extents, dnnl_f32, distances),
      "the memory descriptor of \(Shape(dims))")
    return descriptor
  }

  /// Whatever layout the primitive likes best.
  static func any(_ dims: [Int]) throws(DMTError) -> dnnl_memory_desc_t {
    var descriptor = dnnl_memory_desc_t()
    try Library.check(
      dnnl_memory_desc_init_by_tag(&descriptor, Int32(dims.count), dims.map(Int64.init), dnnl_f32, dnnl_format_tag_any),
      "the memory descriptor of \(Shape(dims))")
    return descriptor
  }

  static func areEqual(_ a: dnnl_memory_desc_t, _ b: dnnl_memory_desc_t) -> Bool {
    withUnsafePointer(to: a) { first in
      withUnsafePointer(to: b) { second in dnnl_memory_desc_equal(first, second) != 0 }
    }
  }
}

/// What is computed on the result of a product before it is stored.
struct PostOperations {
  /// Add to what the destination holds instead of overwriting it.
  var accumulates = false
  /// The function of every element; nil: none.
  var activation: dnnl_alg_kind_t?

  /// The attribute object; the caller destroys it.
  func makeAttributes() throws(DMTError) -> dnnl_primitive_attr_t? {
    var attributes: dnnl_primitive_attr_t?
    try Library.check(dnnl_primitive_attr_create(&attributes), "dnnl_primitive_attr_create")
    // The host's scratch, so that a call allocates nothing for it.
    try Library.check(
      dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), "the scratchpad mode")
    if !accumulates && activation == nil { return attributes }
    var operations: dnnl_post_ops_t?
    try Library.check(dnnl_post_ops_create(&operations), "dnnl_post_ops_create")
    defer { dnnl_post_ops_destroy(operations) }
    if accumulates { try Library.check(dnnl_post_ops_append_sum(operations, 1), "the sum behind a product") }
    if let activation {
      try Library.check(
        dnnl_post_ops_append_eltwise(operations, 1, activation, 0, 0), "the activation behind a product")
    }
    try Library.check(dnnl_primitive_attr_set_post_ops(attributes, operations), "the operations behind a product")
    return attributes
  }
}
