import DMTCore

extension Key {
  /// The key of a manifest that sets `field` of a module or an optimizer.
  init(_ field: AttributeField) {
    let absence: Absence =
      if let value = field.defaultValue { .defaultsTo(ManifestNode(value)) } else if field.isOptional { .absent } else {
        .required
      }
    self.init(field.name, Form(field), absence, field.summary)
  }
}

extension Form {
  /// What may stand for `field`; a list attribute may be written as one element.
  init(_ field: AttributeField) {
    let bounds = NumberBounds(minimum: field.minimum, maximum: field.maximum)
    let text = Form.text(TextRule(choices: field.choices, allowsEmpty: field.choices.isEmpty))
    let int = Form.int(Self.wholeBound(field.minimum, orElse: .min)...Self.upperBound(field))
    self =
      switch field.kind {
      case .bool: .bool
      case .int: int
      case .double: .number(bounds)
      case .string: text
      case .ints: .list(int, minimum: 0, allowsSingle: true)
      case .doubles: .list(.number(bounds), minimum: 0, allowsSingle: true)
      case .strings: .list(text, minimum: 0, allowsSingle: true)
      }
  }

  private static func upperBound(_ field: AttributeField) -> Int {
    max(wholeBound(field.minimum, orElse: .min), wholeBound(field.maximum, orElse: .max))
  }

  private static func wholeBound(_ bound: Double?, orElse limit: Int) -> Int {
    guard let bound else { return limit }
    return Int(exactly: bound.rounded(limit == .min ? .up : .down)) ?? limit
  }
}

extension ManifestNode {
  /// An attribute's default as a node.
  init(_ value: AttributeValue) {
    self =
      switch value {
      case .bool(let flag): .bool(flag)
      case .int(let number): .int(number)
      case .double(let number): .number(number)
      case .string(let text): .text(text)
      case .ints(let numbers): .list(numbers.map { .int($0) })
      case .doubles(let numbers): .list(numbers.map { .number($0) })
      case .strings(let texts): .list(texts.map { .text($0) })
      }
  }
}
