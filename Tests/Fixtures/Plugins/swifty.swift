// A plugin in Swift without the kit: y = x + 1 by the C headers alone (-import-objc-header). What it says about its compiler is
// COMPILER, which the tests replace.

nonisolated(unsafe) private var keep: [UnsafeMutableRawPointer] = []

/// A value that lives as long as the process.
private func forever<T>(_ value: T) -> UnsafeMutablePointer<T> {
  let memory = UnsafeMutablePointer<T>.allocate(capacity: 1)
  memory.initialize(to: value)
  keep.append(UnsafeMutableRawPointer(memory))
  return memory
}

private func text(_ value: StaticString) -> dmt_str {
  dmt_str(
    data: UnsafeRawPointer(value.utf8Start).assumingMemoryBound(to: CChar.self), size: Int64(value.utf8CodeUnitCount))
}

/// A class, so that the runtime is needed: allocation, counting references, metadata.
private final class Plan {
  let count: Int
  init(count: Int) { self.count = count }
}

private let kernels = dmt_kernels(
  struct_size: UInt32(MemoryLayout<dmt_kernels>.size), reserved: 0, ctx: nil,
  supports: { _, _, support in
    support!.pointee.score = 40
    support!.pointee.reason = text("a loop in Swift")
    return DMT_OK
  },
  bind: { _, request, plan in
    let tensor = request!.pointee.inputs[0]
    let extents = (0..<Int(tensor.ndim)).map { Int(tensor.shape[$0]) }
    plan!.pointee.handle = Unmanaged.passRetained(Plan(count: extents.reduce(1, *))).toOpaque()
    return DMT_OK
  },
  forward: { handle, call in
    let plan = Unmanaged<Plan>.fromOpaque(handle!).takeUnretainedValue()
    let x = call!.pointee.inputs[0]!.assumingMemoryBound(to: Float.self)
    let y = call!.pointee.outputs[0]!.assumingMemoryBound(to: Float.self)
    // Through text and back: generics, existentials and the standard library's own data.
    for index in 0..<plan.count { y[index] = Float("\(x[index] + 1)") ?? .nan }
    return DMT_OK
  },
  backward: { handle, call in
    let plan = Unmanaged<Plan>.fromOpaque(handle!).takeUnretainedValue()
    let g = call!.pointee.grad_outputs[0]!.assumingMemoryBound(to: Float.self)
    guard let dx = call!.pointee.grad_inputs[0]?.assumingMemoryBound(to: Float.self) else { return DMT_OK }
    for index in 0..<plan.count { dx[index] = g[index] }
    return DMT_OK
  },
  release: { handle in Unmanaged<Plan>.fromOpaque(handle!).release() })

private let table = dmt_operator(
  struct_size: UInt32(MemoryLayout<dmt_operator>.size), revision: 1, ctx: nil, name: text("com.example.add-one"),
  summary: text("y = x + 1"), min_inputs: 1, max_inputs: 1, input_names: forever(text("x")),
  attributes: dmt_attr_schema(fields: nil, count: 0),
  infer: { _, inputs, _, _, signature in
    signature!.pointee.output_count = 1
    signature!.pointee.parameter_count = 0
    signature!.pointee.outputs.0 = inputs![0]
    return DMT_OK
  }, kernels: forever(kernels))

nonisolated(unsafe) private let theOperator = forever(table)
nonisolated(unsafe) private let plugin = forever(
  dmt_plugin(
    struct_size: UInt32(MemoryLayout<dmt_plugin>.size), reserved: 0,
    descriptor: forever(
      dmt_plugin_descriptor(
        struct_size: UInt32(MemoryLayout<dmt_plugin_descriptor>.size), magic: DMT_PLUGIN_MAGIC,
        abi_major: UInt32(DMT_ABI_MAJOR), abi_minor: UInt32(DMT_ABI_MINOR), min_host_minor: 0, flags: 0,
        id: text("com.example.swifty"), version: text("1.0.0"), vendor: text(""), license: text(""),
        summary: text("Swift by the headers alone."), homepage: text(""), compiler: text("COMPILER"), target: text(""),
        component_count: 1,
        components: forever(
          Optional(
            UnsafePointer(
              forever(
                dmt_component(
                  struct_size: UInt32(MemoryLayout<dmt_component>.size), revision: 1, kind: text("operator"),
                  id: text("com.example.add-one"), summary: text("y = x + 1")))))))),
    initialize: nil, get_component: { _, _, revision in revision == 1 ? UnsafeRawPointer(theOperator) : nil },
    get_extension: nil, shutdown: nil))

@c public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? { UnsafePointer(plugin) }
