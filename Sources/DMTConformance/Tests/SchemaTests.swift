internal import DMTCore
internal import DMTPluginHost

/// What components accept as attributes.
enum SchemaTests {
  private static let kinds: Set<String> = ["operator", "module", "reader", "optimizer"]

  static let all = [
    ConformanceTest("schema.fields", "Every attribute is described, its bounds and default fit.", .components(kinds)) {
      context in
      for field in try schema(context, SubjectPlugin(context)).fields {
        context.expect(!field.summary.isEmpty, "attribute '\(field.name)' has no summary")
        if let low = field.minimum, let high = field.maximum {
          context.expect(low <= high, "attribute '\(field.name)' is bound to \(low) and more, \(high) and less")
        }
        if let value = field.defaultValue {
          let isValid = (try? field.validated(value, owner: "it")) != nil
          context.expect(isValid, "attribute '\(field.name)' refuses its own default, \(value)")
        }
        let isNumber = [.int, .double, .ints, .doubles].contains(field.kind)
        context.expect(
          isNumber || (field.minimum == nil && field.maximum == nil),
          "attribute '\(field.name)' is \(field.kind.phrase) and has bounds")
        context.expect(
          field.choices.isEmpty || field.kind == .string || field.kind == .strings,
          "attribute '\(field.name)' is \(field.kind.phrase) and has choices")
      }
    },
    ConformanceTest(
      "schema.refusals", "Unknown attributes, other types and values out of bounds are refused.", .components(kinds)
    ) { context in
      let schema = try schema(context, SubjectPlugin(context))
      func expectRefused(_ change: (inout Attributes) -> Void, _ what: String) {
        var attributes = SchemaValues.required(schema)
        change(&attributes)
        let isAccepted = (try? schema.validated(attributes, owner: "it")) != nil
        context.expect(!isAccepted, "\(what) is accepted")
      }
      expectRefused({ $0["no_such_attribute"] = .int(1) }, "an attribute 'no_such_attribute'")
      for field in schema.fields {
        let other: AttributeValue = field.kind == .bool ? .string("text") : .bool(true)
        expectRefused({ $0[field.name] = other }, "\(other) for '\(field.name)'")
        if let low = field.minimum {
          expectRefused({ $0[field.name] = Self.number(field, low - 1) }, "\(low - 1) for '\(field.name)'")
        }
        if let high = field.maximum {
          expectRefused({ $0[field.name] = Self.number(field, high + 1) }, "\(high + 1) for '\(field.name)'")
        }
      }
    },
    ConformanceTest(
      "schema.edges", "Every value that the schema accepts is served or refused with a message.", .components(kinds)
    ) { context in
      let plugin = try SubjectPlugin(context)
      let schema = try schema(context, plugin)
      guard !schema.fields.isEmpty else { throw context.skip("it has no attributes") }
      for field in schema.fields {
        // A module may make a node of each: a thousand are no edge, they are only slow.
        let largest = context.component?.kind == "module" ? 9.0 : 1_000_000_007
        for value in SchemaValues.edges(field, largest: largest) {
          var attributes = SchemaValues.required(schema)
          attributes[field.name] = value
          guard (try? schema.validated(attributes, owner: "it")) != nil else { continue }
          context.phase("trying \(field.name)=\(value)")
          try use(attributes, context, plugin, "\(field.name)=\(value)")
        }
      }
    },
  ]

  private static func schema(_ context: TestContext, _ plugin: SubjectPlugin) throws -> AttributeSchema {
    let component = try context.tested()
    if let found = plugin.loaded.operators.first(where: { $0.name == component.id }) { return found.attributes }
    if let found = plugin.loaded.modules.first(where: { $0.name == component.id }) { return found.attributes }
    if let found = plugin.loaded.readers.first(where: { $0.name == component.id }) { return found.attributes }
    if let found = plugin.loaded.optimizers.first(where: { $0.name == component.id }) { return found.attributes }
    throw context.skip("this host does not know revision \(component.revision) of its kind")
  }

  private static func number(_ field: AttributeField, _ value: Double) -> AttributeValue {
    switch field.kind {
    case .int: .int(Int(value))
    case .ints: .ints([Int(value)])
    case .doubles: .doubles([value])
    default: .double(value)
    }
  }

  /// Infers, binds and runs with these attributes; only a status without a message is a failure.
  private static func use(
    _ attributes: Attributes, _ context: TestContext, _ plugin: SubjectPlugin, _ what: String
  ) throws {
    let component = try context.tested()
    do {
      if component.kind == "module" {
        _ = try ModuleTrials(context, plugin, attributes: attributes).all.first?.run(context)
        return
      }
      if component.kind == "optimizer" {
        for workload in try OptimizerWorkload.all(context, plugin, attributes: attributes) {
          _ = try workload.bind(threads: 1).run()
        }
        return
      }
      if component.kind == "reader" {
        _ = try ReaderSubject.exercise(context, plugin, attributes: attributes)
        return
      }
      let known = try KernelWorkloads(context, plugin).smallest[0]
      let workload = try KernelWorkload(
        known.schema, on: known.backend, oracle: nil, attributes: attributes, inputs: known.open, batch: 2,
        seed: context.seed)
      // Gigabytes are no edge, and no fault either.
      let elements = (workload.request.outputs + workload.request.parameters).map(\.elementsPerSample)
      guard elements.allSatisfy({ $0 < 1 << 24 }), workload.support.isServed else { return }
      _ = try workload.bind(threads: 1).run()
    } catch let error as DMTError where error.code != .pluginFailed {
      context.expect(
        !error.message.contains("failed without a message"), "\(what) is refused without a message (set_error)")
    }
  }
}
