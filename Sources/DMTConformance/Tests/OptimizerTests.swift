internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore
internal import DMTPluginHost

/// What an update rule keeps to, whatever its formula is.
enum OptimizerTests {
  private static let scope = ConformanceTest.Scope.components(["optimizer"])

  static let all = [
    ConformanceTest("optimizer.states", "The same attributes have the same states every time.", scope, states),
    ConformanceTest(
      "optimizer.parts", "Elements and rows that are cut into several calls, at once too, give the same bits.", scope
    ) { context in
      let cuts = [[1], [7], [5, 6, 150], [3]]
      for (index, cut) in cuts.enumerated() {
        var variation = OptimizerSubject.Variation()
        variation.cuts = cut
        variation.isConcurrent = index >= 2
        try compare(context, variation) { found, whole, what in
          Comparison.difference(found, whole).map {
            "\(what) cut at \(cut.map(String.init).joined(separator: ", "))"
              + "\(variation.isConcurrent ? ", its parts at once" : ""): \($0)"
          }
        }
      }
    },
    ConformanceTest("optimizer.scale", "gradient_scale multiplies every gradient.", scope) { context in
      var scaled = OptimizerSubject.Variation()
      scaled.gradientScale = 0.5
      var halved = OptimizerSubject.Variation()
      halved.factor = 0.5
      try compare(context, scaled, with: halved) { found, expected, what in
        Comparison.miss(found, expected, tolerance: 1e-5).map {
          "\(what) with gradient_scale 0.5 is not as with gradients of half the size: \($0)"
        }
      }
    },
    ConformanceTest("optimizer.rows", "Rows that are not named stay as they are, with their states.", scope, rows),
    ConformanceTest(
      "optimizer.columns", "A table whose columns lie on several ranks is updated as the whole one; sums add up.", scope
    ) { context in
      let plugin = try SubjectPlugin(context)
      for subject in try served(context, plugin) where subject.servesColumnParts {
        let kernel = try subject.rule.bind(subject.request)
        let whole = try subject.updateRows(kernel)
        for parts in [[2, 4], [1, 1, 4]] {
          context.phase("updating a table whose columns are cut into \(parts)")
          var variation = OptimizerSubject.Variation()
          variation.columnParts = parts
          let found = try subject.updateRows(kernel, MemoryPolicy(), variation)
          // Sums that are added in another order are rounded otherwise.
          if let miss = Comparison.miss(found, whole, tolerance: 1e-5) {
            context.fail("with columns cut into \(parts): \(miss)")
          }
        }
      }
      try skipUnlessTried(context, plugin, "it is not for tables whose columns lie on several ranks") {
        $0.servesColumnParts
      }
    },
    ConformanceTest("optimizer.zero", "Gradients that are 0 give numbers that are finite.", scope) { context in
      var variation = OptimizerSubject.Variation()
      variation.gradients = [0]
      try compare(context, variation, with: nil) { found, _, what in
        found.first { !$0.values.allSatisfy(\.isFinite) }.map {
          "\(what) with gradients of 0: \($0.name) is not finite"
        }
      }
    },
    ConformanceTest("optimizer.special", "Gradients that are NaN or infinite end no process.", scope) { context in
      var variation = OptimizerSubject.Variation()
      variation.gradients = [.nan, 1, .infinity, -.infinity, 0, -0.0, 1e-40]
      // Any status will do, and any number.
      try compare(context, variation, with: nil) { _, _, _ in nil }
    },
  ]

  private static func served(_ context: TestContext, _ plugin: SubjectPlugin) throws -> [OptimizerSubject] {
    let subjects = try OptimizerSubject.all(context, plugin)
    guard !subjects.isEmpty else { throw context.skip("it computes neither float32 nor float64") }
    return subjects
  }

  private static func skipUnlessTried(
    _ context: TestContext, _ plugin: SubjectPlugin, _ reason: String, _ isTried: (OptimizerSubject) -> Bool
  ) throws {
    if try !served(context, plugin).contains(where: isTried) { throw context.skip(reason) }
  }

  /// Runs all that the rule serves in two ways and says what `judge` says of them.
  ///
  /// - Parameter with: the way to compare with; nil: there is none.
  private static func compare(
    _ context: TestContext, _ variation: OptimizerSubject.Variation,
    with other: OptimizerSubject.Variation? = OptimizerSubject.Variation(),
    _ judge: (_ found: [NamedNumbers], _ expected: [NamedNumbers], _ what: String) -> String?
  ) throws {
    for subject in try served(context, SubjectPlugin(context)) {
      let kernel = try subject.rule.bind(subject.request)
      func judged(_ what: String, _ run: (OptimizerSubject.Variation) throws(DMTError) -> [NamedNumbers]) throws {
        context.phase("updating \(what)")
        let expected = try other.map { try run($0) } ?? []
        if let reason = judge(try run(variation), expected, what) { context.fail(reason) }
      }
      if subject.servesElements {
        for count in OptimizerSubject.elements {
          try judged("\(count) elements of \(subject.request.dtype)") { way throws(DMTError) in
            try subject.updateElements(kernel, count: count, MemoryPolicy(), way)
          }
        }
      }
      guard subject.rule.servesTables else { continue }
      try judged("rows of \(subject.request.dtype)") { way throws(DMTError) in
        try subject.updateRows(kernel, MemoryPolicy(), way)
      }
    }
  }

  private static func states(_ context: TestContext) throws {
    let plugin = try SubjectPlugin(context)
    for subject in try served(context, plugin) {
      let attributes = subject.request.attributes
      for field in subject.rule.attributes.fields {
        // What other attributes are answered is not to stay.
        for value in SchemaValues.edges(field, largest: 1e6) {
          var others = attributes
          others[field.name] = value
          if let valid = try? subject.rule.attributes.validated(others, owner: "it") {
            context.phase("describing \(field.name)=\(value)")
            _ = try? subject.rule.layout(valid)
          }
        }
      }
      context.phase("describing it again")
      let again = try subject.rule.layout(attributes)
      context.expect(
        again == subject.layout,
        "the states are \(words(subject.layout)), and \(words(again)) the next time, with the same attributes")
    }
  }

  private static func words(_ layout: OptimizerLayout) -> String {
    let states = layout.states.map { "\($0.name) from \($0.initialValue)\($0.isRowwise ? " per row" : "")" }
    return "[\(states.joined(separator: ", "))] with \(layout.rowSumCount) sums"
  }

  private static func rows(_ context: TestContext) throws {
    let plugin = try SubjectPlugin(context)
    for subject in try served(context, plugin) where subject.rule.servesTables {
      context.phase("updating rows of \(subject.request.dtype)")
      let kernel = try subject.rule.bind(subject.request)
      let named = Set(OptimizerSubject.named.flatMap { $0 })
      let before = subject.untouchedRows()
      for (found, start) in zip(try subject.updateRows(kernel), before) {
        let width = found.values.count / OptimizerSubject.rows
        for row in 0..<OptimizerSubject.rows where !named.contains(Int64(row)) {
          let range = (row * width)..<((row + 1) * width)
          let isSame = zip(found.values[range], start.values[range]).allSatisfy { $0.bitPattern == $1.bitPattern }
          context.expect(isSame, "row \(row) of \(found.name) is changed, and only rows \(named.sorted()) are named")
        }
      }
    }
    try skipUnlessTried(context, plugin, "it is not for tables") { $0.rule.servesTables }
  }

  /// Bind requests that break the contract.
  static func requests(_ context: TestContext) throws {
    let plugin = try SubjectPlugin(context)
    guard let subject = try served(context, plugin).first else { return }
    let table = try plugin.table(context.tested(), as: dmt_optimizer.self).pointee
    guard let bind = table.bind, let release = table.release else { return }
    let arena = ContractArena()
    func expectRefused(_ what: String, _ request: UnsafePointer<dmt_optimizer_request>?) {
      var plan = dmt_optimizer_plan()
      plan.struct_size = UInt32(MemoryLayout<dmt_optimizer_plan>.size)
      CallErrorTests.expectRefused(context, what) {
        bind(table.ctx, request, &plan)
      } release: {
        release(plan.handle)
      }
    }
    expectRefused("a request at NULL", nil)
    var request = arena.request(subject.request)
    request.struct_size = 0
    expectRefused("struct_size 0", &request)
    for (code, bits, lanes) in [
      (DMT_DTYPE_INT, 8, 1), (DMT_DTYPE_INT, 32, 1), (DMT_DTYPE_FLOAT, 16, 1), (DMT_DTYPE_FLOAT, 32, 4), (77, 32, 1),
    ] {
      var request = arena.request(subject.request)
      request.dtype = dmt_dtype(code: UInt8(code), bits: UInt8(bits), lanes: UInt16(lanes))
      expectRefused("element type (code \(code), \(bits) bits, \(lanes) lanes)", &request)
    }
  }
}
