import DMTCore
import DMTPluginHost
import DMTPluginKit
import Logging

/// The kernel of `dmt bench abi`: y = 2 x on 16 numbers, little enough that a call is mostly call.
final class BenchKernel: Kernel {
  static let count = 16
  let savedBytes = 0
  let scratchBytes = 0

  func forward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) { BenchKernel.compute(call) }
  func backward(_ call: UnsafePointer<dmt_kernel_call>) throws(DMTError) {}

  /// The work itself, in one place of the program: every way of calling it ends here.
  @inline(never)
  static func compute(_ call: UnsafePointer<dmt_kernel_call>) {
    guard let x = call.pointee.inputs[0], let y = call.pointee.outputs[0] else { return }
    let from = x.assumingMemoryBound(to: Float.self)
    let to = y.assumingMemoryBound(to: Float.self)
    for index in 0..<count { to[index] = 2 * from[index] }
  }
}

/// The kernel as a plugin that is written in Swift with the kit has it.
struct BenchBackend: Backend {
  let name = "bench"
  func support(for request: KernelRequest) -> KernelSupport { KernelSupport(score: 100, reason: "for measuring") }
  func bind(_ request: KernelRequest) throws(DMTError) -> any Kernel { BenchKernel() }
}

private enum KitPlugin: DMTPlugin {
  static let id = "dmt.bench.kit"
  static let version = "1.0.0"
  static let summary = "The kernel of dmt bench abi, through the kit."
  static var components: [PluginComponent] { [.backend(BenchBackend(), summary: summary)] }
}

/// The kernel as a plugin that is written in C has it: functions in a table, and nothing between.
private enum TablePlugin {
  private static func forever<T>(_ value: T) -> UnsafeMutablePointer<T> {
    let memory = UnsafeMutablePointer<T>.allocate(capacity: 1)
    memory.initialize(to: value)
    return memory
  }

  private static func text(_ value: StaticString) -> dmt_str {
    dmt_str(
      data: UnsafeRawPointer(value.utf8Start).assumingMemoryBound(to: CChar.self), size: Int64(value.utf8CodeUnitCount))
  }

  nonisolated(unsafe) private static let backend: UnsafeMutablePointer<dmt_backend> = {
    var kernels = dmt_kernels()
    kernels.struct_size = UInt32(MemoryLayout<dmt_kernels>.stride)
    kernels.supports = { _, _, support in
      support?.pointee.score = 100
      return DMT_OK
    }
    kernels.bind = { _, _, _ in DMT_OK }
    kernels.forward = { _, call in
      guard let call else { return DMT_INVALID_ARGUMENT }
      BenchKernel.compute(call)
      return DMT_OK
    }
    kernels.backward = { _, _ in DMT_OK }
    kernels.release = { _ in }
    var table = dmt_backend()
    table.struct_size = UInt32(MemoryLayout<dmt_backend>.stride)
    table.revision = 1
    table.kernels = UnsafePointer(forever(kernels))
    return forever(table)
  }()

  nonisolated(unsafe) static let table: UnsafePointer<dmt_plugin> = {
    var component = dmt_component()
    component.struct_size = UInt32(MemoryLayout<dmt_component>.stride)
    component.revision = 1
    component.kind = text("backend")
    component.id = text("bench")
    var descriptor = dmt_plugin_descriptor()
    descriptor.struct_size = UInt32(MemoryLayout<dmt_plugin_descriptor>.stride)
    descriptor.magic = DMT_PLUGIN_MAGIC
    descriptor.abi_major = UInt32(DMT_ABI_MAJOR)
    descriptor.abi_minor = UInt32(DMT_ABI_MINOR)
    descriptor.id = text("dmt.bench.table")
    descriptor.version = text("1.0.0")
    descriptor.component_count = 1
    descriptor.components = UnsafePointer(forever(Optional(UnsafePointer(forever(component)))))
    var plugin = dmt_plugin()
    plugin.struct_size = UInt32(MemoryLayout<dmt_plugin>.stride)
    plugin.descriptor = UnsafePointer(forever(descriptor))
    plugin.get_component = { _, _, _ in UnsafeRawPointer(TablePlugin.backend) }
    return UnsafePointer(forever(plugin))
  }()
}

/// The same kernel, called in the three ways that `dmt bench abi` compares.
struct BenchKernels {
  /// In this program, as the reference kernels are.
  let direct: any Kernel
  /// Through the contract, in a table as C has it.
  let table: any Kernel
  /// Through the contract, with the kit on the other side.
  let kit: any Kernel

  init() throws(DMTError) {
    let services = HostServices(pool: try ThreadPool(threads: 1), logger: Logger(label: "dmt.bench"))
    let request = KernelRequest(op: "bench", inputs: [[BenchKernel.count]], outputs: [[BenchKernel.count]])
    func bind(_ entry: UnsafePointer<dmt_plugin>?) throws(DMTError) -> any Kernel {
      let plugin = try LoadedPlugin(entry: entry, services: services)
      guard let backend = plugin.backends.first else {
        throw DMTError(.internalError, "the plugin of the bench has no backend")
      }
      return try backend.bind(request)
    }
    direct = BenchKernel()
    table = try bind(TablePlugin.table)
    kit = try bind(export(KitPlugin.self))
  }
}

/// A call on memory of its own, for as long as the object lives.
final class BenchCall {
  let call = UnsafeMutablePointer<dmt_kernel_call>.allocate(capacity: 1)
  private let memory = UnsafeMutablePointer<Float>.allocate(capacity: 2 * BenchKernel.count)
  private let inputs = UnsafeMutablePointer<UnsafeRawPointer?>.allocate(capacity: 1)
  private let outputs = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: 1)

  init() {
    memory.initialize(repeating: 1, count: 2 * BenchKernel.count)
    inputs.initialize(to: UnsafeRawPointer(memory))
    outputs.initialize(to: UnsafeMutableRawPointer(memory + BenchKernel.count))
    var made = dmt_kernel_call()
    made.struct_size = UInt32(MemoryLayout<dmt_kernel_call>.stride)
    made.inputs = UnsafePointer(inputs)
    made.outputs = UnsafePointer(outputs)
    call.initialize(to: made)
  }

  deinit {
    call.deallocate()
    memory.deallocate()
    inputs.deallocate()
    outputs.deallocate()
  }
}
