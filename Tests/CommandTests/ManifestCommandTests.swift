import Foundation
import Testing

@Suite("check, config, schema, explain")
struct ManifestCommandTests {
  @Test("check says that a good manifest is good")
  func check() throws {
    let result = try Command.run(["check", "m.yaml"], in: Workspace())
    #expect(result.status == 0 && result.output.hasPrefix("m.yaml: good (3 features, 2 towers"), "\(result)")
  }

  @Test("check --data reads down to the last row")
  func checkData() throws {
    let workspace = try Workspace()
    try workspace.writeRows("rows.csv", line: 401, "u1,i2,a,three,1")
    #expect(try Command.run(["check", "m.yaml"], in: workspace).status == 0)
    let result = try Command.run(["check", "m.yaml", "--data"], in: workspace)
    #expect(result.status == 65 && result.errors.contains("rows.csv:401:9: error: "), "\(result)")
  }

  @Test("config's output is a manifest that gives the same output", arguments: [[], ["--plain"]])
  func config(_ options: [String]) throws {
    let workspace = try Workspace()
    let first = try Command.run(["config", "m.yaml", "--plain", "--set", "train.batch=32"], in: workspace)
    #expect(first.status == 0 && first.output.contains("  batch: 32\n"), "\(first)")
    let shown = try Command.run(["config", "m.yaml", "--set", "train.batch=32"] + options, in: workspace)
    try workspace.write("again.yaml", shown.output)
    let again = try Command.run(["config", "again.yaml", "--plain"], in: workspace)
    #expect(again.status == 0 && again.output == first.output, "\(again)")
    #expect(try Command.run(["check", "again.yaml"], in: workspace).status == 0)
  }

  @Test("config names the origin of every value")
  func origins() throws {
    let result = try Command.run(["config", "m.yaml", "--set", "train.batch=32"], in: Workspace())
    #expect(result.output.contains(/batch: 32 +# --set\n/), "\(result)")
    #expect(result.output.contains(/epochs: 3 +# m\.yaml:16:11\n/), "\(result)")
    #expect(result.output.contains(/seed: 1 +# default\n/), "\(result)")
  }

  @Test("schema is JSON and knows the modules")
  func schema() throws {
    let result = try Command.run(["schema"], in: Workspace())
    let schema = try result.json()
    #expect(schema["properties"] is [String: Any] && schema["$schema"] is String)
    #expect(result.output.contains("\"dcn\"") && result.output.contains("cross_net"))
  }

  @Test("explain --json has parameters, FLOPs and nodes, each with who serves it and why")
  func explain() throws {
    let result = try Command.run(["explain", "m.yaml", "--json", "--memory"], in: Workspace())
    let explanation = try result.json()
    #expect(result.status == 0, "\(result)")
    let parameters = try #require(explanation["parameters"] as? Int)
    // Tables of 21, 16 and 6 rows; towers 8 -> 6 and 4 -> 4 work on vectors of 4.
    #expect(parameters > (21 + 16 + 6) * 4)
    #expect(try #require(explanation["mflops_per_sample"] as? Double) > 0)
    let nodes = try #require(explanation["nodes"] as? [[String: Any]])
    #expect(nodes.contains { $0["name"] as? String == "loss" })
    for node in nodes {
      #expect(node["backend"] is String && (node["reason"] as? String)?.isEmpty == false, "\(node)")
    }
    let memory = try #require(explanation["memory"] as? [String: Any])
    #expect((memory["activations"] as? Int ?? 0) > 0)
  }

  @Test("explain names every feature, table and node for people")
  func explainText() throws {
    let result = try Command.run(["explain", "m.yaml"], in: Workspace())
    for part in ["user", "towers.reader", "over_arch.cross.0", "bce_with_logits", "parameters: ", "FLOPs a sample: "] {
      #expect(result.output.contains(part), "\(part) in \(result)")
    }
  }

  @Test("the examples' manifests are good", arguments: ["goodbooks", "adult", "synthetic"])
  func examples(_ example: String) throws {
    let workspace = try Workspace()
    let folder = "\(Command.repository)/Examples/\(example)"
    let plugins = "\(Command.repository)/bin/plugins"
    let hasPlugins = FileManager.default.fileExists(atPath: plugins + "/TowerDCN/plugin.json")
    for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where name.hasSuffix(".yaml") {
      // Towers files are no manifests. The towers' modules come from plugins.
      if name.hasSuffix("-towers.yaml") || (name.hasPrefix("dmt-") && !hasPlugins) { continue }
      let options = hasPlugins ? ["--plugin", plugins] : []
      let result = try Command.run(["check", "\(folder)/\(name)"] + options, in: workspace)
      #expect(result.status == 0, "\(name): \(result)")
    }
  }
}
