import DMTPluginKit

/// `@COMPONENT@`: y = Linear(x * sigmoid(Linear(x))), x flattened; [B, ..] -> [B, out].
///
/// Parameters `gate.weight` [N, N], `gate.bias` [N], `out.weight` [out, N], `out.bias` [out]. A module has no kernels and no
/// gradient: it writes operators into the host's graph, which has both.
struct @EXAMPLE@: Module {
  let name = "@COMPONENT@"
  let summary = "y = Linear(x * sigmoid(Linear(x))), x flattened; [B, ..] -> [B, out]."
  let attributes: AttributeSchema = [AttributeField("out", .int, "Width of the result.", minimum: 1)]

  func expand(in graph: any GraphBuilder, attributes: Attributes, inputs: [GraphValue]) throws(DMTError) -> GraphValue {
    guard let input = inputs.first, inputs.count == 1 else {
      throw DMTError(.shapeMismatch, "@COMPONENT@ got \(inputs.count) inputs, it takes one")
    }
    let shape = try graph.shape(of: input)
    guard shape.rank >= 2 else {
      throw DMTError(.shapeMismatch, "@COMPONENT@ got \(shape), expected [B, ..]")
    }
    let x = try graph.flattened(input)
    let width = try graph.shape(of: x)[1]
    let gate = try graph.apply("linear", name: "gate", ["out": .int(width), "activation": .string("sigmoid")], x)
    let gated = try graph.apply("mul", [:], x, gate)
    return try graph.apply("linear", name: "out", ["out": .int(try attributes.int("out"))], gated)
  }
}
