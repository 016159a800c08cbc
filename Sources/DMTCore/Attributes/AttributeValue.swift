/// The value of an attribute of an operator, a module or an optimizer.
public enum AttributeValue: Sendable, Hashable, CustomStringConvertible {
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case ints([Int])
  case doubles([Double])
  case strings([String])

  /// The value as it is written in a manifest.
  public var description: String {
    switch self {
    case .bool(let value): String(value)
    case .int(let value): String(value)
    case .double(let value): String(value)
    case .string(let value): value
    case .ints(let values): "[" + values.map(String.init).joined(separator: ", ") + "]"
    case .doubles(let values): "[" + values.map { String($0) }.joined(separator: ", ") + "]"
    case .strings(let values): "[" + values.joined(separator: ", ") + "]"
    }
  }
}

/// Attributes by name.
public struct Attributes: Sendable, Hashable, ExpressibleByDictionaryLiteral {
  public var values: [String: AttributeValue]

  public init(_ values: [String: AttributeValue] = [:]) { self.values = values }
  public init(dictionaryLiteral elements: (String, AttributeValue)...) {
    values = Dictionary(elements, uniquingKeysWith: { _, last in last })
  }

  public subscript(name: String) -> AttributeValue? {
    get { values[name] }
    set { values[name] = newValue }
  }
}
