import Foundation

/// Checks values against a JSON Schema, for the keywords that this project writes; any other keyword is a complaint.
struct SchemaValidator {
  private let schema: [String: Any]

  init(text: String) throws {
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    schema = object as? [String: Any] ?? [:]
  }

  /// What is wrong with `value`; empty: it is valid.
  func complaints(about value: Any) -> [String] { check(value, schema, "#") }

  private func check(_ value: Any, _ schema: [String: Any], _ path: String) -> [String] {
    var complaints: [String] = []
    for (keyword, rule) in schema.sorted(by: { $0.key < $1.key }) {
      switch keyword {
      case "$schema", "title", "description", "default", "then", "else": continue
      case "type":
        let types = rule as? [String] ?? [rule as? String ?? ""]
        if !types.contains(where: { isType(value, $0) }) { complaints.append("\(path): not \(types)") }
      case "enum":
        let choices = rule as? [String] ?? []
        if !choices.contains(value as? String ?? "\0") { complaints.append("\(path): not one of \(choices)") }
      case "const":
        if value as? String != rule as? String { complaints.append("\(path): not \(rule)") }
      case "minimum": complaints += bound(value, rule, path) { $0 >= $1 }
      case "maximum": complaints += bound(value, rule, path) { $0 <= $1 }
      case "exclusiveMinimum": complaints += bound(value, rule, path) { $0 > $1 }
      case "minLength":
        if let text = value as? String, text.count < (rule as? Int ?? 0) { complaints.append("\(path): too short") }
      case "pattern":
        if let text = value as? String, !matches(text, rule) { complaints.append("\(path): pattern") }
      case "minItems":
        if let list = value as? [Any], list.count < (rule as? Int ?? 0) { complaints.append("\(path): too few") }
      case "items":
        for (index, element) in (value as? [Any] ?? []).enumerated() {
          complaints += check(element, object(rule), "\(path)/\(index)")
        }
      case "required":
        if let mapping = value as? [String: Any] {
          for key in rule as? [String] ?? [] where mapping[key] == nil { complaints.append("\(path): no \(key)") }
        }
      case "properties":
        for (key, child) in value as? [String: Any] ?? [:] {
          if let rule = object(rule)[key] { complaints += check(child, object(rule), "\(path)/\(key)") }
        }
      case "additionalProperties":
        let known = object(schema["properties"] ?? [:])
        for (key, child) in value as? [String: Any] ?? [:] where known[key] == nil {
          if let allowed = rule as? Bool, rule is NSNumber {
            if !allowed { complaints.append("\(path): unknown \(key)") }
          } else {
            complaints += check(child, object(rule), "\(path)/\(key)")
          }
        }
      case "propertyNames":
        for key in (value as? [String: Any] ?? [:]).keys { complaints += check(key, object(rule), "\(path)/\(key)") }
      case "anyOf":
        let branches = (rule as? [Any] ?? []).map { check(value, object($0), path) }
        if !branches.contains(where: \.isEmpty) { complaints.append("\(path): no branch fits: \(branches)") }
      case "allOf":
        for part in rule as? [Any] ?? [] { complaints += check(value, object(part), path) }
      case "not":
        if check(value, object(rule), path).isEmpty { complaints.append("\(path): forbidden") }
      case "if":
        let branch = check(value, object(rule), path).isEmpty ? "then" : "else"
        if let next = schema[branch] { complaints += check(value, object(next), path) }
      default:
        complaints.append("\(path): unknown keyword \(keyword)")
      }
    }
    return complaints
  }

  private func object(_ value: Any) -> [String: Any] { value as? [String: Any] ?? [:] }

  private func number(_ value: Any) -> Double? {
    if isBool(value) { return nil }
    return (value as? Int).map(Double.init) ?? value as? Double
  }

  private func isBool(_ value: Any) -> Bool {
    if type(of: value) == Bool.self { return true }
    guard let number = value as? NSNumber, !(value is Int), !(value is Double) else { return false }
    return number == true as NSNumber || number == false as NSNumber
  }

  private func isType(_ value: Any, _ type: String) -> Bool {
    switch type {
    case "null": value is NSNull
    case "boolean": isBool(value)
    case "integer": number(value).map { $0 == $0.rounded() } ?? false
    case "number": number(value) != nil
    case "string": value is String
    case "array": value is [Any]
    case "object": value is [String: Any]
    default: false
    }
  }

  private func bound(_ value: Any, _ rule: Any, _ path: String, _ holds: (Double, Double) -> Bool) -> [String] {
    guard let value = number(value), let limit = number(rule), !holds(value, limit) else { return [] }
    return ["\(path): \(value) against \(limit)"]
  }

  private func matches(_ text: String, _ rule: Any) -> Bool {
    text.range(of: rule as? String ?? "", options: .regularExpression) != nil
  }
}
