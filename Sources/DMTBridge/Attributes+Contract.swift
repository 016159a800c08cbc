public import CDMTPlugin
public import DMTCore

/// Bounds on what is believed of counts from the other side.
enum ContractLimit {
  static let attributes = 4096
  static let listElements = 1 << 24
  static let shapeElements = Int.max / 16
}

extension ContractArena {
  /// One attribute as the contract writes it.
  public func attribute(_ name: String, _ value: AttributeValue) -> dmt_attr {
    var result = dmt_attr()
    result.name = text(name)
    switch value {
    case .bool(let flag):
      result.type = DMT_ATTR_BOOL
      result.i64 = flag ? 1 : 0
    case .int(let number):
      result.type = DMT_ATTR_I64
      result.i64 = Int64(number)
    case .double(let number):
      result.type = DMT_ATTR_F64
      result.f64 = number
    case .string(let string):
      result.type = DMT_ATTR_STR
      result.str = text(string)
    case .ints(let list):
      result.type = DMT_ATTR_I64_LIST
      result.list = array(list.map(Int64.init)).map { UnsafeRawPointer($0) }
      result.list_size = Int64(list.count)
    case .doubles(let list):
      result.type = DMT_ATTR_F64_LIST
      result.list = array(list).map { UnsafeRawPointer($0) }
      result.list_size = Int64(list.count)
    case .strings(let list):
      result.type = DMT_ATTR_STR_LIST
      result.list = array(list.map { text($0) }).map { UnsafeRawPointer($0) }
      result.list_size = Int64(list.count)
    }
    return result
  }

  /// The attributes as the contract writes them, sorted by name.
  public func attributes(_ attributes: Attributes) -> dmt_attrs {
    let items = attributes.values.sorted { $0.key < $1.key }.map { attribute($0.key, $0.value) }
    return dmt_attrs(items: array(items), count: Int64(items.count))
  }
}

extension AttributeValue {
  /// A copy of an attribute's value.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for an unknown type, a bad text, or a list with a size and no elements.
  public init(copying attribute: dmt_attr, name: String) throws(DMTError) {
    func list<Element>(of _: Element.Type) throws(DMTError) -> [Element] {
      guard attribute.list_size >= 0, attribute.list_size <= ContractLimit.listElements,
        attribute.list != nil || attribute.list_size == 0
      else {
        throw DMTError(
          .invalidArgument,
          "attribute '\(name)' is a list of \(attribute.list_size) elements at "
            + (attribute.list == nil ? "NULL" : "some address") + ", expected 0 to \(ContractLimit.listElements)")
      }
      guard let start = attribute.list?.assumingMemoryBound(to: Element.self) else { return [] }
      return Array(UnsafeBufferPointer(start: start, count: Int(attribute.list_size)))
    }
    switch attribute.type {
    case DMT_ATTR_BOOL: self = .bool(attribute.i64 != 0)
    case DMT_ATTR_I64: self = .int(Int(attribute.i64))
    case DMT_ATTR_F64: self = .double(attribute.f64)
    case DMT_ATTR_STR: self = .string(try String(copying: attribute.str, "attribute '\(name)'"))
    case DMT_ATTR_I64_LIST: self = .ints(try list(of: Int64.self).map { Int($0) })
    case DMT_ATTR_F64_LIST: self = .doubles(try list(of: Double.self))
    case DMT_ATTR_STR_LIST:
      var texts: [String] = []
      for text in try list(of: dmt_str.self) { texts.append(try String(copying: text, "attribute '\(name)'")) }
      self = .strings(texts)
    default:
      throw DMTError(.invalidArgument, "attribute '\(name)' has type \(attribute.type), expected 1 to 7")
    }
  }
}

extension Attributes {
  /// A copy of attributes from the other side.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for counts, texts or types that break the contract.
  public init(copying attributes: dmt_attrs) throws(DMTError) {
    guard attributes.count >= 0, attributes.count <= ContractLimit.attributes,
      attributes.items != nil || attributes.count == 0
    else {
      throw DMTError(
        .invalidArgument,
        "\(attributes.count) attributes were given at "
          + (attributes.items == nil ? "NULL" : "some address") + ", expected 0 to \(ContractLimit.attributes)")
    }
    self.init()
    for index in 0..<Int(attributes.count) {
      let item = attributes.items[index]
      let name = try String(copying: item.name, "the name of attribute \(index)")
      self[name] = try AttributeValue(copying: item, name: name)
    }
  }
}
