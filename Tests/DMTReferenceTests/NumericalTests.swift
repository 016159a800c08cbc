import CDMTPlugin
import DMTCases
import DMTCore
import DMTReference
import Testing

/// Numbers at which a naive formula overflows, cancels or divides by zero.
@Suite struct NumericalTests {
  private func run(_ op: String, _ attributes: Attributes = [:], _ inputs: [Double]...) throws -> (
    output: [Double], gradient: [Double]
  ) {
    let schema = try #require(Opset.named(op))
    let shapes = inputs.map { op == "bce_with_logits" ? Shape([$0.count]) : Shape([1, $0.count]) }
    let (signature, attributes) = try schema.checkedSignature(inputs: shapes, attributes: attributes)
    let harness = try KernelHarness(
      KernelRequest(
        op: op, dtype: .float64, inputs: shapes, outputs: signature.outputs, attributes: attributes),
      signature: signature, on: ReferenceBackend())
    let output = try harness.forward(inputs: inputs, parameters: [], training: true)
    let gradients = try harness.backward(
      outputGradient: output.map { _ in 1 },
      wanted: .init(inputs: inputs.indices.map { $0 == 0 }, parameters: []), training: true)
    return (output, try #require(gradients.inputs[0]))
  }

  @Test func theLossOfAConfidentAnswerIsExact() throws {
    let right = try run("bce_with_logits", [:], [40], [1])
    #expect(abs(right.output[0] / 4.248354255291589e-18 - 1) < 1e-12)
    let wrong = try run("bce_with_logits", [:], [-10000], [1])
    #expect(wrong.output[0] == 10000)
    #expect(wrong.gradient[0] == -1)
  }

  @Test func theLossOfNoSamplesIsZero() throws {
    let empty = try run("bce_with_logits", [:], [], [])
    #expect(empty.output == [0])
    #expect(empty.gradient == [])
  }

  @Test func labelsHaveNoGradient() throws {
    let schema = try #require(Opset.named("bce_with_logits"))
    var function = try OperatorFunction(schema, inputs: [[3], [3]], on: ReferenceBackend())
    let error = #expect(throws: DMTError.self) { try function.gradients(function.point) }
    #expect(error?.message == "operator bce_with_logits has no gradient of its labels")
  }

  @Test func sigmoidAndSoftmaxDoNotOverflow() throws {
    #expect(try run("sigmoid", [:], [-1000, 1000]).output == [0, 1])
    #expect(try run("softmax", [:], [1000, 1000, -1000]).output == [0.5, 0.5, 0])
  }

  @Test func geluKeepsItsSmallValues() throws {
    let result = try run("gelu", [:], [-10, 0, 10])
    // x erfc(-x / sqrt 2) / 2 at -10; (1 + erf) would have lost all digits.
    #expect(abs(result.output[0] / -7.61985302416e-23 - 1) < 1e-9)
    #expect(result.output[1] == 0)
    #expect(result.gradient[1] == 0.5)
  }

  @Test func theGradientOfReluAtZeroIsZero() throws {
    #expect(try run("relu", [:], [-1, 0, 1]).gradient == [0, 0, 1])
  }

  @Test func aCallWithoutItsTensorsIsAnError() throws {
    let kernel = try ReferenceBackend().bind(KernelRequest(op: "relu", inputs: [[2, 3]], outputs: [[2, 3]]))
    var call = dmt_kernel_call()
    #expect(throws: DMTError.self) { try kernel.forward(&call) }
    call.struct_size = UInt32(MemoryLayout<dmt_kernel_call>.size)
    let error = #expect(throws: DMTError.self) { try kernel.forward(&call) }
    #expect(error?.message == "operator relu was called without input 0")
  }
}
