import Foundation
import Testing

/// `dmt verify` can fail.
@Suite(
  "Verification",
  .enabled(if: RankPlugins.areBuilt, "bin/plugins has no InterconnectThreads or strategies: run make first"))
struct VerifyTests {
  @Test("one number that changes in flight is found, named, and ends with exit code 1")
  func corrupted() throws {
    let workspace = try Workspace()
    // A library of its own: the host has loaded the other one, and initializes a plugin once.
    let folder = RankPlugins.folder + "/InterconnectThreads"
    let sidecar = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: folder + "/plugin.json")))
    let library = try #require((sidecar as? [String: Any])?["library"] as? String)
    try FileManager.default.copyItem(atPath: folder + "/" + library, toPath: workspace.path + "/inner.so")
    let plugin = try PluginTests.build(
      "corrupting", as: "corrupting", ["INNER=\"\(workspace.path)/inner.so\""], in: workspace)
    let arguments = [
      "verify", "m.yaml", "--ranks", "2x2", "--batch", "12", "--steps", "1", "--plugin", RankPlugins.folder,
    ]
    let right = try Command.run(arguments, in: workspace)
    #expect(right.status == 0 && right.output.contains("the same model: "), "\(right)")

    let corrupting = arguments + ["--plugin", plugin, "--set", "interconnect.name=corrupting"]
    let wrong = try Command.run(corrupting, in: workspace)
    #expect(wrong.status == 1, "\(wrong)")
    #expect(wrong.output.contains("MISSED") && wrong.output.contains("NOT the same model: "), "\(wrong)")

    let json = try Command.run(corrupting + ["--json"], in: workspace)
    #expect(json.status == 1, "\(json)")
    let report = try #require(try json.json()["report"] as? [String: Any])
    let missed = (report["items"] as? [[String: Any]] ?? []).filter { item in
      guard let error = item["error"] as? Double, let tolerance = item["tolerance"] as? Double else { return false }
      return error > tolerance * (item["largest"] as? Double ?? 1)
    }
    // The first check is from equal tables: what came with the wrong number is one feature's embedding.
    #expect(missed.count == 1 && missed.first?["check"] as? String == "embeddings", "\(missed)")
  }
}
