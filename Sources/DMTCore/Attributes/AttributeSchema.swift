/// What an operator, a module or an optimizer accepts as one attribute.
public struct AttributeField: Sendable, Hashable {
  /// The type of an attribute's value.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    case bool
    case int
    case double
    case string
    case ints
    case doubles
    case strings

    /// The type in words, for messages: `a whole number`.
    public var phrase: String {
      switch self {
      case .bool: "true or false"
      case .int: "a whole number"
      case .double: "a number"
      case .string: "a text"
      case .ints: "a list of whole numbers"
      case .doubles: "a list of numbers"
      case .strings: "a list of texts"
      }
    }
  }

  public var name: String
  public var kind: Kind
  /// One sentence.
  public var summary: String
  /// The value when none is given; nil: the attribute is required, unless `isOptional`.
  public var defaultValue: AttributeValue?
  /// May be left out without a default.
  public var isOptional: Bool
  public var minimum: Double?
  public var maximum: Double?
  /// The allowed texts of a `string` or `strings` attribute; empty: any.
  public var choices: [String]

  public init(
    _ name: String, _ kind: Kind, _ summary: String, default defaultValue: AttributeValue? = nil,
    isOptional: Bool = false, minimum: Double? = nil, maximum: Double? = nil, choices: [String] = []
  ) {
    self.name = name
    self.kind = kind
    self.summary = summary
    self.defaultValue = defaultValue
    self.isOptional = isOptional
    self.minimum = minimum
    self.maximum = maximum
    self.choices = choices
  }
}

/// All attributes that an operator, a module or an optimizer accepts.
public struct AttributeSchema: Sendable, Hashable, ExpressibleByArrayLiteral {
  public var fields: [AttributeField]

  public init(_ fields: [AttributeField] = []) { self.fields = fields }
  public init(arrayLiteral elements: AttributeField...) { fields = elements }

  public subscript(name: String) -> AttributeField? { fields.first { $0.name == name } }

  /// The attributes with defaults filled in and numbers in the declared type.
  ///
  /// - Parameter owner: what the attributes belong to, for messages: `operator linear`.
  /// - Throws: ``DMTError/Code/invalidArgument`` for an unknown name (with the nearest right one), a wrong type, a value
  ///   outside its bounds or choices, or a missing required attribute.
  public func validated(_ attributes: Attributes, owner: String) throws(DMTError) -> Attributes {
    for name in attributes.values.keys.sorted() where self[name] == nil {
      throw DMTError(
        .invalidArgument, "\(owner) has no attribute '\(name)'",
        remedy: Spelling.suggestion(for: name, in: fields.map(\.name)))
    }
    var result = Attributes()
    for field in fields {
      if let value = attributes[field.name] {
        result[field.name] = try field.validated(value, owner: owner)
      } else if let value = field.defaultValue {
        result[field.name] = value
      } else if !field.isOptional {
        throw DMTError(
          .invalidArgument, "\(owner) needs attribute '\(field.name)' (\(field.kind.phrase)): \(field.summary)")
      }
    }
    return result
  }
}

extension AttributeField {
  /// `value` in the declared type.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for a wrong type, or a value outside the bounds or choices.
  public func validated(_ value: AttributeValue, owner: String) throws(DMTError) -> AttributeValue {
    guard let converted = converted(value) else {
      throw DMTError(.invalidArgument, "\(owner): attribute '\(name)' is \(value), expected \(kind.phrase)")
    }
    let numbers: [Double] =
      switch converted {
      case .int(let number): [Double(number)]
      case .double(let number): [number]
      case .ints(let list): list.map(Double.init)
      case .doubles(let list): list
      default: []
      }
    for number in numbers {
      if let minimum, number < minimum || number.isNaN {
        throw DMTError(.invalidArgument, "\(owner): attribute '\(name)' is \(value), expected at least \(minimum)")
      }
      if let maximum, number > maximum || number.isNaN {
        throw DMTError(.invalidArgument, "\(owner): attribute '\(name)' is \(value), expected at most \(maximum)")
      }
    }
    if !choices.isEmpty {
      let texts: [String] =
        switch converted {
        case .string(let text): [text]
        case .strings(let list): list
        default: []
        }
      for text in texts where !choices.contains(text) {
        throw DMTError(
          .invalidArgument,
          "\(owner): attribute '\(name)' is '\(text)', expected one of \(choices.joined(separator: ", "))",
          remedy: Spelling.nearest(to: text, in: choices).map { "did you mean '\($0)'?" })
      }
    }
    return converted
  }

  private func converted(_ value: AttributeValue) -> AttributeValue? {
    switch (kind, value) {
    case (.bool, .bool), (.int, .int), (.double, .double), (.string, .string), (.ints, .ints), (.doubles, .doubles),
      (.strings, .strings):
      value
    case (.double, .int(let number)): .double(Double(number))
    case (.int, .double(let number)) where number == number.rounded() && abs(number) < 1e15: .int(Int(number))
    case (.doubles, .ints(let list)): .doubles(list.map(Double.init))
    case (.ints, .int(let number)): .ints([number])
    case (.doubles, .double(let number)): .doubles([number])
    case (.doubles, .int(let number)): .doubles([Double(number)])
    case (.strings, .string(let text)): .strings([text])
    // An empty list has no element type.
    case (.ints, .strings(let list)) where list.isEmpty: .ints([])
    case (.doubles, .strings(let list)) where list.isEmpty: .doubles([])
    case (.ints, .doubles(let list)) where list.isEmpty: .ints([])
    case (.strings, .ints(let list)) where list.isEmpty: .strings([])
    default: nil
    }
  }
}
