import DMTPluginKit
import Glibc

/// `@COMPONENT@`: y = x / (1 + exp(-beta x)), element by element.
///
/// Its derivative is s + beta x s (1 - s) with s = 1 / (1 + exp(-beta x)). The kit calls forward and backward for parts of a
/// batch on several threads at once.
struct @EXAMPLE@: SampleOperator {
  let name = "@COMPONENT@"
  let summary = "y = x / (1 + exp(-beta x)), element by element."
  let inputNames = ["x"]
  let attributes: AttributeSchema = [
    AttributeField("beta", .double, "Steepness: 0 is x / 2, a large one is relu.", default: .double(1))
  ]

  func signature(inputs: [Shape], attributes: Attributes) throws(DMTError) -> OperatorSignature {
    OperatorSignature(outputs: inputs, backwardReadsInputs: 1)
  }

  func forward(_ samples: inout ForwardSamples) throws(DMTError) {
    let beta = Float(try samples.attributes.double("beta", default: 1))
    let x = samples.input(0)
    var y = samples.output(0)
    for index in x.indices { y[index] = x[index] / (1 + exp(-beta * x[index])) }
  }

  func backward(_ samples: inout BackwardSamples) throws(DMTError) {
    guard samples.wantsInputGradient(0) else { return }
    let beta = Float(try samples.attributes.double("beta", default: 1))
    let x = samples.input(0)
    let outputGradient = samples.outputGradient(0)
    var gradient = samples.inputGradient(0)
    for index in x.indices {
      let s = 1 / (1 + exp(-beta * x[index]))
      gradient[index] += outputGradient[index] * (s + beta * x[index] * s * (1 - s))
    }
  }
}
