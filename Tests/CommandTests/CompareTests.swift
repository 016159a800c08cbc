import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// `dmt compare` on a tiny version of a synthetic example.
@Suite("Comparisons")
struct CompareTests {
  private static let small = [
    "--set", "data.samples=1500", "--set", "data.cache=cache", "--set", "train.epochs=1", "--set", "train.batch=256",
  ]

  /// The flat example, and the same under another name with a smaller over-arch.
  private static func workspace() throws -> Workspace {
    let workspace = try Workspace()
    let text = try String(contentsOfFile: Command.repository + "/Examples/synthetic/dcn.yaml", encoding: .utf8)
    try workspace.write("flat.yaml", text)
    let other = text.replacing("name: synthetic-dcn", with: "name: small").replacing("layers: 3", with: "layers: 1")
    try #require(other != text)
    try workspace.write("small.yaml", other)
    return workspace
  }

  private static func compare(_ arguments: [String], out: String = "study") -> [String] {
    ["compare", "flat.yaml", "small.yaml", "--out", out] + small + arguments
  }

  private func runs(_ report: [String: Any]) throws -> [[String: Any]] {
    let manifests = try #require(report["manifests"] as? [[String: Any]])
    return manifests.flatMap { $0["runs"] as? [[String: Any]] ?? [] }
  }

  /// Bytes and times of the files of runs: what a training would change.
  private func marks(_ workspace: Workspace, _ names: [String]) throws -> [String] {
    try names.flatMap { name in
      try ["run.json", "log.jsonl", "checkpoint.safetensors"].map { file in
        let path = "\(workspace.path)/study/\(name)/\(file)"
        return "\(path) \(try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] ?? "")"
      }
    }
  }

  @Test("every manifest is trained with every seed, and table, JSON and picture say what came out")
  func whole() throws {
    let workspace = try Self.workspace()
    let result = try Command.run(Self.compare(["--seeds", "3", "--threads", "2"]), in: workspace)
    try #require(result.status == 0, "\(result)")
    for part in ["auc on test, seeds 1 to 3", "synthetic-dcn", "against synthetic-dcn", "Mann-Whitney", "below 0.1000"]
    {
      #expect(result.output.contains(part), "\(part) in \(result)")
    }
    #expect(result.errors.isEmpty, "\(result)")
    let report = try #require(
      try JSONSerialization.jsonObject(with: workspace.bytes("study/compare.json")) as? [String: Any])
    let runs = try runs(report)
    #expect(runs.count == 6 && runs.map { $0["seed"] as? Int } == [1, 2, 3, 1, 2, 3])
    // A value is what the run itself measured.
    for run in runs {
      let folder = try #require(run["folder"] as? String)
      let evaluated = try Command.run(["eval", folder, "--json"], in: workspace).json()
      #expect(evaluated["auc"] as? Double == run["value"] as? Double && run["value"] is Double)
    }
    let tests = try #require(report["tests"] as? [[String: Any]])
    #expect(tests.count == 1 && tests[0]["method"] as? String == "exact")
    #expect(try #require(tests[0]["p_two_sided"] as? Double) >= 0.1)
    for key in ["p_less", "p_greater", "p_holm", "u", "shift", "median_difference"] {
      #expect(tests[0][key] is NSNumber, "\(key)")
    }
    let picture = XMLParser(data: try workspace.bytes("study/compare.svg"))
    #expect(picture.parse(), "\(String(describing: picture.parserError))")
  }

  @Test("a second call trains no finished run again, more seeds train those alone, and --jobs changes nothing")
  func resumption() throws {
    let workspace = try Self.workspace()
    let first = try Command.run(Self.compare(["--seeds", "1", "--jobs", "1", "--threads", "1"]), in: workspace)
    try #require(first.status == 0, "\(first)")
    #expect(first.output.contains("n/a") && first.output.contains("at least 2 runs"), "\(first)")
    let names = ["synthetic-dcn/seed-1", "small/seed-1"]
    let before = try marks(workspace, names)
    let second = try Command.run(Self.compare(["--seeds", "2", "--threads", "2", "--json"]), in: workspace)
    try #require(second.status == 0, "\(second)")
    #expect(try marks(workspace, names) == before)
    let other = try Command.run(
      Self.compare(["--seeds", "2", "--jobs", "1", "--threads", "2", "--json"], out: "other"), in: workspace)
    try #require(other.status == 0, "\(other)")
    #expect(other.output.replacing("other/", with: "study/") == second.output)
  }

  @Test("Ctrl-C stops the runs with checkpoints, and the same command ends as if it had not been stopped")
  func interruption() throws {
    // Many short steps.
    let workspace = try Workspace()
    try workspace.writeManifest("a.yaml", "epochs: 3\n  batch: 64", "epochs: 60\n  batch: 16")
    try workspace.writeManifest("b.yaml", "epochs: 3\n  batch: 64", "epochs: 50\n  batch: 16")
    func compare(_ out: String) -> [String] {
      ["compare", "a.yaml", "b.yaml", "--seeds", "2", "--threads", "2", "--out", out, "--json"]
    }
    let running = try Command.start(compare("study"), in: workspace)
    let log = "study/a/seed-1/log.jsonl"
    while running.isRunning, (try? workspace.bytes(log).count { $0 == UInt8(ascii: "\n") }) ?? 0 < 25 { usleep(500) }
    running.send(SIGINT)
    let stopped = try running.wait()
    expectFailure(stopped, status: 130, place: "study", says: [" of 4 runs finished", "the same command goes on"])
    #expect(workspace.has("study/a/seed-1/checkpoint.safetensors"))
    #expect(!workspace.has("study/a/seed-2/run.json") && !workspace.has("study/compare.json"))
    let resumed = try Command.run(compare("study"), in: workspace)
    try #require(resumed.status == 0, "\(resumed)")
    #expect(try String(decoding: workspace.bytes(log), as: UTF8.self).contains("\"event\":\"resume\""))
    let whole = try Command.run(compare("whole"), in: workspace)
    #expect(whole.output.replacing("whole/", with: "study/") == resumed.output)
  }

  @Test("a run folder of other settings is refused, and the error names it")
  func changed() throws {
    let workspace = try Self.workspace()
    let first = try Command.run(Self.compare(["--seeds", "1"]), in: workspace)
    try #require(first.status == 0, "\(first)")
    for change in ["model.dim=8", "data.samples=2000"] {
      expectFailure(
        try Command.run(Self.compare(["--seeds", "1", "--set", change]), in: workspace), status: 64,
        place: "study/synthetic-dcn/seed-1", says: ["other ", "seed 1"])
    }
  }

  @Test("a run that fails is reported with what it printed, and the others finish")
  func failure() throws {
    let workspace = try Self.workspace()
    let text = try String(decoding: workspace.bytes("flat.yaml"), as: UTF8.self)
    try workspace.write(
      "wild.yaml", text.replacing("name: synthetic-dcn", with: "name: wild").replacing("lr: 0.002", with: "lr: 1e30"))
    let result = try Command.run(
      ["compare", "flat.yaml", "wild.yaml", "--seeds", "2", "--out", "study"] + Self.small, in: workspace)
    #expect(result.status == 65, "\(result)")
    for part in ["study/wild/seed-1: error: the training ended with exit code 65", "| step ", "study/wild/seed-2.log"] {
      #expect(result.errors.contains(part), "\(part) in \(result)")
    }
    #expect(result.output.contains("2 of 4 runs have no value") && result.output.contains("n/a"), "\(result)")
    let report = try #require(
      try JSONSerialization.jsonObject(with: workspace.bytes("study/compare.json")) as? [String: Any])
    #expect(try runs(report).map { $0["value"] is Double } == [true, true, false, false])
    #expect(try runs(report)[2]["error"] is String)
  }

  @Test("manifests of one name are told apart by their files, and the same file twice is refused")
  func names() throws {
    let workspace = try Self.workspace()
    try workspace.write("copy.yaml", String(decoding: workspace.bytes("flat.yaml"), as: UTF8.self))
    let result = try Command.run(
      ["compare", "flat.yaml", "copy.yaml", "--seeds", "2", "--metric", "logloss", "--split", "valid"] + Self.small,
      in: workspace)
    try #require(result.status == 0, "\(result)")
    #expect(result.output.contains("wrote comparisons/flat-vs-copy/compare.json"), "\(result)")
    // The same model and the same seeds: nothing can tell them apart.
    #expect(result.output.contains("1.0000") && result.output.contains("+0.00000"), "\(result)")
    let twice = try Command.run(["compare", "flat.yaml", "flat.yaml"] + Self.small, in: workspace)
    #expect(twice.status == 64 && twice.errors.contains("'flat'") && twice.errors.contains("\n  fix: "), "\(twice)")
  }

  @Test(
    "wrong use is exit code 64 and names what is wrong",
    arguments: [
      (["--seeds", "0"], "seeds is 0"), (["--metric", "acu"], "'acu'"), (["--split", "train"], "'train'"),
      (["--jobs", "3", "--threads", "2"], "--jobs is 3"), (["--set", "train.seed=4"], "--first-seed"),
      (["--first-seed", "18446744073709551615"], "first seed"),
    ])
  func wrongUse(_ arguments: [String], _ names: String) throws {
    let result = try Command.run(Self.compare(arguments), in: Self.workspace())
    #expect(result.status == 64 && result.errors.contains(names) && result.output.isEmpty, "\(result)")
  }
}
