import CDMTPlugin
import NativeTestHost
import Testing

#if DMT_ISA_V4
  @testable import NativeV4
#elseif DMT_ISA_V3
  @testable import NativeV3
#else
  @testable import NativeV2
#endif

/// An operator at one shape with its formula in double: forward is compared with the formula, gradients with central
/// differences of it.
struct OperatorCase: CustomTestStringConvertible {
  let op: String
  let inputs: [[Int]]
  var parameters: [[Int]] = []
  let output: [Int]
  var attributes: [String: TestAttribute] = [:]
  /// Inputs whose gradient is compared.
  var differentiable: [Int] = [0]
  var relative = 2e-5
  var absolute = 2e-5
  /// Inputs and parameters -> output.
  let formula: @Sendable ([[Double]]) -> [Double]

  var testDescription: String { "\(op) \(inputs) \(parameters) \(attributes)" }

  /// What one run gave.
  struct Result: Equatable {
    var output: [Float]
    var gradients: [[Float]]
  }

  private func values() -> [[Float]] {
    var draws = Draws(seed: inputs.joined().reduce(output.count + 7) { $0 &* 31 &+ $1 })
    return (inputs + parameters).map { draws.floats($0.elements) }
  }

  private func outputGradient() -> [Float] {
    var draws = Draws(seed: output.elements + 99)
    return draws.floats(output.elements)
  }

  /// Binds, runs forward and backward on memory of exactly the sizes asked for.
  func run(threads: Int, adds: Bool, sourceLocation: SourceLocation = #_sourceLocation) throws -> Result {
    TestHost.use(threads: threads)
    Host.use(TestHost.table)
    let attributes = TestAttributes(self.attributes)
    let shapes = inputs + parameters + [output]
    let extents = shapes.map { shape in
      let memory = UnsafeMutablePointer<Int64>.allocate(capacity: max(1, shape.count))
      for (axis, extent) in shape.enumerated() { memory[axis] = Int64(extent) }
      return memory
    }
    defer { extents.forEach { $0.deallocate() } }
    let tensors = zip(shapes, extents).map { shape, extents in
      dmt_tensor(
        data: nil, device: dmt_device(type: 1, id: 0), ndim: Int32(shape.count),
        dtype: dmt_dtype(code: UInt8(DMT_DTYPE_FLOAT), bits: 32, lanes: 1), shape: extents, strides: nil, byte_offset: 0)
    }
    let kernels = KernelTable.table.pointee
    var plan = dmt_kernel_plan()
    plan.struct_size = UInt32(MemoryLayout<dmt_kernel_plan>.size)
    try tensors.withUnsafeBufferPointer { tensors in
      var request = dmt_kernel_request()
      request.struct_size = UInt32(MemoryLayout<dmt_kernel_request>.size)
      request.flags = DMT_BIND_TRAINING
      request.op = attributes.text(op)
      request.op_revision = 1
      request.threads = Int32(threads)
      request.input_count = Int32(inputs.count)
      request.parameter_count = Int32(parameters.count)
      request.output_count = 1
      let base = try #require(tensors.baseAddress)
      request.inputs = base
      request.parameters = base + inputs.count
      request.outputs = base + inputs.count + parameters.count
      request.attributes = attributes.list
      request.wanted_input_gradients = .max
      let status = kernels.bind(nil, &request, &plan)
      try accept(status)
    }
    defer { kernels.release(plan.handle) }

    let all = values().map { Guarded($0) }
    let result = Guarded(bytes: output.elements * 4)
    let outputGradient = Guarded(self.outputGradient())
    let gradients = all.map { adds ? Guarded(Array(repeating: Float(2), count: $0.bytes / 4)) : Guarded(bytes: $0.bytes) }
    let saved = Guarded(bytes: Int(plan.saved_bytes))
    let scratch = Guarded(bytes: Int(plan.scratch_bytes))
    let samples = (0..<max(1, output.first ?? 1)).map { Int64($0) + 5 }
    let read: [UnsafeRawPointer?] = all.map { UnsafeRawPointer($0.pointer) }
    let written: [UnsafeMutableRawPointer?] = gradients.enumerated().map { index, memory in
      index >= inputs.count || differentiable.contains(index) ? memory.pointer : nil
    }
    let outputs: [UnsafeMutableRawPointer?] = [result.pointer]
    let outputGradients: [UnsafeRawPointer?] = [UnsafeRawPointer(outputGradient.pointer)]
    read.withUnsafeBufferPointer { read in
      written.withUnsafeBufferPointer { written in
        outputs.withUnsafeBufferPointer { outputs in
          outputGradients.withUnsafeBufferPointer { outputGradients in
            samples.withUnsafeBufferPointer { samples in
              var call = dmt_kernel_call()
              call.struct_size = UInt32(MemoryLayout<dmt_kernel_call>.size)
              call.flags = DMT_CALL_TRAINING
              call.inputs = read.baseAddress
              call.parameters = read.baseAddress.map { $0 + inputs.count }
              call.outputs = outputs.baseAddress
              call.grad_outputs = outputGradients.baseAddress
              call.grad_inputs = written.baseAddress
              call.grad_parameters = written.baseAddress.map { $0 + inputs.count }
              call.accumulate_inputs = adds ? .max : 0
              call.accumulate_parameters = adds ? .max : 0
              call.saved = saved.pointer
              call.scratch = scratch.pointer
              call.parameter_version = 1
              call.seed = 0x1234_5678_9ABC
              call.step = 3
              call.node = 77
              call.samples = samples.baseAddress
              #expect(kernels.forward(plan.handle, &call) == DMT_OK, "\(TestHost.lastError)", sourceLocation: sourceLocation)
              #expect(kernels.backward(plan.handle, &call) == DMT_OK, "\(TestHost.lastError)", sourceLocation: sourceLocation)
            }
          }
        }
      }
    }
    for memory in all + gradients + [result, outputGradient, saved, scratch] {
      #expect(memory.isIntact, "\(op) wrote behind the end of its memory", sourceLocation: sourceLocation)
    }
    return Result(output: result.values, gradients: gradients.map(\.values))
  }

  /// Checks everything that holds for an operator.
  func check(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let single = try run(threads: 1, adds: false, sourceLocation: sourceLocation)
    let point = values().map { $0.map(Double.init) }
    let expected = formula(point)
    #expect(worst(single.output, expected, relative: relative, absolute: absolute) == nil, sourceLocation: sourceLocation)
    for index in point.indices where index >= inputs.count || differentiable.contains(index) {
      let expected = differences(point, index)
      let error = worst(single.gradients[index], expected, relative: 10 * relative, absolute: 10 * absolute)
      #expect(error == nil, "gradient \(index)", sourceLocation: sourceLocation)
    }
    for threads in 2...3 {
      let result = try run(threads: threads, adds: false, sourceLocation: sourceLocation)
      let isSame =
        result.output.map(\.bitPattern) == single.output.map(\.bitPattern)
        && result.gradients.map { $0.map(\.bitPattern) } == single.gradients.map { $0.map(\.bitPattern) }
      #expect(isSame, "\(threads) threads give another result", sourceLocation: sourceLocation)
    }
    let added = try run(threads: 2, adds: true, sourceLocation: sourceLocation)
    for index in point.indices where index >= inputs.count || differentiable.contains(index) {
      let expected = single.gradients[index].map { Double($0) + 2 }
      let error = worst(added.gradients[index], expected, relative: relative, absolute: absolute)
      #expect(error == nil, "added gradient \(index)", sourceLocation: sourceLocation)
    }
  }

  /// Central differences of sum(outputGradient * formula) by the values of one tensor.
  private func differences(_ point: [[Double]], _ tensor: Int) -> [Double] {
    let seed = outputGradient().map(Double.init)
    func loss(_ values: [[Double]]) -> Double { zip(formula(values), seed).reduce(0) { $0 + $1.0 * $1.1 } }
    var values = point
    return values[tensor].indices.map { index in
      let value = point[tensor][index]
      let step = 1e-5
      values[tensor][index] = value + step
      let above = loss(values)
      values[tensor][index] = value - step
      let below = loss(values)
      values[tensor][index] = value
      return (above - below) / (2 * step)
    }
  }
}
