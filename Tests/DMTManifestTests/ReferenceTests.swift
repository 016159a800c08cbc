import DMTManifest
import Foundation
import Testing

@Suite("The manifest reference is complete")
struct ReferenceTests {
  /// The names of all properties of a JSON Schema, at any depth.
  private func properties(_ value: Any) -> Set<String> {
    if let list = value as? [Any] { return list.reduce(into: []) { $0.formUnion(properties($1)) } }
    guard let mapping = value as? [String: Any] else { return [] }
    let own = (mapping["properties"] as? [String: Any])?.keys.map { $0 } ?? []
    return mapping.values.reduce(into: Set(own)) { $0.formUnion(properties($1)) }
  }

  @Test("docs/manifest.md has every key that the loader knows")
  func everyKey() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let page = try String(contentsOf: root.appendingPathComponent("docs/manifest.md"), encoding: .utf8)
    let plain = ManifestCatalog(modules: catalog.modules.filter { ["dlrm", "dcn", "deepfm"].contains($0.key) })
    let schema = try JSONSerialization.jsonObject(with: Data(ManifestSchema.json(catalog: plain).utf8))
    let keys = properties(schema)
    #expect(keys.count > 80)
    for key in keys.sorted() { #expect(page.contains("`\(key)`"), "\(key)") }
  }

  @Test("The manifest that the page begins with is right")
  func firstExample() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let page = try String(contentsOf: root.appendingPathComponent("docs/manifest.md"), encoding: .utf8)
    let block = try #require(page.components(separatedBy: "```yaml\n").dropFirst().first)
    let text = try #require(block.components(separatedBy: "```").first)
    #expect(complaints(text) == [])
  }
}
