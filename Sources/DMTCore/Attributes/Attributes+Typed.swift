extension Attributes {
  /// The whole number under `name`, or `fallback` when it is absent.
  public func int(_ name: String, default fallback: Int) throws(DMTError) -> Int {
    switch values[name] {
    case nil: return fallback
    case .int(let value): return value
    case .double(let value) where value == value.rounded() && abs(value) < 1e15: return Int(value)
    case .some(let other): throw wrongType(name, other, "a whole number")
    }
  }

  /// The whole number under `name`; an error when it is absent.
  public func int(_ name: String) throws(DMTError) -> Int {
    guard values[name] != nil else { throw missing(name, "a whole number") }
    return try int(name, default: 0)
  }

  /// The number under `name`, or `fallback` when it is absent.
  public func double(_ name: String, default fallback: Double) throws(DMTError) -> Double {
    switch values[name] {
    case nil: return fallback
    case .int(let value): return Double(value)
    case .double(let value): return value
    case .some(let other): throw wrongType(name, other, "a number")
    }
  }

  /// The truth value under `name`, or `fallback` when it is absent.
  public func bool(_ name: String, default fallback: Bool) throws(DMTError) -> Bool {
    switch values[name] {
    case nil: return fallback
    case .bool(let value): return value
    case .some(let other): throw wrongType(name, other, "true or false")
    }
  }

  /// The text under `name`, or `fallback` when it is absent.
  public func string(_ name: String, default fallback: String) throws(DMTError) -> String {
    switch values[name] {
    case nil: return fallback
    case .string(let value): return value
    case .some(let other): throw wrongType(name, other, "a text")
    }
  }

  /// The list of whole numbers under `name` (a single number is a list of one), or `fallback` when it is absent.
  public func ints(_ name: String, default fallback: [Int]) throws(DMTError) -> [Int] {
    switch values[name] {
    case nil: return fallback
    case .ints(let value): return value
    case .int(let value): return [value]
    case .doubles(let value) where value.isEmpty: return []
    case .strings(let value) where value.isEmpty: return []
    case .some(let other): throw wrongType(name, other, "a list of whole numbers")
    }
  }

  /// The list of whole numbers under `name`; an error when it is absent.
  public func ints(_ name: String) throws(DMTError) -> [Int] {
    guard values[name] != nil else { throw missing(name, "a list of whole numbers") }
    return try ints(name, default: [])
  }

  /// The list of texts under `name`, or `fallback` when it is absent.
  public func strings(_ name: String, default fallback: [String]) throws(DMTError) -> [String] {
    switch values[name] {
    case nil: return fallback
    case .strings(let value): return value
    case .string(let value): return [value]
    case .ints(let value) where value.isEmpty: return []
    case .some(let other): throw wrongType(name, other, "a list of texts")
    }
  }

  private func wrongType(_ name: String, _ found: AttributeValue, _ expected: String) -> DMTError {
    DMTError(.invalidArgument, "attribute '\(name)' is \(found), expected \(expected)")
  }

  private func missing(_ name: String, _ expected: String) -> DMTError {
    DMTError(.invalidArgument, "attribute '\(name)' is missing, expected \(expected)")
  }
}
