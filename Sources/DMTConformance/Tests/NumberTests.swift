internal import DMTCases
internal import DMTCore

/// What a component computes.
enum NumberTests {
  private static let kernels: Set<String> = ["backend", "operator"]

  /// Of float32 against double, relative to max(1, abs).
  static let tolerance = 1e-4

  static let all = [
    ConformanceTest("numbers.forward", "What it computes is what the reference computes.", .components(["backend"])) {
      context in
      try compare(context) { $0.filter { !$0.name.hasPrefix("the gradient") } }
    },
    ConformanceTest(
      "numbers.reference", "Everything it writes is what the reference writes.", .components(["embedding", "update"])
    ) { context in try compare(context) { $0 } },
    ConformanceTest(
      "numbers.gradients", "Gradients are those of the reference, or of differences where it has none.",
      .components(kernels)
    ) { context in
      if try context.tested().kind == "backend" {
        try compare(context) { $0.filter { $0.name.hasPrefix("the gradient") } }
      } else {
        try compareWithDifferences(context)
      }
    },
    ConformanceTest("numbers.inference", "Without training it computes what it says.", .components(kernels)) {
      context in
      for workload in try KernelWorkloads(context, SubjectPlugin(context)).smallest {
        let inference = try workload.forInference()
        guard inference.support.isServed else {
          context.note("\(workload.schema.name) is served in training alone")
          continue
        }
        context.phase("running \(inference.name) without training")
        let found = try inference.bind(threads: 1).run()
        if let exact = try inference.bindReference()?.run() {
          if let miss = Comparison.miss(found, exact, tolerance: tolerance) {
            context.fail("\(inference.name): \(miss)")
          }
        } else {
          let training = try workload.bind(threads: 1).run()
          if let miss = Comparison.miss(found, Array(training.prefix(found.count)), tolerance: tolerance) {
            context.fail("\(inference.name), compared with training: \(miss)")
          }
        }
      }
    },
    ConformanceTest(
      "numbers.accumulate", "With an accumulate flag a gradient is added to what is there.", .components(kernels)
    ) { context in
      for workload in try KernelWorkloads(context, SubjectPlugin(context)).smallest {
        context.phase("adding gradients of \(workload.name)")
        let bound = try workload.bind(threads: 1)
        let plain = gradients(try bound.run())
        var variation = RunVariation()
        variation.addingTo = 3
        let added = gradients(try bound.run(MemoryPolicy(), variation))
        let expected = plain.map { NamedNumbers(name: $0.name, values: $0.values.map { $0 + 3 }) }
        if let miss = Comparison.miss(added, expected, tolerance: tolerance) {
          context.fail("\(workload.name): \(miss)")
        }
      }
    },
    ConformanceTest(
      "numbers.unwanted", "A gradient that is not wanted is NULL, and the others are as before.", .components(kernels)
    ) { context in
      for workload in try KernelWorkloads(context, SubjectPlugin(context)).smallest {
        let bound = try workload.bind(threads: 1)
        let plain = gradients(try bound.run())
        let names = workload.operandNames.map { "the gradient of \($0)" }
        for only in [-1] + Array(names.indices) {
          context.phase("running \(workload.name) with \(only < 0 ? "no gradient" : names[only] + " alone") wanted")
          var variation = RunVariation()
          variation.onlyGradient = only
          let found = gradients(try bound.run(MemoryPolicy(), variation))
          let expected = plain.filter { only >= 0 && $0.name == names[only] }
          if let miss = Comparison.miss(found, expected, tolerance: tolerance) {
            context.fail("\(workload.name), this gradient alone: \(miss)")
          }
        }
      }
    },
    ConformanceTest(
      "numbers.special", "NaN and infinity go through as they do in the reference.",
      .components(ComponentWorkloads.kinds),
      special),
  ]

  private static func gradients(_ numbers: [NamedNumbers]) -> [NamedNumbers] {
    numbers.filter { $0.name.hasPrefix("the gradient") }
  }

  private static func compare(
    _ context: TestContext, _ part: ([NamedNumbers]) -> [NamedNumbers]
  ) throws {
    for workload in try ComponentWorkloads.all(context, SubjectPlugin(context)) {
      context.phase("running \(workload.name)")
      let found = try workload.bind(threads: 1).run()
      guard let exact = try workload.bindReference()?.run() else { throw context.skip("there is no reference for it") }
      if let miss = Comparison.miss(part(found), part(exact), tolerance: tolerance) {
        context.fail("\(workload.name): \(miss)")
      }
    }
  }

  // MARK: Differences

  /// Along random directions, because float32 is too coarse for single elements: the slope that backward says against
  /// (loss(x + h d) - loss(x - h d)) / 2h with the h that fits best.
  private static func compareWithDifferences(_ context: TestContext) throws {
    for workload in try KernelWorkloads(context, SubjectPlugin(context)).smallest {
      context.phase("differentiating \(workload.name)")
      guard let bound = try workload.bind(threads: 1) as? BoundKernel else { continue }
      let point = bound.operands
      let slopes = workload.request.outputs.enumerated().map { workload.values($1, "gradient \($0)") }
      func loss(_ operand: Int, _ direction: [Double], _ step: Double) throws -> Double {
        bound.operands[operand] = zip(point[operand], direction).map { $0 + step * $1 }
        defer { bound.operands = point }
        let outputs = try bound.run().prefix(slopes.count)
        return zip(outputs, slopes).reduce(0) { sum, pair in
          sum + zip(pair.0.values, pair.1).reduce(0) { $0 + $1.0 * $1.1 }
        }
      }
      let gradients = gradients(try bound.run())
      for (operand, name) in workload.operandNames.enumerated() {
        guard let gradient = gradients.first(where: { $0.name == "the gradient of \(name)" })?.values else { continue }
        for trial in 0..<4 {
          let direction = CaseTensor.random([gradient.count], name: "\(name) \(trial)", seed: context.seed).values
          let expected = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
          var best = Double.infinity
          var nearest = Double.nan
          for step in [3e-2, 1e-2, 3e-3, 1e-3] {
            let slope = (try loss(operand, direction, step) - loss(operand, direction, -step)) / (2 * step)
            let error = abs(slope - expected) / max(1, abs(expected))
            if error < best || nearest.isNaN { (best, nearest) = (error, slope) }
          }
          context.expect(
            best < 5e-3,
            "\(workload.name): along a random direction of \(name) backward says \(expected), differences say \(nearest)"
          )
        }
      }
    }
  }

  // MARK: Special numbers

  private static func special(_ context: TestContext) throws {
    for workload in try ComponentWorkloads.oneOfEach(context, SubjectPlugin(context)) {
      let bound = try workload.bind(threads: 1)
      let exact = try workload.bindReference()
      for input in specialInputs(workload) {
        for value in [Double.nan, .infinity] {
          context.phase("running \(workload.name) with \(value) in input \(input)")
          var variation = RunVariation()
          variation.special = (input, value)
          let found = try bound.run(MemoryPolicy(), variation)
          if let exact {
            if let text = lost(found, try exact.run(MemoryPolicy(), variation)) {
              context.fail("\(workload.name) with \(value) in input \(input): \(text)")
            }
          } else if value.isNaN {
            context.expect(
              found.contains { $0.values.contains(where: \.isNaN) },
              "\(workload.name) with NaN in input \(input): nothing it writes is NaN")
          }
        }
      }
    }
  }

  /// Numbers of inputs that may hold special numbers; -1: the gradient of the output.
  private static func specialInputs(_ workload: any Workload) -> [Int] {
    if let kernel = workload as? KernelWorkload {
      return [-1] + kernel.request.inputs.indices.filter { !kernel.constants.contains($0) }
    }
    return [0, 1]
  }

  /// Where the reference has NaN or infinity and `found` has an ordinary number.
  private static func lost(_ found: [NamedNumbers], _ exact: [NamedNumbers]) -> String? {
    for (a, b) in zip(found, exact) {
      if a.name.hasPrefix("the gradient") {
        // Zero times NaN is NaN, and a mask of relu is zero: both are right, element by element.
        if b.values.allSatisfy({ !$0.isFinite }), a.values.allSatisfy(\.isFinite) { return "\(a.name) is finite" }
        continue
      }
      for (index, (x, y)) in zip(a.values, b.values).enumerated() where !y.isFinite && x.isFinite {
        return "element \(index) of \(a.name) is \(x), expected \(y)"
      }
    }
    return nil
  }
}
