import DMTCore
import Foundation

/// The texts of a case file, read.
struct CaseMetadata {
  let subject: CaseFile.Subject
  let attributes: Attributes
  let relativeTolerance: Double
  let absoluteTolerance: Double
  let isTable: Bool
  let key: CaseKey

  init(_ texts: [String: String]) throws(DMTError) {
    guard let version = texts["case"] else { throw CaseError.invalid("its metadata has no 'case'") }
    guard version == "1" else { throw CaseError.invalid("its version is '\(version)', expected '1'") }
    let kinds = ["operator", "module", "optimizer"].filter { texts[$0] != nil }
    guard kinds.count == 1, let kind = kinds.first, let name = texts[kind], !name.isEmpty else {
      throw CaseError.invalid(
        "its metadata has \(kinds.isEmpty ? "none" : kinds.joined(separator: " and ")) of 'operator', 'module', "
          + "'optimizer', expected one with a name")
    }
    subject = kind == "operator" ? .operation(name) : kind == "module" ? .module(name) : .optimizer(name)
    attributes = try Self.attributes(texts["attrs"] ?? "{}")
    relativeTolerance = try Self.tolerance(texts, "rtol")
    absoluteTolerance = try Self.tolerance(texts, "atol")
    switch texts["table"] {
    case nil, "false": isTable = false
    case "true": isTable = true
    case .some(let text): throw CaseError.invalid("'table' is '\(text)', expected 'true' or 'false'")
    }
    if let text = texts["key"] {
      guard let key = try? JSONDecoder().decode(CaseKey.self, from: Data(text.utf8)) else {
        throw CaseError.invalid("'key' is '\(text)', expected JSON with seed, step and node")
      }
      self.key = key
    } else {
      key = CaseKey()
    }
  }

  private static func tolerance(_ texts: [String: String], _ name: String) throws(DMTError) -> Double {
    guard let text = texts[name] else { throw CaseError.invalid("its metadata has no '\(name)'") }
    guard let value = Double(text), value.isFinite, value >= 0 else {
      throw CaseError.invalid("'\(name)' is '\(text)', expected a number of at least 0")
    }
    return value
  }

  private static func attributes(_ text: String) throws(DMTError) -> Attributes {
    do {
      let values = try JSONDecoder().decode([String: JSONAttribute].self, from: Data(text.utf8))
      return Attributes(values.mapValues(\.value))
    } catch {
      throw CaseError.invalid(
        "'attrs' is '\(text)', expected a JSON object of numbers, texts, true or false, and lists of one of them")
    }
  }
}

/// An attribute in JSON: the first type that fits.
private struct JSONAttribute: Decodable {
  let value: AttributeValue

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Bool.self) {
      self.value = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self.value = .int(value)
    } else if let value = try? container.decode(Double.self) {
      self.value = .double(value)
    } else if let value = try? container.decode(String.self) {
      self.value = .string(value)
    } else if let value = try? container.decode([Int].self) {
      self.value = .ints(value)
    } else if let value = try? container.decode([Double].self) {
      self.value = .doubles(value)
    } else {
      value = .strings(try container.decode([String].self))
    }
  }
}
