import Foundation
import Testing

@Suite("tune")
struct TuneTests {
  /// A workspace with a backend for linear, a manifest that may ask it and the reference kernels, and the profile's file.
  private func tuned() throws -> (workspace: Workspace, profile: String) {
    let workspace = try Workspace()
    try workspace.buildBackend("plain")
    try workspace.writeManifest("t.yaml", backends: ["reference", "plain"])
    let result = try freely(["tune", "t.yaml", "--plugin", "plain.so", "--quick", "--threads", "1"], in: workspace)
    try #require(result.status == 0, "\(result)")
    let path = try #require(result.lines.last.map(String.init)?.split(separator: " ").last.map(String.init))
    return (workspace, path)
  }

  @Test("the profile lies under the configuration folder, and later commands choose by it and say so")
  func profile() throws {
    let (workspace, path) = try tuned()
    #expect(path.hasPrefix(workspace.path + "/.config/dmt/profiles/") && path.hasSuffix("-1-threads.json"), "\(path)")
    #expect(FileManager.default.fileExists(atPath: path))
    let explained = try freely(
      ["explain", "t.yaml", "--plugin", "plain.so", "--threads", "1", "--json"], in: workspace)
    let nodes = try #require(try explained.json()["nodes"] as? [[String: Any]], "\(explained)")
    let computing = nodes.filter { $0["backend"] as? String != "none" }
    #expect(!computing.isEmpty)
    for node in computing { #expect((node["reason"] as? String)?.hasPrefix("profile: ") == true, "\(node)") }
    for table in ["table_reason", "update_reason"] {
      #expect((try explained.json()[table] as? String)?.hasPrefix("profile: ") == true, "\(explained)")
    }
    let trained = try freely(
      ["train", "t.yaml", "--plugin", "plain.so", "--threads", "1", "--out", "run", "--max-steps", "2"], in: workspace)
    #expect(trained.status == 0, "\(trained)")
    let record = try #require(
      try JSONSerialization.jsonObject(with: workspace.bytes("run/run.json")) as? [String: Any])
    #expect(record["profile"] is String)
  }

  @Test("a pin, --backend and DMT_BACKEND go before the profile, other threads and DMT_PROFILE=none are without it")
  func order() throws {
    let (workspace, _) = try tuned()
    func reasons(_ arguments: [String], _ environment: [String: String] = [:]) throws -> [String: [String: Any]] {
      let result = try freely(
        ["explain", "t.yaml", "--plugin", "plain.so", "--json"]
          + (arguments.contains("--threads") ? [] : ["--threads", "1"]) + arguments, in: workspace, environment)
      let nodes = try #require(try result.json()["nodes"] as? [[String: Any]], "\(result)")
      return Dictionary(uniqueKeysWithValues: nodes.compactMap { node in (node["name"] as? String).map { ($0, node) } })
    }
    let linear = try #require(
      try reasons([]).values.first { $0["op"] as? String == "linear" }?["name"] as? String)
    #expect((try reasons([])[linear]?["reason"] as? String)?.hasPrefix("profile: ") == true)
    for (arguments, environment, backend) in [
      (["--backend", "plain"], [:], "plain"), ([], ["DMT_BACKEND": "plain"], "plain"),
      (["--only", "reference"], [:], "reference"), (["--set", "model.pins={\(linear): plain}"], [:], "plain"),
      (["--set", "model.pins={\(linear): reference}"], [:], "reference"),
      // By score then.
      (["--threads", "2"], [:], "plain"), ([], ["DMT_PROFILE": "none"], "plain"),
    ] as [([String], [String: String], String)] {
      let node = try #require(try reasons(arguments, environment)[linear])
      #expect((node["reason"] as? String)?.hasPrefix("profile: ") == false, "\(arguments) \(environment): \(node)")
      #expect(node["backend"] as? String == backend, "\(arguments) \(environment): \(node)")
    }
  }

  @Test("a profile of another build of a plugin is left out with a note that says so")
  func stale() throws {
    let (workspace, path) = try tuned()
    try workspace.buildBackend("plain", version: "1.0.1")
    let result = try freely(["explain", "t.yaml", "--plugin", "plain.so", "--threads", "1"], in: workspace)
    #expect(result.status == 0 && !result.output.contains("profile: "), "\(result)")
    for text in [path, "com.example.plain was 1.0.0, now it is 1.0.1", "dmt tune"] {
      #expect(result.errors.contains(text), "\(result)")
    }
    try Data("{".utf8).write(to: URL(filePath: path))
    let damaged = try freely(["explain", "t.yaml", "--plugin", "plain.so", "--threads", "1"], in: workspace)
    #expect(damaged.status == 0 && damaged.errors.contains("it is no profile"), "\(damaged)")
  }

  @Test("--json and --out: every timing of every node, in a file that DMT_PROFILE names")
  func json() throws {
    let workspace = try Workspace()
    let result = try freely(
      ["tune", "m.yaml", "--quick", "--threads", "1", "--json", "--out", "deep/p.json"], in: workspace)
    let document = try result.json()
    #expect(document["file"] as? String == "deep/p.json")
    let found = try #require(document["result"] as? [String: Any])
    let entries = try #require((found["profile"] as? [String: Any])?["entries"] as? [[String: Any]])
    #expect(entries.contains { ($0["nodes"] as? [String])?.contains("tables") == true })
    for entry in entries {
      let timings = try #require(entry["timings"] as? [[String: Any]])
      #expect(timings.map { $0["backend"] as? String } == ["reference"])
      #expect(timings.allSatisfy { ($0["samples"] as? Int ?? 0) > 0 }, "\(entry)")
    }
    let explained = try freely(
      ["explain", "m.yaml", "--threads", "1"], in: workspace, ["DMT_PROFILE": workspace.path + "/deep/p.json"])
    #expect(explained.output.contains("profile: nobody else serves it"), "\(explained)")
  }

  @Test("Ctrl-C ends with 130 and leaves the old profile as it was")
  func interrupted() throws {
    let workspace = try Workspace()
    try workspace.write("p.json", "the old one")
    // Large enough to be under way for seconds.
    let running = try Command.start(
      ["tune", "m.yaml", "--threads", "1", "--out", "p.json", "--set", "train.batch=300", "--set", "model.dim=256"],
      in: workspace, environment: ["DMT_BACKEND": ""])
    // The data are read once signals are heard.
    while running.isRunning, !workspace.has(".dmt") { usleep(5000) }
    running.send(SIGINT)
    let result = try running.wait()
    #expect(result.status == 130, "\(result)")
    #expect(String(decoding: try workspace.bytes("p.json"), as: UTF8.self) == "the old one")
  }
}
