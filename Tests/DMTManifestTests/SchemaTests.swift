import DMTCore
import DMTManifest
import Foundation
import Testing

@Suite("The JSON Schema agrees with the loader")
struct SchemaTests {
  private func validator() throws -> SchemaValidator {
    try SchemaValidator(text: ManifestSchema.json(catalog: catalog))
  }

  /// The effective tree as the values that a JSON Schema speaks of.
  private func json(_ node: ManifestNode) -> Any {
    switch node.content {
    case .mapping(let entries):
      return Dictionary(entries.map { ($0.key, json($0.value)) }, uniquingKeysWith: { _, last in last })
    case .sequence(let elements): return elements.map(json)
    case .scalar(let scalar):
      switch scalar.value {
      case .null: return NSNull()
      case .bool(let flag): return flag
      case .int(let number): return number
      case .double(let number): return number
      case .text(let text): return text
      }
    }
  }

  @Test("It is a draft 2020-12 schema that refuses unknown keys")
  func head() throws {
    let text = ManifestSchema.json(catalog: catalog)
    let schema = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
    #expect(schema["additionalProperties"] as? Bool == false)
    #expect((schema["required"] as? [String]) == ["dmt", "data", "model"])
  }

  @Test("Every example agrees with it, as written and in its effective form", arguments: exampleManifests)
  func examples(path: String) throws {
    let validator = try validator()
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(validator.complaints(about: json(try ManifestNode.parsed(text, file: path))) == [])
    let loaded = try ManifestLoader.load(path: path, catalog: catalog)
    #expect(validator.complaints(about: json(loaded.tree)) == [])
  }

  @Test(
    "What the loader refuses for its form, the schema refuses",
    arguments: [
      ("batch: 4096", "bacth: 4096"), ("batch: 4096", "batch: many"), ("batch: 4096", "batch: 0"),
      ("dim: 16", "dim: null"), ("format: csv", "format: cvs"), ("module: dcn", "module: tower.dcn"),
      ("widths: [64, 32]", "widths: [64, wide]"), ("widths: [64, 32]", "width: [64, 32]"),
      ("name: adam", "name: lazy_adam"), ("at_least: 4", "at_least: 4, one_of: [4]"),
      ("min_count: 2", "min_count: 2, hash: 3"), ("features: [user]", "features: []"),
      ("user: user_id", "user id: user_id"), ("user: user_id", "user: { colunm: user_id }"),
      ("epochs: 3", "epochs: 3\n  schedule: { kind: linear, factor: 3 }"),
      ("epochs: 3", "epochs: 3\n  schedule: { factor: 0.3 }"),
      ("dim: 16", "dim: 16\n  table_init: {}"), ("dim: 16", "dim: 16\n  pins: { a: blas }"),
      ("out: 8 }\n    item", "uot: 8 }\n    item"), ("dmt: 1", "dmt: 2"),
    ])
  func refusals(old: String, new: String) throws {
    let text = try changed(old, new)
    #expect(errors(text).isEmpty == false)
    #expect(try validator().complaints(about: json(ManifestNode.parsed(text, file: "m.yaml"))).isEmpty == false)
  }

  @Test(
    "What the loader takes, the schema takes",
    arguments: [
      ("epochs: 3", "epochs: 3\n  schedule: linear"), ("epochs: 3", "epochs: 3\n  schedule: { warmup: 3 }"),
      ("name: adam, lr: 0.01", "beta1: 0.8"), ("{ name: adam, lr: 0.01 }", "sgd"),
      ("widths: [64, 32]", "widths: 64"), ("dim: 16", "dim: 16\n  table_init: zeros"),
      ("dim: 16", "dim: 16\n  table_init: { normal: { mean: 1, deviation: 0 } }"),
      ("year: original_year", "year: { column: y, quantiles: 5 }"),
      ("format: csv", "format: csv\n  split: { column: f, train: 1, valid: [2], test: [no] }"),
      ("epochs: 3", "epochs: 3\n  clip_norm: null\n  early_stopping: auc"),
    ])
  func acceptances(old: String, new: String) throws {
    let text = try changed(old, new)
    #expect(complaints(text) == [])
    #expect(try validator().complaints(about: json(ManifestNode.parsed(text, file: "m.yaml"))) == [])
  }

  @Test("The attributes of each module are in it, with their summaries and defaults")
  func attributes() {
    let text = ManifestSchema.json(catalog: catalog)
    #expect(text.contains("\"Width of the tower's result.\""))
    #expect(text.contains("\"Give the top the vectors beside their dots.\""))
    let without = ManifestSchema.json(catalog: ManifestCatalog())
    #expect(without.contains("tower.dcn") == false)
  }

  @Test("The test's validator refuses what it does not know, so that no keyword goes unchecked")
  func unknownKeyword() throws {
    let validator = try SchemaValidator(text: #"{"type": "object", "minProperties": 3}"#)
    #expect(validator.complaints(about: [String: Any]()) == ["#: unknown keyword minProperties"])
  }
}
