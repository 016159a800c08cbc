import Foundation
import Testing

/// Training with update rules of a plugin, as their users do.
@Suite("Optimizers of a plugin")
struct OptimizerPluginTests {
  private let workspace: Workspace
  private let library: String

  init() throws {
    workspace = try Workspace()
    library = try PluginTests.build("optimizers", as: "optimizers", in: workspace)
  }

  private func dmt(_ arguments: [String]) throws -> Command.Result {
    try Command.run(arguments + ["--plugin", library], in: workspace)
  }

  private func train(_ run: String, _ settings: [String], _ more: [String] = []) throws -> SavedTensors {
    let result = try dmt(["train", "m.yaml", "--out", run] + settings.flatMap { ["--set", "train." + $0] } + more)
    try #require(result.status == 0, "\(result)")
    return try SavedTensors(run: run, in: workspace)
  }

  @Test("Adagrad in C gives the weights and states of the built-in one")
  func adagrad() throws {
    let ownDense = try train("own-dense", ["optimizer=com.example.adagrad", "clip_norm=0.5"])
    let dense = try train("dense", ["optimizer=adagrad", "clip_norm=0.5"])
    #expect(ownDense.names == dense.names && ownDense.names.contains { $0.hasSuffix("head.weight/sum") })
    // Elsewhere the compiler may make one instruction of a product and a sum.
    #if arch(x86_64)
      #expect(ownDense.difference(from: dense).0 == 0)
    #else
      #expect(ownDense.difference(from: dense).0 < 1e-6)
    #endif
    // A row's gradient is a float32 number before a rule of its own sees it; the built-in one keeps it in float64.
    let ownTables = try train("own", ["optimizer=com.example.adagrad", "tables=com.example.adagrad"])
    let tables = try train("builtin", ["optimizer=adagrad", "tables=adagrad"])
    let difference = ownTables.difference(from: tables)
    #expect(ownTables.names == tables.names && difference.0 < 1e-6, "\(difference)")
  }

  @Test("row-wise Adagrad in C gives the tables of the built-in one, one number a row")
  func rowwise() throws {
    let own = try train("own", ["tables={name: com.example.row-adagrad, lr: 0.05, weight_decay: 0.01}"])
    let builtin = try train("builtin", ["tables={name: rowwise_adagrad, lr: 0.05, weight_decay: 0.01}"])
    #expect(own.names == builtin.names)
    let rows = try #require(own.values["tables.item.weight"]).count / 4
    #expect(rows > 1 && own.values["optimizer/tables.item.weight/sum"]?.count == rows)
    let difference = own.difference(from: builtin)
    #expect(difference.0 < 2e-6, "\(difference)")
  }

  @Test(
    "a run that was stopped goes on to the same bits",
    arguments: [
      ["optimizer=com.example.lion", "tables=com.example.lion"],
      ["optimizer=com.example.adagrad", "tables=com.example.row-count"],
    ])
  func resume(_ settings: [String]) throws {
    let whole = try train("whole", settings)
    _ = try train("begun", settings, ["--max-steps", "7"])
    let resumed = try dmt(["train", "--resume", "begun"])
    #expect(resumed.status == 0, "\(resumed)")
    let begun = try SavedTensors(run: "begun", in: workspace)
    #expect(begun.names == whole.names && begun.names.contains { $0.hasPrefix("optimizer/tables.user.weight/") })
    #expect(begun.difference(from: whole).0 == 0)
    #expect(try workspace.bytes("begun/checkpoint.safetensors") == workspace.bytes("whole/checkpoint.safetensors"))
  }

  @Test("a state begins where the rule says: rows that were never touched still have it")
  func initialValues() throws {
    let tensors = try train("run", ["tables=com.example.row-count"], ["--max-steps", "1"])
    let updates = try #require(tensors.values["optimizer/tables.user.weight/updates"])
    #expect(updates.min() == 1 && updates.max() == 2, "\(updates)")
  }

  @Test("explain and list say who serves, and inspect what it accepts")
  func explain() throws {
    let result = try dmt([
      "explain", "m.yaml", "--set", "train.optimizer=com.example.lion", "--set", "train.tables=com.example.row-adagrad",
    ])
    #expect(result.output.contains("dense update: com.example.lion, Lion in C."), "\(result)")
    #expect(result.output.contains("table update: com.example.row-adagrad, Row-wise Adagrad in C."), "\(result)")
    let listing = try dmt(["plugin", "list"])
    #expect(listing.output.contains("optimizer com.example.lion"), "\(listing)")
    let inspection = try Command.run(["plugin", "inspect", library], in: workspace)
    #expect(
      inspection.output.contains(
        "optimizer com.example.lion/1: Lion in C.\n  beta1 (double, default 0.9, at least 0.0)"),
      "\(inspection)")
  }

  /// Manifests that name a rule wrongly, with what is said.
  static let wrong: [(old: String, new: String, place: String, says: [String])] = [
    (
      "  epochs: 3", "  optimizer: com.example.lian\n  epochs: 3", "m2.yaml:16:14",
      ["unknown optimizer 'com.example.lian'", "did you mean 'com.example.lion'?"]
    ),
    (
      "  epochs: 3", "  optimizer: {name: com.example.lion, beta3: 1}\n  epochs: 3", "m2.yaml:16:39",
      ["unknown key 'beta3'", "optimizer com.example.lion", "'beta1'"]
    ),
    (
      "  epochs: 3", "  tables: {name: com.example.lion, beta1: -1}\n  epochs: 3", "m2.yaml:16:43",
      ["train.tables.beta1 is -1, expected at least 0"]
    ),
    (
      "  epochs: 3", "  optimizer: {name: com.example.lion, lr: .nan}\n  epochs: 3", "m2.yaml:16:43",
      ["train.optimizer.lr", "a finite number"]
    ),
    (
      "  epochs: 3", "  optimizer: com.example.row-adagrad\n  epochs: 3", "m2.yaml:16:14",
      ["unknown optimizer 'com.example.row-adagrad'"]
    ),
    (
      "  epochs: 3", "  optimizer: {name: com.example.adagrad, eps: 0, weight_decay: 0.1}\n  epochs: 3",
      "m2.yaml:16:21",
      ["weight_decay needs an eps above 0", "com.example.optimizers/com.example.adagrad (describe)"]
    ),
  ]

  @Test("a name or an attribute that is wrong is said with its place", arguments: wrong.indices)
  func wrongUse(_ index: Int) throws {
    let (old, new, place, says) = Self.wrong[index]
    try workspace.writeManifest("m2.yaml", old, new)
    let result = try dmt(["check", "m2.yaml"])
    #expect(result.status == 78, "\(result)")
    #expect(result.errors.contains(place + ":"), "\(place): \(result)")
    for text in says { #expect(result.errors.contains(text), "\(text): \(result)") }
  }

  @Test("a name of a plugin that is not here says where plugins are looked for")
  func absent() throws {
    try workspace.writeManifest("m2.yaml", "  epochs: 3", "  optimizer: org.elsewhere.shampoo\n  epochs: 3")
    let result = try Command.run(["check", "m2.yaml"], in: workspace)
    expectFailure(
      result, status: 78, place: "m2.yaml:16:14", says: ["a plugin's optimizer needs the plugin", "plugin list --why"])
  }

  @Test("a rule that fails ends the run with plugin, component and phase, and leaves the last checkpoint whole")
  func failing() throws {
    let bad = try PluginTests.build("optimizers", as: "bad", ["DEFECT=13"], in: workspace)
    let result = try Command.run(
      ["train", "m.yaml", "--out", "run", "--set", "train.optimizer=com.example.adagrad", "--plugin", bad],
      in: workspace)
    #expect(result.status == 70, "\(result)")
    #expect(
      result.errors.contains(
        "plugin com.example.optimizers/com.example.adagrad (update_elements): error: the third step is too much"),
      "\(result)")
    let none = try PluginTests.build("optimizers", as: "none", ["DEFECT=14"], in: workspace)
    let refused = try Command.run(
      ["train", "m.yaml", "--out", "other", "--set", "train.optimizer=com.example.adagrad", "--plugin", none],
      in: workspace)
    #expect(refused.status == 69 && refused.errors.contains("this rule computes nothing at all"), "\(refused)")
    #expect(!workspace.has("other"))
  }

  @Test(
    "2x2 ranks end like one process, and a state once a row without sums is refused where columns are cut",
    .enabled(if: RankPlugins.areBuilt, "bin/plugins has no InterconnectThreads or strategies: run make first"))
  func ranks() throws {
    let plugins = ["--plugin", RankPlugins.folder, "--backend", "reference"]
    try workspace.writeManifest("m.yaml", "dim: 4", "dim: 8")
    let settings = ["--set", "train.optimizer=com.example.lion", "--set", "train.tables=com.example.row-adagrad"]
    let alone = try dmt(["train", "m.yaml", "--out", "alone"] + settings + plugins)
    try #require(alone.status == 0, "\(alone)")
    let expected = try SavedTensors(run: "alone", in: workspace)
    for strategy in ["table_wise", "column_wise", "row_wise", "sptt"] {
      let result = try dmt(
        ["launch", "m.yaml", "--ranks", "2x2", "--set", "sharding.strategy=\(strategy)", "--out", strategy] + settings
          + plugins)
      #expect(result.status == 0, "\(strategy): \(result)")
      let found = try SavedTensors(run: strategy, in: workspace)
      #expect(found.names == expected.names)
      let difference = found.difference(from: expected)
      #expect(difference.0 < 1e-5, "\(strategy): \(difference)")
    }
    let verified = try dmt(
      [
        "verify", "m.yaml", "--ranks", "2x2", "--strategy", "column_wise", "--batch", "24", "--set",
        "train.optimizer=com.example.adagrad", "--set", "train.tables=com.example.row-adagrad",
      ] + plugins)
    #expect(verified.status == 0, "\(verified)")
    let refused = try dmt(
      [
        "launch", "m.yaml", "--ranks", "2x2", "--set", "sharding.strategy=column_wise", "--out", "no", "--set",
        "train.tables=com.example.row-count",
      ] + plugins)
    #expect(refused.status == 69, "\(refused)")
    #expect(refused.errors.contains("keeps 'updates' once a row") && refused.errors.contains("\n  fix: "), "\(refused)")
    #expect(refused.errors.contains("m.yaml:16:"), "\(refused)")
    #expect(!workspace.has("no"))
  }
}
