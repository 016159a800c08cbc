import Foundation
import Testing

/// The plugins that ranks need.
enum RankPlugins {
  /// `DMT_TEST_PLUGINS`, else bin/plugins of this package.
  static let folder =
    ProcessInfo.processInfo.environment["DMT_TEST_PLUGINS"].flatMap { $0.isEmpty ? nil : $0 }
    ?? Command.repository + "/bin/plugins"
  static let areBuilt = ["InterconnectThreads", "ShardFlat", "ShardSPTT"].allSatisfy {
    FileManager.default.fileExists(atPath: "\(folder)/\($0)/plugin.json")
  }
}

/// Training on ranks that are threads, as its users start it.
@Suite(
  "Ranks", .enabled(if: RankPlugins.areBuilt, "bin/plugins has no InterconnectThreads or strategies: run make first"))
struct RankTests {
  private func dmt(_ arguments: [String], in workspace: Workspace) throws -> Command.Result {
    try Command.run(arguments + ["--plugin", RankPlugins.folder, "--backend", "reference"], in: workspace)
  }

  private func logloss(_ run: String, in workspace: Workspace) throws -> Double {
    let result = try dmt(["eval", run, "--json"], in: workspace)
    return try #require(try result.json()["logloss"] as? Double, "\(result)")
  }

  @Test("a checkpoint of 4x2 ranks goes on at any layout and ends like one process")
  func anyLayout() throws {
    let workspace = try Workspace()
    let whole = try dmt(["train", "m.yaml", "--out", "whole"], in: workspace)
    #expect(whole.status == 0, "\(whole)")
    let expected = try logloss("whole", in: workspace)
    let begun = try dmt(["launch", "m.yaml", "--ranks", "4x2", "--out", "begun", "--max-steps", "5"], in: workspace)
    #expect(begun.status == 0, "\(begun)")
    #expect(try workspace.names("begun/ranks") == (1...7).map { "rank-\($0).jsonl" })
    for layout in ["1x1", "1x4", "2x3"] {
      let run = "on-\(layout)"
      try FileManager.default.copyItem(atPath: workspace.path + "/begun", toPath: workspace.path + "/" + run)
      let result = try dmt(["launch", "--resume", run, "--ranks", layout], in: workspace)
      #expect(result.status == 0, "\(result)")
      #expect(abs(try logloss(run, in: workspace) - expected) < 1e-6, "\(layout)")
    }
    let alone = try dmt(["train", "--resume", "begun"], in: workspace)
    #expect(alone.status == 0, "\(alone)")
    #expect(abs(try logloss("begun", in: workspace) - expected) < 1e-6)
  }

  @Test("every strategy verifies on the command line")
  func verify() throws {
    let workspace = try Workspace()
    for strategy in ["data_parallel", "table_wise", "column_wise", "row_wise", "table_row_wise", "sptt"] {
      let result = try dmt(
        ["verify", "m.yaml", "--ranks", "2x2", "--strategy", strategy, "--batch", "24", "--json"]
          + (strategy == "data_parallel" ? ["--set", "sharding.run_towers=false"] : []), in: workspace)
      #expect(result.status == 0, "\(strategy): \(result)")
      let report = try #require(try result.json()["report"] as? [String: Any])
      #expect((report["items"] as? [[String: Any]])?.count ?? 0 > 20)
    }
  }

  @Test("explain says who holds what and what every step sends")
  func explain() throws {
    let workspace = try Workspace()
    let result = try dmt(["explain", "m.yaml", "--ranks", "2x2", "--json"], in: workspace)
    let explanation = try result.json()
    #expect(explanation["strategy"] as? String == "sptt")
    #expect((explanation["ranks"] as? [[String: Any]])?.count == 4)
    let steps = (explanation["traffic"] as? [String: Any])?["steps"] as? [[String: Any]]
    #expect(steps?.contains { $0["group"] as? String == "peers" } == true, "\(result)")
  }

  @Test("semi-synchronous lookups verify against one process that is as late, and say so")
  func semiSynchronous() throws {
    let workspace = try Workspace()
    let option = ["--set", "sharding.lookup=semi_synchronous"]
    let verified = try dmt(
      ["verify", "m.yaml", "--ranks", "2x2", "--batch", "24", "--steps", "4"] + option, in: workspace)
    #expect(verified.status == 0, "\(verified)")
    #expect(verified.output.contains("lookups semi_synchronous"), "\(verified)")
    let explained = try dmt(["explain", "m.yaml", "--ranks", "2x2"] + option, in: workspace)
    #expect(explained.output.contains("lookups semi_synchronous"), "\(explained)")
    let launched = try dmt(["launch", "m.yaml", "--ranks", "2x2", "--out", "late"] + option, in: workspace)
    #expect(launched.status == 0, "\(launched)")
  }

  /// Wrong use with what the message has to say.
  static let wrong: [(arguments: [String], status: Int32, says: [String])] = [
    (["launch", "m.yaml", "--ranks", "4y2"], 64, ["'4y2' is no topology", "HOSTSxRANKS"]),
    (["launch", "m.yaml", "--ranks", "2x2", "--set", "sharding.strategy=spt"], 78, ["'spt'", "sptt"]),
    (
      ["launch", "m.yaml", "--ranks", "2x3", "--set", "sharding.tower_group=4"], 64, ["tower group of 4 ranks", "2x3"]
    ),
    (["launch", "m.yaml", "--ranks", "2x2", "--set", "sharding.tables.uzer=row_wise"], 78, ["'uzer'", "user"]),
    (["launch", "m.yaml", "--ranks", "2x2", "--set", "sharding.wire=float8"], 78, ["float8", "bfloat16"]),
    (["launch", "m.yaml", "--ranks", "2x2", "--interconnect", "carrier"], 66, ["'carrier'", "plugin list --why"]),
  ]

  @Test("wrong use is said with its remedy and leaves no run behind", arguments: wrong.indices)
  func wrongUse(_ index: Int) throws {
    let workspace = try Workspace()
    let (arguments, status, says) = Self.wrong[index]
    let result = try dmt(arguments + ["--out", "run"], in: workspace)
    #expect(result.status == status, "\(result)")
    for text in says { #expect(result.errors.contains(text), "\(text): \(result)") }
    #expect(!workspace.has("run"))
  }
}
