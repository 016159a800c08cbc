import DMTCore

/// Reads typed values from an effective tree.
///
/// The tree passed its check, so that a value of the wrong type is a fault of this project and not of the manifest.
struct NodeReader {
  let node: ManifestNode

  /// The value of `key`, or nil when it is absent or null.
  func child(_ key: String) -> NodeReader? {
    node[key].flatMap { $0.isNull ? nil : NodeReader(node: $0) }
  }

  /// The value of `key`.
  func required(_ key: String) throws(DMTError) -> NodeReader {
    guard let child = child(key) else { throw fault("has no '\(key)'") }
    return child
  }

  /// The place of the mapping itself.
  var place: DMTError.Place { node.origin.place }

  var entries: [ManifestNode.Entry] { node.entries ?? [] }

  var elements: [NodeReader] { (node.elements ?? []).map { NodeReader(node: $0) } }

  func bool() throws(DMTError) -> Bool {
    guard case .bool(let value)? = node.scalar?.value else { throw fault("is no truth value") }
    return value
  }

  func int() throws(DMTError) -> Int {
    guard case .int(let value)? = node.scalar?.value else { throw fault("is no whole number") }
    return value
  }

  func number() throws(DMTError) -> Double {
    switch node.scalar?.value {
    case .int(let value): return Double(value)
    case .double(let value): return value
    default: throw fault("is no number")
    }
  }

  func text() throws(DMTError) -> String {
    guard case .text(let value)? = node.scalar?.value else { throw fault("is no text") }
    return value
  }

  func texts() throws(DMTError) -> [String] {
    var texts: [String] = []
    for element in elements { texts.append(try element.text()) }
    return texts
  }

  /// The attributes that `schema` names; others, such as `module`, are not attributes.
  func attributes(_ schema: AttributeSchema, except reserved: [String]) throws(DMTError) -> Attributes {
    var attributes = Attributes()
    for field in schema.fields where !reserved.contains(field.name) {
      if let child = child(field.name) { attributes[field.name] = try child.attribute(field.kind) }
    }
    return attributes
  }

  private func attribute(_ kind: AttributeField.Kind) throws(DMTError) -> AttributeValue {
    switch kind {
    case .bool: return .bool(try bool())
    case .int: return .int(try int())
    case .double: return .double(try number())
    case .string: return .string(try text())
    case .strings: return .strings(try texts())
    case .ints:
      var values: [Int] = []
      for element in elements { values.append(try element.int()) }
      return .ints(values)
    case .doubles:
      var values: [Double] = []
      for element in elements { values.append(try element.number()) }
      return .doubles(values)
    }
  }

  private func fault(_ message: String) -> DMTError {
    DMTError(.internalError, "a checked value of the manifest \(message): it is \(node.phrase)", place: place)
  }
}
