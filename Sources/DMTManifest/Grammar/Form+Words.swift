extension Form {
  /// What is expected, in words: `a whole number`.
  var phrase: String {
    switch self {
    case .bool: "true or false"
    case .int: "a whole number"
    case .number: "a number"
    case .text(let rule): rule.choices.isEmpty ? "a text" : "one of \(rule.choices.joined(separator: ", "))"
    case .verbatim: "a text"
    case .list: "a list"
    case .record(let record):
      if let short = record.shorthand.flatMap({ record[$0] }) {
        "a mapping, or \(short.form.phrase) (\(short.name))"
      } else {
        "a mapping"
      }
    case .variants(let variants):
      variants.allowsShorthand ? "a mapping, or a text (\(variants.discriminator))" : "a mapping"
    case .map(let map): "a mapping from \(map.noun) names"
    case .either(let scalar, let mapping): "\(scalar.phrase), or \(mapping.phrase)"
    case .nullable(let form): form.phrase
    }
  }
}
