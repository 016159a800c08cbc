internal import DMTPluginKit

/// Floats with a guard behind them, so that a write past the end is noticed.
final class GuardedBuffer {
  private static let guardCount = 16
  private static let guardValue: Float = 1.234_567e30
  let start: UnsafeMutablePointer<Float>
  private let count: Int
  private let memory: UnsafeMutableRawPointer

  init(bytes: Int, value: Float = .nan) {
    count = (bytes + 3) / 4
    memory = .allocate(byteCount: (count + Self.guardCount) * 4, alignment: 64)
    start = memory.bindMemory(to: Float.self, capacity: count + Self.guardCount)
    start.initialize(repeating: value, count: count)
    (start + count).initialize(repeating: Self.guardValue, count: Self.guardCount)
  }

  convenience init(_ tensor: Tensor) {
    self.init(bytes: tensor.count * 4)
    for (index, value) in tensor.values.enumerated() { start[index] = Float(value) }
  }

  deinit { memory.deallocate() }

  var bits: [UInt32] { (0..<count).map { start[$0].bitPattern } }

  var isIntact: Bool { (0..<Self.guardCount).allSatisfy { start[count + $0] == Self.guardValue } }
}

/// The memory and the structs of a kernel's calls; everything that a kernel must write starts as NaN.
final class TestCall {
  /// What gradients hold before a backward that adds.
  static let startingGradient = 0.5

  private let kernel: any Kernel
  private let request: KernelRequest
  private var inputs: [GuardedBuffer] = []
  private var parameters: [GuardedBuffer] = []
  private var outputGradient: GuardedBuffer
  private let saved: GuardedBuffer
  private let scratch: GuardedBuffer
  private var call = dmt_kernel_call()
  private var isWanted: (inputs: UInt64, parameters: UInt64) = (0, 0)
  let output: GuardedBuffer
  private(set) var inputGradients: [GuardedBuffer] = []
  private(set) var parameterGradients: [GuardedBuffer] = []

  init(kernel: any Kernel, request: KernelRequest, version: UInt64) {
    self.kernel = kernel
    self.request = request
    output = GuardedBuffer(bytes: request.outputs[0].elementsPerSample * 4)
    outputGradient = GuardedBuffer(bytes: 0)
    saved = GuardedBuffer(bytes: kernel.savedBytes)
    scratch = GuardedBuffer(bytes: kernel.scratchBytes)
    call.struct_size = UInt32(MemoryLayout<dmt_kernel_call>.size)
    call.parameter_version = version
    call.saved = UnsafeMutableRawPointer(saved.start)
    call.scratch = UnsafeMutableRawPointer(scratch.start)
  }

  func fill(inputs: [Tensor], parameters: [Tensor], outputGradient: Tensor) {
    self.inputs = inputs.map { GuardedBuffer($0) }
    self.parameters = parameters.map { GuardedBuffer($0) }
    self.outputGradient = GuardedBuffer(outputGradient)
  }

  func prepareGradients(inputs: UInt64, parameters: UInt64, accumulates: Bool) {
    let value = accumulates ? Float(Self.startingGradient) : Float.nan
    isWanted = (inputs, parameters)
    call.accumulate_inputs = accumulates ? .max : 0
    call.accumulate_parameters = accumulates ? .max : 0
    inputGradients = request.inputs.map { GuardedBuffer(bytes: $0.elementsPerSample * 4, value: value) }
    parameterGradients = request.parameters.map { GuardedBuffer(bytes: $0.elementsPerSample * 4, value: value) }
  }

  var isIntact: Bool {
    (inputs + parameters + inputGradients + parameterGradients + [output, outputGradient, saved, scratch])
      .allSatisfy(\.isIntact)
  }

  func forward() throws {
    try run { call throws(DMTError) in try kernel.forward(call) }
  }

  func backward() throws {
    try run { call throws(DMTError) in try kernel.backward(call) }
  }

  private func run(_ body: (UnsafePointer<dmt_kernel_call>) throws(DMTError) -> Void) throws {
    func wanted(_ buffers: [GuardedBuffer], _ mask: UInt64) -> [UnsafeMutableRawPointer?] {
      buffers.enumerated().map { mask >> UInt64($0) & 1 == 1 ? UnsafeMutableRawPointer($1.start) : nil }
    }
    let inputPointers: [UnsafeRawPointer?] = inputs.map { UnsafeRawPointer($0.start) }
    let parameterPointers: [UnsafeRawPointer?] = parameters.map { UnsafeRawPointer($0.start) }
    let gradientPointers: [UnsafeRawPointer?] = [UnsafeRawPointer(outputGradient.start)]
    let outputPointers: [UnsafeMutableRawPointer?] = [UnsafeMutableRawPointer(output.start)]
    let inputGradientPointers = wanted(inputGradients, isWanted.inputs)
    let parameterGradientPointers = wanted(parameterGradients, isWanted.parameters)
    try inputPointers.withUnsafeBufferPointer { inputs in
      try parameterPointers.withUnsafeBufferPointer { parameters in
        try gradientPointers.withUnsafeBufferPointer { gradients in
          try outputPointers.withUnsafeBufferPointer { outputs in
            try inputGradientPointers.withUnsafeBufferPointer { inputGradients in
              try parameterGradientPointers.withUnsafeBufferPointer { parameterGradients in
                call.inputs = inputs.baseAddress
                call.parameters = parameters.baseAddress
                call.outputs = outputs.baseAddress
                call.grad_outputs = gradients.baseAddress
                call.grad_inputs = inputGradients.baseAddress
                call.grad_parameters = parameterGradients.baseAddress
                try withUnsafePointer(to: call) { try body($0) }
              }
            }
          }
        }
      }
    }
  }
}
