internal import DMTCore

/// Values that a schema accepts.
enum SchemaValues {
  /// Attributes with everything that must be given.
  ///
  /// - Parameter number: for whole numbers that have no bounds of their own.
  static func required(_ schema: AttributeSchema, number: Int = 4) -> Attributes {
    var attributes = Attributes()
    for field in schema.fields where field.defaultValue == nil && !field.isOptional {
      attributes[field.name] = plain(field, number: number)
    }
    return attributes
  }

  /// A value in the middle of what a field accepts.
  static func plain(_ field: AttributeField, number: Int = 4) -> AttributeValue {
    let low = max(field.minimum ?? -1e6, -1e6)
    let high = min(field.maximum ?? 1e6, 1e6)
    let whole = Int(min(max(Double(number), low.rounded(.up)), high.rounded(.down)))
    let real = min(max(0.5, low), high)
    return switch field.kind {
    case .bool: .bool(false)
    case .int: .int(whole)
    case .double: .double(real)
    case .string: .string(field.choices.first ?? "text")
    case .ints: .ints([whole, whole])
    case .doubles: .doubles([real, real])
    case .strings: .strings(Array(field.choices.prefix(2)))
    }
  }

  /// Values at the edges of what a field accepts: its bounds, and where it has none what an author may not have thought of.
  static func edges(_ field: AttributeField) -> [AttributeValue] {
    let numbers: [Double] = [
      field.minimum ?? -1, field.minimum.map { $0 + 1 } ?? 0, 0, 1, field.maximum ?? 1_000_000_007,
    ]
    let allowed = numbers.filter { $0 >= field.minimum ?? -.infinity && $0 <= field.maximum ?? .infinity }
    return switch field.kind {
    case .bool: [.bool(false), .bool(true)]
    case .int: allowed.map { .int(Int($0)) }
    case .double: allowed.map { .double($0) }
    case .string: field.choices.isEmpty ? [.string(""), .string("no such word")] : field.choices.map { .string($0) }
    case .ints: [.ints([])] + allowed.map { .ints([Int($0)]) }
    case .doubles: [.doubles([])] + allowed.map { .doubles([$0]) }
    case .strings: [.strings([])] + (field.choices.isEmpty ? [.strings([""])] : [.strings(field.choices)])
    }
  }
}
