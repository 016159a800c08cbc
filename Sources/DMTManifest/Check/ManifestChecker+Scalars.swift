import DMTCore

extension ManifestChecker {
  mutating func checkedScalar(_ node: ManifestNode, _ form: Form, path: String) -> ManifestNode? {
    guard let scalar = node.scalar else { return wrongType(node, form, path) }
    switch (form, scalar.value) {
    case (.bool, .bool):
      return node
    case (.int(let range), .int(let value)):
      return inRange(value, range, node, path)
    case (.int(let range), .double(let value)) where value.isFinite && value == value.rounded():
      guard let whole = Int(exactly: value) else {
        errors.add("\(path) is \(scalar.text), expected \(Self.phrase(range))", at: node.origin)
        return nil
      }
      return inRange(whole, range, .int(whole, origin: node.origin), path)
    case (.number(let bounds), .int(let value)):
      return inBounds(Double(value), bounds, node, path)
    case (.number(let bounds), .double(let value)):
      return inBounds(value, bounds, node, path)
    case (.text(let rule), .text(let text)):
      return allowed(text, rule, node, path)
    case (.verbatim, .null) where scalar.text.isEmpty:
      return wrongType(node, form, path)
    case (.verbatim, _):
      return .text(scalar.text, origin: node.origin)
    default:
      return wrongType(node, form, path)
    }
  }

  private mutating func inRange(
    _ value: Int, _ range: ClosedRange<Int>, _ node: ManifestNode, _ path: String
  ) -> ManifestNode? {
    if range.contains(value) { return node }
    errors.add("\(path) is \(value), expected \(Self.phrase(range))", at: node.origin)
    return nil
  }

  private mutating func inBounds(
    _ value: Double, _ bounds: NumberBounds, _ node: ManifestNode, _ path: String
  ) -> ManifestNode? {
    guard let expectation = bounds.expectation(violatedBy: value) else { return node }
    errors.add("\(path) is \(node.scalar?.text ?? ""), expected \(expectation)", at: node.origin)
    return nil
  }

  private mutating func allowed(
    _ text: String, _ rule: TextRule, _ node: ManifestNode, _ path: String
  ) -> ManifestNode? {
    if !rule.choices.isEmpty {
      if rule.choices.contains(text) { return node }
      errors.add(
        "\(path): unknown \(rule.noun) '\(text)', expected one of \(rule.choices.joined(separator: ", "))",
        at: node.origin, remedy: Spelling.nearest(to: text, in: rule.choices).map { "did you mean '\($0)'?" })
      return nil
    }
    if text.isEmpty, !rule.allowsEmpty {
      errors.add("\(path) is an empty text, expected a text", at: node.origin)
      return nil
    }
    if rule.isName, !TextRule.isName(text) {
      errors.add("\(path) is '\(text)', expected letters, digits, '_' and '-' only", at: node.origin)
      return nil
    }
    if rule.isPath, text.utf8.contains(0) {
      errors.add("\(path) holds a zero byte, expected a path", at: node.origin)
      return nil
    }
    return node
  }

  private static func phrase(_ range: ClosedRange<Int>) -> String {
    if range.lowerBound == range.upperBound { return "\(range.lowerBound)" }
    if range.upperBound == .max { return "at least \(range.lowerBound)" }
    if range.lowerBound == .min { return "at most \(range.upperBound)" }
    return "\(range.lowerBound) to \(range.upperBound)"
  }
}
