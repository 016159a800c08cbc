public import CDMTPlugin
public import DMTCore

extension AttributeField.Kind {
  fileprivate var contractType: Int32 {
    switch self {
    case .bool: DMT_ATTR_BOOL
    case .int: DMT_ATTR_I64
    case .double: DMT_ATTR_F64
    case .string: DMT_ATTR_STR
    case .ints: DMT_ATTR_I64_LIST
    case .doubles: DMT_ATTR_F64_LIST
    case .strings: DMT_ATTR_STR_LIST
    }
  }

  fileprivate init?(contractType: Int32) {
    guard let kind = Self.allCases.first(where: { $0.contractType == contractType }) else { return nil }
    self = kind
  }
}

extension ContractArena {
  /// A schema as the contract writes it.
  public func schema(_ schema: AttributeSchema) -> dmt_attr_schema {
    let fields: [UnsafePointer<dmt_attr_field>?] = schema.fields.map { field in
      var result = dmt_attr_field()
      result.struct_size = SizedStruct.size(of: dmt_attr_field.self)
      result.type = field.kind.contractType
      result.name = text(field.name)
      result.summary = text(field.summary)
      if let value = field.defaultValue {
        result.flags |= DMT_FIELD_HAS_DEFAULT
        result.default_value = attribute(field.name, value)
      } else if !field.isOptional {
        result.flags |= DMT_FIELD_REQUIRED
      }
      if let minimum = field.minimum {
        result.flags |= DMT_FIELD_HAS_MINIMUM
        result.minimum = minimum
      }
      if let maximum = field.maximum {
        result.flags |= DMT_FIELD_HAS_MAXIMUM
        result.maximum = maximum
      }
      result.choices = array(field.choices.map { text($0) })
      result.choice_count = Int64(field.choices.count)
      return value(result)
    }
    return dmt_attr_schema(fields: array(fields), count: Int64(fields.count))
  }
}

extension AttributeSchema {
  /// A copy of a schema from the other side.
  ///
  /// - Parameter owner: what the schema belongs to, for messages.
  /// - Throws: ``DMTError/Code/invalidArgument`` for counts, texts or types that break the contract, a name that occurs
  ///   twice, or a default that its own field refuses.
  public init(copying schema: dmt_attr_schema, owner: String) throws(DMTError) {
    guard schema.count >= 0, schema.count <= ContractLimit.attributes, schema.fields != nil || schema.count == 0 else {
      throw DMTError(
        .invalidArgument,
        "\(owner) has \(schema.count) attributes at "
          + (schema.fields == nil ? "NULL" : "some address") + ", expected 0 to \(ContractLimit.attributes)")
    }
    self.init()
    for index in 0..<Int(schema.count) {
      let field = try AttributeField(
        copying: try SizedStruct.read(schema.fields[index], "attribute \(index) of \(owner)"), owner: owner,
        index: index)
      guard self[field.name] == nil else {
        throw DMTError(.invalidArgument, "\(owner) has two attributes '\(field.name)'")
      }
      fields.append(field)
    }
  }
}

extension AttributeField {
  fileprivate init(copying field: dmt_attr_field, owner: String, index: Int) throws(DMTError) {
    let name = try String(copying: field.name, "the name of attribute \(index) of \(owner)")
    guard !name.isEmpty else { throw DMTError(.invalidArgument, "attribute \(index) of \(owner) has no name") }
    guard let kind = Kind(contractType: field.type) else {
      throw DMTError(.invalidArgument, "attribute '\(name)' of \(owner) has type \(field.type), expected 1 to 7")
    }
    guard field.choice_count >= 0, field.choice_count <= ContractLimit.attributes,
      field.choices != nil || field.choice_count == 0
    else {
      throw DMTError(
        .invalidArgument,
        "attribute '\(name)' of \(owner) has \(field.choice_count) choices, expected 0 to \(ContractLimit.attributes)")
    }
    var choices: [String] = []
    for choice in 0..<Int(field.choice_count) {
      choices.append(try String(copying: field.choices[choice], "choice \(choice) of attribute '\(name)' of \(owner)"))
    }
    let hasDefault = field.flags & DMT_FIELD_HAS_DEFAULT != 0
    self.init(
      name, kind, try String(copying: field.summary, "the summary of attribute '\(name)' of \(owner)"),
      default: hasDefault ? try AttributeValue(copying: field.default_value, name: name) : nil,
      isOptional: !hasDefault && field.flags & DMT_FIELD_REQUIRED == 0,
      minimum: field.flags & DMT_FIELD_HAS_MINIMUM != 0 ? field.minimum : nil,
      maximum: field.flags & DMT_FIELD_HAS_MAXIMUM != 0 ? field.maximum : nil, choices: choices)
    if let value = defaultValue { defaultValue = try validated(value, owner: "the default of \(owner)") }
  }
}
