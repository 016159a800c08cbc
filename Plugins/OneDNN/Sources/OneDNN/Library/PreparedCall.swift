internal import CDNNL
internal import DMTPluginKit

/// A primitive with one thread's memory objects: a call sets pointers and executes, and makes no object.
final class PreparedCall {
  private let primitive: Primitive
  private let stream: dnnl_stream_t
  private let arguments: UnsafeMutablePointer<dnnl_exec_arg_t>
  private let count: Int
  private let hasScratchpad: Bool

  /// - Parameter arguments: the library's argument numbers and layouts; ``bind(_:_:)`` counts them from 0.
  init(_ primitive: Primitive, _ arguments: [(number: Int32, layout: dnnl_memory_desc_t)]) throws(DMTError) {
    let engine = try Library.engine()
    var stream: dnnl_stream_t?
    try Library.check(
      dnnl_stream_create(&stream, engine, UInt32(dnnl_stream_default_flags.rawValue)), "dnnl_stream_create")
    guard let stream else { throw DMTError(.pluginFailed, "oneDNN made no stream") }

    var all = arguments
    hasScratchpad = primitive.scratchpadBytes > 0
    var failure: dnnl_status_t = dnnl_success
    if hasScratchpad {
      var bytes = dnnl_memory_desc_t()
      failure = dnnl_memory_desc_init_by_strides(&bytes, 1, [Int64(primitive.scratchpadBytes)], dnnl_u8, [1])
      all.append((DNNL_ARG_SCRATCHPAD, bytes))
    }
    let table = UnsafeMutablePointer<dnnl_exec_arg_t>.allocate(capacity: max(all.count, 1))
    for (index, argument) in all.enumerated() {
      var memory: dnnl_memory_t?
      let status = withUnsafePointer(to: argument.layout) { dnnl_memory_create(&memory, $0, engine, nil) }
      if failure == dnnl_success { failure = status }
      (table + index).initialize(to: dnnl_exec_arg_t(arg: argument.number, memory: memory))
    }
    self.primitive = primitive
    self.stream = stream
    self.arguments = table
    self.count = all.count
    // From here on deinit frees everything.
    try Library.check(failure, "dnnl_memory_create")
  }

  deinit {
    for index in 0..<count { dnnl_memory_destroy(arguments[index].memory) }
    arguments.deallocate()
    dnnl_stream_destroy(stream)
  }

  /// Points argument `index` to memory that lives for the next ``execute(scratch:)``.
  @inline(__always)
  func bind(_ index: Int, _ pointer: UnsafePointer<Float>) {
    dnnl_memory_set_data_handle(arguments[index].memory, UnsafeMutableRawPointer(mutating: pointer))
  }

  /// Runs on this thread; `scratch` holds the primitive's `scratchpadBytes`.
  @inline(__always)
  func execute(scratch: UnsafeMutableRawPointer?) -> dnnl_status_t {
    if hasScratchpad { dnnl_memory_set_data_handle(arguments[count - 1].memory, scratch) }
    return dnnl_primitive_execute(primitive.handle, stream, Int32(count), arguments)
  }
}
