internal import DMTPluginKit
internal import Foundation
internal import Testing

/// One operator at fixed shapes: runs a backend's kernel forward and backward and compares with the plain loops.
struct KernelTrial: CustomTestStringConvertible, Sendable {
  var op: String
  var inputs: [[Int]]
  var attributes: Attributes = [:]
  /// Multiplies the inputs' numbers, which lie in -1 ..< 1.
  var scale = 1.0
  var threads = TestHost.maximumThreads
  /// Add to gradients that are there already.
  var accumulates = false
  /// Bit i: input i's gradient is asked for.
  var wantedInputs: UInt64 = .max
  var wantedParameters: UInt64 = .max
  var tolerance = 1e-5

  var testDescription: String {
    var text = "\(op) \(inputs.map { Shape($0).description }.joined(separator: " "))"
    for (name, value) in attributes.values.sorted(by: { $0.key < $1.key }) { text += " \(name)=\(value)" }
    if accumulates { text += " adding" }
    if wantedInputs != .max || wantedParameters != .max {
      text += " wanted=\(wantedInputs & 3),\(wantedParameters & 7)"
    }
    return text
  }

  /// What the backend is asked to bind, and the names' order of parameters.
  func request(isTraining: Bool) throws -> KernelRequest {
    let schema = try #require(Opset.named(op))
    let (signature, attributes) = try schema.checkedSignature(inputs: inputs.map { Shape($0) }, attributes: attributes)
    return KernelRequest(
      op: op, inputs: inputs.map { Shape($0) }, parameters: signature.parameters.map(\.shape),
      outputs: signature.outputs,
      attributes: attributes, threads: threads, isTraining: isTraining, wantedInputGradients: wantedInputs)
  }

  /// Checks forward of an inference plan, forward and backward of a training plan, twice with changed parameters.
  func verify(_ backend: any Backend) throws {
    for isTraining in [false, true] {
      let request = try request(isTraining: isTraining)
      let support = backend.support(for: request)
      try #require(support.isServed, "\(support.reason)")
      let kernel = try backend.bind(request)
      for version in 1...(isTraining ? 2 : 1) { try verify(kernel, request, version: UInt64(version)) }
    }
  }

  private func verify(_ kernel: any Kernel, _ request: KernelRequest, version: UInt64) throws {
    let seed = version * 100
    let x = request.inputs.enumerated().map { index, shape in
      Tensor.random(shape.dims, seed: seed + UInt64(index)).map { Double(Float($0 * scale)) }
    }
    let parameters = request.parameters.enumerated().map { Tensor.random($1.dims, seed: seed + 10 + UInt64($0)) }
    let outer = Tensor.random(request.outputs[0].dims, seed: seed + 20)

    let call = TestCall(kernel: kernel, request: request, version: version)
    call.fill(inputs: x, parameters: parameters, outputGradient: outer)
    call.prepareGradients(inputs: wantedInputs, parameters: wantedParameters, accumulates: accumulates)
    try call.forward()
    compare(call.output, try Oracle.forward(op, request.attributes, x, parameters), "output")
    if request.isTraining {
      try call.backward()
      let expected = try Oracle.backward(op, request.attributes, x, parameters, outer)
      for (index, tensor) in expected.inputs.enumerated() where wantedInputs >> UInt64(index) & 1 == 1 {
        compare(
          call.inputGradients[index], accumulates ? tensor.map { $0 + TestCall.startingGradient } : tensor,
          "gradient of input \(index)")
      }
      for (index, tensor) in expected.parameters.enumerated() where wantedParameters >> UInt64(index) & 1 == 1 {
        compare(
          call.parameterGradients[index], accumulates ? tensor.map { $0 + TestCall.startingGradient } : tensor,
          "gradient of parameter \(index)")
      }
    }
    #expect(call.isIntact, "a kernel wrote behind the end of a buffer")
  }

  /// The bits of everything that a training plan writes.
  func bits(_ backend: some Backend) throws -> [UInt32] {
    let request = try request(isTraining: true)
    let call = TestCall(kernel: try backend.bind(request), request: request, version: 1)
    call.fill(
      inputs: request.inputs.enumerated().map { Tensor.random($1.dims, seed: UInt64($0)) },
      parameters: request.parameters.enumerated().map { Tensor.random($1.dims, seed: 10 + UInt64($0)) },
      outputGradient: Tensor.random(request.outputs[0].dims, seed: 20))
    call.prepareGradients(inputs: .max, parameters: .max, accumulates: false)
    try call.forward()
    try call.backward()
    return ([call.output] + call.inputGradients + call.parameterGradients).flatMap(\.bits)
  }

  /// The error may be `tolerance` of the largest number of the tensor, as sums of many numbers have it.
  private func compare(_ found: GuardedBuffer, _ expected: Tensor, _ what: String) {
    let largest = max(1, expected.values.map(abs).max() ?? 0)
    var worst = (index: 0, error: 0.0)
    for (index, value) in expected.values.enumerated() {
      let error = abs(Double(found.start[index]) - value) / largest
      // A NaN is the worst of all.
      if !(error <= worst.error) { worst = (index, error.isNaN ? .infinity : error) }
    }
    #expect(worst.error <= tolerance, "\(what), element \(worst.index): off by \(worst.error) of \(largest)")
  }
}
