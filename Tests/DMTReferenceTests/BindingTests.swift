import DMTCases
import DMTCore
import DMTReference
import Testing

/// Seeded choices, so that a failure can be made again.
private struct Choices {
  private var counter: UInt32 = 0
  let seed: UInt64

  init(seed: UInt64) { self.seed = seed }

  mutating func index(below count: Int) -> Int {
    counter += 1
    return Int(Philox.words(key: Philox.key(seed: seed), counter: SIMD4(counter, 0, 0, 0))[0]) % count
  }

  mutating func pick<Element>(_ list: [Element]) -> Element { list[index(below: list.count)] }
}

@Suite struct BindingTests {
  private static let extents = [0, 1, 1, 2, 2, 3, 3, 4, 4, 6, -1, -7, Int(Int32.max), 1 << 40, .max, .min]
  private static let integers = [0, 1, 2, 3, -1, -2, 7, Int(Int32.max), .max, .min]

  private static func shape(_ choices: inout Choices) -> Shape {
    Shape((0..<choices.pick([0, 1, 2, 2, 2, 3, 3, 3, 4, 9])).map { _ in choices.pick(extents) })
  }

  private static func value(_ field: AttributeField, _ choices: inout Choices) -> AttributeValue {
    switch choices.index(below: 12) == 0 ? .string : field.kind {
    case .bool: .bool(choices.index(below: 2) == 0)
    case .int: .int(choices.pick(integers))
    case .double: .double(choices.pick([0, 0.5, 1, -1, 1e300, .infinity, .nan]))
    case .string: .string(choices.pick(["relu", "gelu", "none", "sum", ""]))
    case .ints: .ints((0..<choices.index(below: 5)).map { _ in choices.pick(integers) })
    case .doubles: .doubles([choices.pick([0, .nan])])
    case .strings: .strings(["", "x"])
    }
  }

  @Test(arguments: Opset.operators.map(\.name))
  func aHostileRequestIsRefusedAndNeverTraps(op: String) throws {
    let schema = try #require(Opset.named(op))
    var choices = Choices(seed: FNV1a.hash64(op))
    var refused = 0
    for _ in 0..<3000 {
      let inputs = (0..<choices.pick([schema.inputNames.count, schema.inputNames.count, 0, 3])).map { _ in
        Self.shape(&choices)
      }
      // Half of the time the same shape everywhere, or next to nothing would get past the first check.
      let same = choices.index(below: 2) == 0
      var attributes = Attributes()
      for field in schema.attributes.fields where choices.index(below: 8) > 0 {
        attributes[field.name] = Self.value(field, &choices)
      }
      let first = inputs.first ?? []
      let parameters = (0..<choices.index(below: 4)).map { _ in
        same ? Shape([first.dims.last ?? 1, first.dims.last ?? 1]) : Self.shape(&choices)
      }
      let request = KernelRequest(
        op: op, inputs: same ? inputs.map { _ in first } : inputs, parameters: parameters,
        outputs: [same ? first : Self.shape(&choices)], attributes: attributes)
      do {
        let kernel = try ReferenceBackend().bind(request)
        #expect(kernel.savedBytes >= 0 && kernel.scratchBytes >= 0)
      } catch {
        refused += 1
        #expect([.invalidArgument, .shapeMismatch, .unsupported].contains(error.code), "\(error)")
        #expect(error.message.contains(op), "\(error)")
      }
    }
    #expect(refused > 1000)
  }

  @Test(arguments: GradientExample.all)
  func aRequestWithAnotherOutputIsRefused(example: GradientExample) throws {
    let schema = try #require(Opset.named(example.op))
    let (signature, attributes) = try schema.checkedSignature(inputs: example.shapes, attributes: example.attributes)
    var request = KernelRequest(
      op: example.op, inputs: example.shapes, parameters: signature.parameters.map(\.shape),
      outputs: signature.outputs, attributes: attributes)
    _ = try ReferenceBackend().bind(request)
    request.outputs = [Shape(signature.outputs[0].dims + [2])]
    #expect(throws: DMTError.self) { try ReferenceBackend().bind(request) }
    request.outputs = []
    #expect(throws: DMTError.self) { try ReferenceBackend().bind(request) }
    request.outputs = signature.outputs
    request.parameters.append([1])
    #expect(throws: DMTError.self) { try ReferenceBackend().bind(request) }
  }

  @Test func whatIsNotServedSaysWhy() throws {
    let shapes: [Shape] = [[2, 3]]
    let backend = ReferenceBackend()
    for (request, reason) in [
      (KernelRequest(op: "embedding_bag", inputs: shapes, outputs: shapes), "does not know operator embedding_bag"),
      (KernelRequest(op: "relu", revision: 2, inputs: shapes, outputs: shapes), "revision 1 of relu"),
      (KernelRequest(op: "relu", dtype: .int64, inputs: shapes, outputs: shapes), "float32 and float64"),
    ] {
      #expect(backend.support(for: request).score == 0)
      #expect(backend.support(for: request).reason.contains(reason))
      let error = #expect(throws: DMTError.self) { try backend.bind(request) }
      #expect(error?.code == .unsupported)
    }
    #expect(backend.support(for: KernelRequest(op: "relu", inputs: shapes, outputs: shapes)).score == 1)
  }

  @Test(arguments: [0, 1], GradientExample.all)
  func everyOperatorRunsOnBatchesOfNoneAndOne(batch: Int, example: GradientExample) throws {
    let schema = try #require(Opset.named(example.op))
    // Shapes without the batch, as a vector that is added to a batch, stay as they are.
    let rank = example.shapes.map(\.rank).max() ?? 0
    let shapes = example.shapes.map { $0.rank < rank ? $0 : Shape([batch] + $0.dims.dropFirst()) }
    var function = try OperatorFunction(
      schema, attributes: example.attributes, inputs: shapes, constants: example.constants, on: ReferenceBackend())
    let outcome = try GradientCheck().run(&function, at: function.point)
    #expect(outcome.passed, "\(outcome.misses.prefix(3).map(\.description))")
    guard batch == 0 else { return }
    #expect(try function.value(function.point) == 0)
    for (name, gradient) in try function.gradients(function.point) {
      #expect(gradient.allSatisfy { $0 == 0 }, "\(name) \(gradient)")
    }
  }
}
