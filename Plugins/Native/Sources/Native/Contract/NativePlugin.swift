public import CDMTPlugin

/// The plugin: backend, embedding and update component, all of them called `native`.
public enum NativePlugin {
  /// What `dmt_plugin_entry` returns; made once, without side effects.
  nonisolated(unsafe) public static let table: UnsafePointer<dmt_plugin> = {
    let table = UnsafeMutablePointer<dmt_plugin>.allocate(capacity: 1)
    table.initialize(
      to: dmt_plugin(
        struct_size: UInt32(MemoryLayout<dmt_plugin>.size), reserved: 0, descriptor: descriptor,
        initialize: { host in
          Host.use(host)
          return DMT_OK
        },
        get_component: { kind, id, revision in
          guard id.string == "native", revision == 1 else { return nil }
          switch kind.string {
          case DMT_KIND_BACKEND: return UnsafeRawPointer(NativePlugin.backend)
          case DMT_KIND_EMBEDDING: return UnsafeRawPointer(EmbeddingTable.table)
          case DMT_KIND_UPDATE: return UnsafeRawPointer(UpdateTable.table)
          default: return nil
          }
        },
        get_extension: nil, shutdown: nil))
    return UnsafePointer(table)
  }()

  #if DMT_ISA_V4
    private static var isaLevel: Int32 { 4 }
    private static var target: dmt_str { dmt_str("x86_64-linux-gnu x86-64-v4") }
    private static var usable: dmt_str { dmt_str("own kernels for AVX-512") }
  #elseif DMT_ISA_V3
    private static var isaLevel: Int32 { 3 }
    private static var target: dmt_str { dmt_str("x86_64-linux-gnu x86-64-v3") }
    private static var usable: dmt_str { dmt_str("own kernels for AVX2 and FMA") }
  #elseif arch(x86_64)
    private static var isaLevel: Int32 { 2 }
    private static var target: dmt_str { dmt_str("x86_64-linux-gnu x86-64-v2") }
    private static var usable: dmt_str { dmt_str("own kernels for baseline vectors") }
  #else
    private static var isaLevel: Int32 { 0 }
    private static var target: dmt_str { dmt_str("aarch64-linux-gnu") }
    private static var usable: dmt_str { dmt_str("own kernels for baseline vectors") }
  #endif

  nonisolated(unsafe) private static let backend: UnsafePointer<dmt_backend> = {
    let table = UnsafeMutablePointer<dmt_backend>.allocate(capacity: 1)
    table.initialize(
      to: dmt_backend(
        struct_size: UInt32(MemoryLayout<dmt_backend>.size), revision: 1, ctx: nil,
        probe: { _, cpu, probe in
          guard let probe else { return Failure.invalid("probe: the answer is NULL").report() }
          probe.pointee.library = dmt_str("the host's threads")
          if let cpu, cpu.pointee.isa_level < NativePlugin.isaLevel {
            probe.pointee.score = 0
            probe.pointee.reason = dmt_str("built for a higher level of x86-64 than this machine or its user's cap has")
          } else {
            probe.pointee.score = 70
            probe.pointee.reason = NativePlugin.usable
          }
          return DMT_OK
        },
        set_threads: nil, kernels: KernelTable.table))
    return UnsafePointer(table)
  }()

  private static func component(_ kind: StaticString, _ summary: StaticString) -> UnsafePointer<dmt_component>? {
    let component = UnsafeMutablePointer<dmt_component>.allocate(capacity: 1)
    component.initialize(
      to: dmt_component(
        struct_size: UInt32(MemoryLayout<dmt_component>.size), revision: 1, kind: dmt_str(kind), id: dmt_str("native"),
        summary: dmt_str(summary)))
    return UnsafePointer(component)
  }

  nonisolated(unsafe) private static let descriptor: UnsafePointer<dmt_plugin_descriptor> = {
    let components = UnsafeMutablePointer<UnsafePointer<dmt_component>?>.allocate(capacity: 3)
    components[0] = component("backend", "all operators of opset 1 in float32, on vectors and the host's threads")
    components[1] = component("embedding", "all tables of a rank in one call, update fused with the backward")
    components[2] = component("update", "sgd, adagrad, adam and adamw on all dense tensors in one call")
    let descriptor = UnsafeMutablePointer<dmt_plugin_descriptor>.allocate(capacity: 1)
    descriptor.initialize(to: dmt_plugin_descriptor())
    descriptor.pointee.struct_size = UInt32(MemoryLayout<dmt_plugin_descriptor>.size)
    descriptor.pointee.magic = DMT_PLUGIN_MAGIC
    descriptor.pointee.abi_major = UInt32(DMT_ABI_MAJOR)
    descriptor.pointee.abi_minor = UInt32(DMT_ABI_MINOR)
    descriptor.pointee.min_host_minor = 0
    descriptor.pointee.id = dmt_str("dmt.native")
    descriptor.pointee.version = dmt_str("0.9.0")
    descriptor.pointee.vendor = dmt_str("dmt")
    descriptor.pointee.license = dmt_str("Apache-2.0")
    descriptor.pointee.summary = dmt_str("Kernels in Swift for every operator, for tables and for optimizers")
    descriptor.pointee.homepage = dmt_str("")
    descriptor.pointee.compiler = compiler
    descriptor.pointee.target = target
    descriptor.pointee.component_count = 3
    descriptor.pointee.components = UnsafePointer(components)
    return UnsafePointer(descriptor)
  }()

  #if swift(>=6.4)
    private static var compiler: dmt_str { dmt_str("Swift") }
  #elseif swift(>=6.3.1)
    private static var compiler: dmt_str { dmt_str("Swift 6.3.1") }
  #elseif swift(>=6.3)
    private static var compiler: dmt_str { dmt_str("Swift 6.3") }
  #else
    private static var compiler: dmt_str { dmt_str("Swift 6.2") }
  #endif
}
