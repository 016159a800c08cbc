import DMTCore

/// The JSON Schema of manifests, for editors.
public enum ManifestSchema {
  /// A JSON Schema (draft 2020-12) of every manifest that `catalog` allows: with the attributes of each module and
  /// optimizer, the backends and the metrics.
  ///
  /// The schema says what one value may be. Rules that tie values together, such as that each feature is in one tower,
  /// are checked by loading the manifest.
  public static func json(catalog: ManifestCatalog) -> String {
    let root = SchemaWriter().schema(of: .record(ManifestGrammar(catalog: catalog).root))
    guard case .object(let members) = root else { return root.text + "\n" }
    let head: [JSONTree.Member] = [
      .init(key: "$schema", value: .string("https://json-schema.org/draft/2020-12/schema")),
      .init(key: "title", value: .string("dmt manifest")),
      .init(key: "description", value: .string("One pipeline: what to read, which model to build, how to train it.")),
    ]
    return JSONTree.object(head + members).text + "\n"
  }
}

/// Writes forms as JSON Schema.
struct SchemaWriter {
  func schema(of form: Form) -> JSONTree {
    switch form {
    case .bool: return .object(["type": .string("boolean")])
    case .int(let range): return int(range)
    case .number(let bounds): return number(bounds)
    case .text(let rule): return text(rule)
    case .verbatim: return .object(["type": .strings(["string", "number", "boolean"])])
    case .list(let element, let minimum, let allowsSingle):
      var list = JSONTree.object(["type": .string("array"), "items": schema(of: element)])
      if minimum > 0 { list = list.adding("minItems", .int(minimum)) }
      return allowsSingle ? anyOf([list, schema(of: element)]) : list
    case .record(let record):
      guard let short = record.shorthand.flatMap({ record[$0] }) else { return object(record) }
      return anyOf([schema(of: short.form), object(record)])
    case .variants(let variants): return self.variants(variants)
    case .map(let map): return self.map(map)
    case .either(let scalar, let mapping): return anyOf([schema(of: scalar), schema(of: mapping)])
    case .nullable(let form): return anyOf([schema(of: form), .object(["type": .string("null")])])
    }
  }

  private func anyOf(_ schemas: [JSONTree]) -> JSONTree { .object(["anyOf": .array(schemas)]) }

  private func int(_ range: ClosedRange<Int>) -> JSONTree {
    var result = JSONTree.object(["type": .string("integer")])
    if range.lowerBound > .min { result = result.adding("minimum", .int(range.lowerBound)) }
    if range.upperBound < .max { result = result.adding("maximum", .int(range.upperBound)) }
    return result
  }

  private func number(_ bounds: NumberBounds) -> JSONTree {
    func bound(_ value: Double) -> JSONTree { Int(exactly: value).map { .int($0) } ?? .number(value) }
    var result = JSONTree.object(["type": .string("number")])
    if let minimum = bounds.minimum { result = result.adding("minimum", bound(minimum)) }
    if let above = bounds.above { result = result.adding("exclusiveMinimum", bound(above)) }
    if let maximum = bounds.maximum { result = result.adding("maximum", bound(maximum)) }
    return result
  }

  private func text(_ rule: TextRule) -> JSONTree {
    if !rule.choices.isEmpty { return .object(["type": .string("string"), "enum": .strings(rule.choices)]) }
    let result = JSONTree.object(["type": .string("string")])
    if rule.isName { return result.adding("pattern", .string(TextRule.namePattern)) }
    return rule.allowsEmpty ? result : result.adding("minLength", .int(1))
  }

  /// A key's schema with its summary and default, which editors show.
  private func property(_ key: Key) -> JSONTree {
    var result = schema(of: key.form).adding("description", .string(key.summary))
    if case .defaultsTo(let node) = key.absence { result = result.adding("default", value(node)) }
    return result
  }

  private func object(_ record: Record) -> JSONTree {
    var result = JSONTree.object([
      "type": .string("object"),
      "properties": .object(record.keys.map { .init(key: $0.name, value: property($0)) }),
    ])
    let required = record.keys.filter { if case .required = $0.absence { true } else { false } }.map(\.name)
    if !required.isEmpty { result = result.adding("required", .strings(required)) }
    result = result.adding("additionalProperties", .bool(false))
    let rules = record.choices.flatMap(rules)
    return rules.isEmpty ? result : result.adding("allOf", .array(rules))
  }

  /// At most one of the keys, or exactly one.
  private func rules(of choice: Record.Choice) -> [JSONTree] {
    func has(_ keys: [String]) -> JSONTree { .object(["required": .strings(keys)]) }
    var rules: [JSONTree] = []
    for (index, first) in choice.keys.enumerated() {
      for second in choice.keys.dropFirst(index + 1) { rules.append(.object(["not": has([first, second])])) }
    }
    if choice.isRequired { rules.append(anyOf(choice.keys.map { has([$0]) })) }
    return rules
  }

  /// The discriminator first, so that an editor offers its values; then, for each of them, the keys that go with it.
  private func variants(_ variants: Variants) -> JSONTree {
    let names = variants.variants.map(\.name)
    let selector = JSONTree.object([
      "type": .string("string"), "enum": .strings(names), "description": .string(variants.discriminatorSummary),
    ])
    var result = JSONTree.object([
      "type": .string("object"), "properties": .object([variants.discriminator: selector]),
    ])
    if variants.defaultVariant == nil { result = result.adding("required", .strings([variants.discriminator])) }
    var rules: [JSONTree] = []
    for variant in variants.variants {
      guard let record = variants.record(variant.name) else { continue }
      let then = object(record).adding("description", .string(variant.summary))
      rules.append(.object(["if": condition(variants, variant.name), "then": then]))
    }
    if !rules.isEmpty { result = result.adding("allOf", .array(rules)) }
    guard variants.allowsShorthand else { return result }
    return anyOf([.object(["type": .string("string"), "enum": .strings(names)]), result])
  }

  private func condition(_ variants: Variants, _ name: String) -> JSONTree {
    let chosen = JSONTree.object([
      "properties": .object([variants.discriminator: .object(["const": .string(name)])])
    ])
    // Without the key, `properties` holds for every variant: only the default one may be chosen then.
    return variants.defaultVariant == name
      ? chosen : chosen.adding("required", .strings([variants.discriminator]))
  }

  private func map(_ map: NamedMap) -> JSONTree {
    var result = JSONTree.object(["type": .string("object"), "additionalProperties": schema(of: map.form)])
    if map.hasPlainNames {
      result = result.adding("propertyNames", .object(["pattern": .string(TextRule.namePattern)]))
    }
    guard let generator = map.generator else { return result }
    // A tower is a mapping, so that a scalar named count can only be the short form's.
    let isGenerator = JSONTree.object([
      "properties": .object(["count": .object(["type": .string("integer")])]), "required": .strings(["count"]),
    ])
    if let fileGenerator = map.fileGenerator {
      let isReference = JSONTree.object([
        "properties": .object(["from": .object(["type": .string("string")])]), "required": .strings(["from"]),
      ])
      result = .object(["if": isReference, "then": schema(of: fileGenerator), "else": result])
    }
    return .object([
      "type": .string("object"), "if": isGenerator, "then": schema(of: generator), "else": result,
    ])
  }

  private func value(_ node: ManifestNode) -> JSONTree {
    switch node.content {
    case .scalar(let scalar):
      switch scalar.value {
      case .null: .null
      case .bool(let flag): .bool(flag)
      case .int(let number): .int(number)
      case .double(let number): .number(number)
      case .text(let text): .string(text)
      }
    case .sequence(let elements): .array(elements.map(value))
    case .mapping(let entries): .object(entries.map { .init(key: $0.key, value: value($0.value)) })
    }
  }
}
