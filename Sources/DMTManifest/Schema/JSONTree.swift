/// A JSON value whose objects keep the order of their keys.
indirect enum JSONTree: Sendable, Equatable {
  case null
  case bool(Bool)
  case int(Int)
  case number(Double)
  case string(String)
  case array([JSONTree])
  case object([Member])

  /// One key of an object.
  struct Member: Sendable, Equatable {
    var key: String
    var value: JSONTree
  }

  static func object(_ members: KeyValuePairs<String, JSONTree>) -> JSONTree {
    .object(members.map { Member(key: $0.key, value: $0.value) })
  }

  static func strings(_ texts: [String]) -> JSONTree { .array(texts.map { .string($0) }) }

  /// This object with one more key.
  func adding(_ key: String, _ value: JSONTree) -> JSONTree {
    guard case .object(let members) = self else { return self }
    return .object(members + [Member(key: key, value: value)])
  }

  /// The value as indented JSON text; arrays of scalars stay on one line.
  var text: String { written(indentation: "") }

  private func written(indentation: String) -> String {
    let inner = indentation + "  "
    switch self {
    case .null: return "null"
    case .bool(let value): return String(value)
    case .int(let value): return String(value)
    // JSON has no infinity and no NaN.
    case .number(let value): return value.isFinite ? String(value) : "null"
    case .string(let text): return Self.quoted(text)
    case .array(let elements):
      if elements.allSatisfy(\.isScalar) {
        return "[" + elements.map { $0.written(indentation: inner) }.joined(separator: ", ") + "]"
      }
      let lines = elements.map { inner + $0.written(indentation: inner) }
      return "[\n" + lines.joined(separator: ",\n") + "\n\(indentation)]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      let lines = members.map { inner + Self.quoted($0.key) + ": " + $0.value.written(indentation: inner) }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(indentation)}"
    }
  }

  private var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
