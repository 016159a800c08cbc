internal import CDNNL
internal import DMTPluginKit

/// A primitive of the library: compiled once for its shapes, executed by any number of threads at once.
final class Primitive {
  let handle: dnnl_primitive_t
  /// Bytes of scratch that each execution needs for itself.
  let scratchpadBytes: Int
  private let descriptor: dnnl_primitive_desc_t

  /// - Parameters:
  ///   - operation: one of the library's operation descriptors.
  ///   - forward: the forward primitive that a backward one belongs to.
  ///   - what: its name in messages.
  convenience init<Operation>(
    _ operation: Operation, _ postOperations: PostOperations = PostOperations(), forward: Primitive? = nil, what: String
  ) throws(DMTError) {
    let engine = try Library.engine()
    let attributes = try postOperations.makeAttributes()
    defer { dnnl_primitive_attr_destroy(attributes) }
    var made: dnnl_primitive_desc_t?
    let status = withUnsafePointer(to: operation) { pointer in
      LibraryThreads.limited {
        dnnl_primitive_desc_create(&made, UnsafeRawPointer(pointer), attributes, engine, forward?.descriptor)
      }
    }
    try Library.check(status, what)
    guard let made else { throw DMTError(.pluginFailed, "oneDNN: \(what) has no descriptor") }
    try self.init(taking: made, what: what)
  }

  /// Takes over a descriptor.
  private init(taking descriptor: dnnl_primitive_desc_t, what: String) throws(DMTError) {
    var primitive: dnnl_primitive_t?
    let status = LibraryThreads.limited { dnnl_primitive_create(&primitive, descriptor) }
    guard status == dnnl_success, let primitive else {
      dnnl_primitive_desc_destroy(descriptor)
      try Library.check(status, what)
      throw DMTError(.pluginFailed, "oneDNN: \(what) has no primitive")
    }
    self.handle = primitive
    self.descriptor = descriptor
    let scratchpad = dnnl_primitive_desc_query_md(descriptor, dnnl_query_scratchpad_md, 0)
    scratchpadBytes = scratchpad.map { Int(dnnl_memory_desc_get_size($0)) } ?? 0
  }

  /// A copy from one layout to another.
  static func reorder(from source: dnnl_memory_desc_t, to destination: dnnl_memory_desc_t) throws(DMTError) -> Primitive
  {
    let engine = try Library.engine()
    let attributes = try PostOperations().makeAttributes()
    defer { dnnl_primitive_attr_destroy(attributes) }
    var made: dnnl_primitive_desc_t?
    let status = withUnsafePointer(to: source) { source in
      withUnsafePointer(to: destination) { destination in
        LibraryThreads.limited {
          dnnl_reorder_primitive_desc_create(&made, source, engine, destination, engine, attributes)
        }
      }
    }
    try Library.check(status, "reorder")
    guard let made else { throw DMTError(.pluginFailed, "oneDNN: reorder has no descriptor") }
    return try Primitive(taking: made, what: "reorder")
  }

  deinit {
    dnnl_primitive_destroy(handle)
    dnnl_primitive_desc_destroy(descriptor)
  }

  /// The weights' layout that the primitive chose.
  var weightsLayout: dnnl_memory_desc_t? { dnnl_primitive_desc_query_md(descriptor, dnnl_query_weights_md, 0)?.pointee }

  /// The library's name of the implementation that serves: `brgemm:avx512_core`.
  var implementation: String {
    var text: UnsafePointer<CChar>?
    let status = withUnsafeMutablePointer(to: &text) {
      dnnl_primitive_desc_query(descriptor, dnnl_query_impl_info_str, 0, UnsafeMutableRawPointer($0))
    }
    return status == dnnl_success ? text.map { String(cString: $0) } ?? "" : ""
  }
}
