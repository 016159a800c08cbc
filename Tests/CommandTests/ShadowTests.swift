import Foundation
import Testing

@Suite("shadow")
struct ShadowTests {
  private func report(_ result: Command.Result) throws -> [String: Any] {
    try #require(try result.json()["report"] as? [String: Any], "\(result)")
  }

  @Test("a good backend is the same as the reference within tolerances, tables and all")
  func good() throws {
    let workspace = try Workspace()
    try workspace.buildBackend("plain")
    let against = try Command.run(
      ["shadow", "m.yaml", "--plugin", "plain.so", "--against", "plain", "--batches", "3"], in: workspace)
    #expect(against.status == 0 && against.output.contains("the same within tolerances"), "\(against)")
    #expect(against.output.contains("not served: serves linear alone"), "\(against)")
    // The other way round everything has two sides.
    let other = try Command.run(
      [
        "shadow", "m.yaml", "--plugin", "plain.so", "--backend", "plain", "--against", "reference", "--batches", "8",
        "--json",
      ], in: workspace)
    #expect(other.status == 0, "\(other)")
    let report = try report(other)
    let nodes = try #require(report["nodes"] as? [[String: Any]])
    #expect(nodes.allSatisfy { $0["against"] as? String == "reference" && $0["forward"] != nil }, "\(other)")
    #expect(nodes.contains { $0["name"] as? String == "tables" && $0["backward"] != nil }, "\(other)")
    #expect(nodes.contains { $0["backend"] as? String == "plain" })
    #expect(report["batches"] as? Int == 5, "an epoch has five batches: \(other)")
  }

  @Test(
    "a seeded defect is found in its node and phase, and is exit code 1", arguments: [(1, "forward"), (2, "backward")])
  func defect(_ number: Int, _ phase: String) throws {
    let workspace = try Workspace()
    try workspace.buildBackend("crooked", defect: number)
    let found = try Command.run(
      ["shadow", "m.yaml", "--plugin", "crooked.so", "--against", "crooked", "--json"], in: workspace)
    #expect(found.status == 1, "\(found)")
    let report = try report(found)
    let first = try #require(report["first"] as? [String: Any])
    #expect(first["phase"] as? String == phase && first["op"] as? String == "linear", "\(found)")
    let worst = try #require(first["worst"] as? [String: Any])
    if number == 2 { #expect((worst["tensor"] as? String)?.hasSuffix(".weight") == true, "\(found)") }
    #expect(try #require(worst["error"] as? Double) < 0.01, "\(found)")
    // The other phase is as it shall be: differences do not spread.
    let other = phase == "forward" ? "backward" : "forward"
    for node in try #require(report["nodes"] as? [[String: Any]]) where node["against"] != nil {
      let worst = try #require(node[other] as? [String: Any])
      #expect(try #require(worst["error"] as? Double) <= #require(worst["tolerance"] as? Double), "\(node)")
    }
    let text = try Command.run(
      ["shadow", "m.yaml", "--plugin", "crooked.so", "--against", "crooked"], in: workspace)
    let node = try #require(first["node"] as? String)
    #expect(text.status == 1 && text.output.contains("NOT the same: first '\(node)' (linear), \(phase)"), "\(text)")
  }

  @Test("another version of a plugin is run beside the one that serves")
  func versions() throws {
    let workspace = try Workspace()
    try workspace.buildBackend("new", id: "com.example.fast", backend: "fast")
    try workspace.buildBackend("old", defect: 1, version: "0.9.0", id: "com.example.fast", backend: "fast")
    let base = ["shadow", "m.yaml", "--plugin", "new.so", "--plugin", "old.so", "--backend", "fast", "--against"]
    let same = try Command.run(base + ["com.example.fast@1.0.0"], in: workspace)
    #expect(same.status == 0, "\(same)")
    let old = try Command.run(base + ["com.example.fast@0.9.0"], in: workspace)
    #expect(old.status == 1 && old.output.contains("forward"), "\(old)")
    let none = try Command.run(base + ["com.example.fast@2.0.0"], in: workspace)
    #expect(none.status == 66 && none.errors.contains("there is 1.0.0, 0.9.0"), "\(none)")
  }

  @Test("--from takes a run's weights, and refuses those of another manifest")
  func from() throws {
    let workspace = try Workspace()
    try workspace.buildBackend("plain")
    #expect(try Command.run(["train", "m.yaml", "--out", "run"], in: workspace).status == 0)
    let result = try Command.run(
      ["shadow", "m.yaml", "--plugin", "plain.so", "--against", "plain", "--from", "run"], in: workspace)
    #expect(result.status == 0, "\(result)")
    let other = try Command.run(
      ["shadow", "m.yaml", "--against", "reference", "--from", "run", "--set", "model.dim=8"], in: workspace)
    #expect(other.status == 64 && other.errors.contains("run/manifest.yaml"), "\(other)")
  }

  @Test("a side that is not here is named with what is")
  func unknown() throws {
    let result = try Command.run(["shadow", "m.yaml", "--against", "referense"], in: Workspace())
    #expect(result.status == 66 && result.errors.contains("did you mean 'reference'"), "\(result)")
  }
}
