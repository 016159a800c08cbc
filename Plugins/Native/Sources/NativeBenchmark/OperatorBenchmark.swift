import CDMTPlugin
import Foundation

#if DMT_ISA_V4
  @testable import NativeV4
#elseif DMT_ISA_V3
  @testable import NativeV3
#else
  @testable import NativeV2
#endif

/// Forward and backward of operators at the sizes of a training step, through the contract's table.
enum OperatorBenchmark {
  struct Operator {
    let op: String
    let inputs: [[Int]]
    var parameters: [[Int]] = []
    let output: [Int]
    var integers: [String: Int] = [:]
    var texts: [String: String] = [:]
    var numbers: [String: Double] = [:]
  }

  static let operators = [
    Operator(
      op: "linear", inputs: [[2048, 1024]], parameters: [[1024, 1024], [1024]], output: [2048, 1024],
      integers: ["out": 1024], texts: ["activation": "relu"]),
    Operator(
      op: "linear", inputs: [[2048, 13]], parameters: [[512, 13], [512]], output: [2048, 512], integers: ["out": 512],
      texts: ["activation": "relu"]),
    Operator(
      op: "linear", inputs: [[2048, 256]], parameters: [[1, 256], [1]], output: [2048, 1], integers: ["out": 1]),
    Operator(op: "dot_interaction", inputs: [[2048, 27, 16]], output: [2048, 351]),
    Operator(op: "dot_interaction", inputs: [[2048, 27, 128]], output: [2048, 351]),
    Operator(
      op: "cross", inputs: [[2048, 512], [2048, 512]], parameters: [[512, 512], [512]], output: [2048, 512]),
    Operator(
      op: "cross", inputs: [[2048, 512], [2048, 512]], parameters: [[64, 512], [512, 64], [512]], output: [2048, 512],
      integers: ["rank": 64]),
    Operator(
      op: "fm", inputs: [[2048, 27, 128]], parameters: [[27, 24]], output: [2048, 27, 24], integers: ["k": 24]),
    Operator(
      op: "layer_norm", inputs: [[2048, 1024]], parameters: [[1024], [1024]], output: [2048, 1024]),
    Operator(op: "softmax", inputs: [[2048, 1024]], output: [2048, 1024], integers: ["axis": 1]),
    Operator(op: "gelu", inputs: [[2048, 1024]], output: [2048, 1024]),
    Operator(op: "dropout", inputs: [[2048, 1024]], output: [2048, 1024], numbers: ["p": 0.1]),
    Operator(op: "add", inputs: [[2048, 1024], [1024]], output: [2048, 1024]),
    Operator(op: "mul", inputs: [[2048, 1024], [2048, 1]], output: [2048, 1024]),
    Operator(op: "concat", inputs: [[2048, 351], [2048, 128]], output: [2048, 479], integers: ["axis": 1]),
    Operator(op: "bce_with_logits", inputs: [[2048], [2048]], output: []),
  ]

  static func run(threads: Int) {
    for one in operators { run(one, threads: threads) }
  }

  private static func keep<Element>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
    let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(1, elements.count))
    memory.initialize(from: elements, count: elements.count)
    return memory
  }

  private static func text(_ value: String) -> dmt_str {
    dmt_str(data: keep(value.utf8.map { CChar(bitPattern: $0) }), size: Int64(value.utf8.count))
  }

  private static func attributes(_ one: Operator) -> dmt_attrs {
    var items: [dmt_attr] = []
    func add(_ name: String, _ set: (inout dmt_attr) -> Void) {
      var item = dmt_attr()
      item.name = text(name)
      set(&item)
      items.append(item)
    }
    for (name, value) in one.integers { add(name) { ($0.type, $0.i64) = (DMT_ATTR_I64, Int64(value)) } }
    for (name, value) in one.texts { add(name) { ($0.type, $0.str) = (DMT_ATTR_STR, text(value)) } }
    for (name, value) in one.numbers { add(name) { ($0.type, $0.f64) = (DMT_ATTR_F64, value) } }
    return dmt_attrs(items: keep(items), count: Int64(items.count))
  }

  private static func run(_ one: Operator, threads: Int) {
    let shapes = one.inputs + one.parameters + [one.output]
    let tensors = keep(
      shapes.map { shape in
        dmt_tensor(
          data: nil, device: dmt_device(type: 1, id: 0), ndim: Int32(shape.count),
          dtype: dmt_dtype(code: 2, bits: 32, lanes: 1), shape: keep(shape.map { Int64($0) }), strides: nil,
          byte_offset: 0)
      })
    var request = dmt_kernel_request()
    request.struct_size = UInt32(MemoryLayout<dmt_kernel_request>.size)
    request.flags = DMT_BIND_TRAINING
    request.op = text(one.op)
    request.op_revision = 1
    request.threads = Int32(threads)
    request.input_count = Int32(one.inputs.count)
    request.parameter_count = Int32(one.parameters.count)
    request.output_count = 1
    request.inputs = UnsafePointer(tensors)
    request.parameters = UnsafePointer(tensors + one.inputs.count)
    request.outputs = UnsafePointer(tensors + one.inputs.count + one.parameters.count)
    request.attributes = attributes(one)
    request.wanted_input_gradients = .max
    let kernels = KernelTable.table.pointee
    var plan = dmt_kernel_plan()
    guard kernels.bind(nil, &request, &plan) == DMT_OK else {
      print("\(one.op): not bound")
      return
    }
    func memory(_ shape: [Int]) -> UnsafeMutableRawPointer {
      UnsafeMutableRawPointer(GemmBenchmark.buffer(shape.elements))
    }
    let read = (one.inputs + one.parameters).map { Optional(UnsafeRawPointer(memory($0))) }
    let written = (one.inputs + one.parameters).map { Optional(memory($0)) }
    var call = dmt_kernel_call()
    call.struct_size = UInt32(MemoryLayout<dmt_kernel_call>.size)
    call.flags = DMT_CALL_TRAINING
    call.inputs = UnsafePointer(keep(read))
    call.parameters = call.inputs + one.inputs.count
    call.outputs = UnsafePointer(keep([Optional(memory(one.output))]))
    call.grad_outputs = UnsafePointer(keep([Optional(UnsafeRawPointer(memory(one.output)))]))
    call.grad_inputs = UnsafePointer(keep(written))
    call.grad_parameters = call.grad_inputs + one.inputs.count
    call.saved = .allocate(byteCount: max(64, Int(plan.saved_bytes)), alignment: 64)
    call.scratch = .allocate(byteCount: max(64, Int(plan.scratch_bytes)), alignment: 64)
    call.samples = UnsafePointer(keep((0..<max(1, one.output.first ?? 1)).map { Int64($0) }))
    func measure(_ body: () -> Void) -> Double {
      var best = Double.infinity
      for _ in 0..<12 {
        let start = Stopwatch.now(threads: threads)
        body()
        best = min(best, Double(Stopwatch.now(threads: threads) - start) * 1e-6)
      }
      return best
    }
    let forward = measure {
      // As after an update: packed weights are stale.
      call.parameter_version += 1
      _ = kernels.forward(plan.handle, &call)
    }
    let backward = measure { _ = kernels.backward(plan.handle, &call) }
    let times = "forward \(String(format: "%.3f", forward)) ms, backward \(String(format: "%.3f", backward)) ms"
    print("\(one.op) \(one.inputs) \(one.parameters): \(times)")
    kernels.release(plan.handle)
  }
}
