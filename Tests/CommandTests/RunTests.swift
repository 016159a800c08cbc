import Foundation
import Testing

@Suite("train, eval, predict")
struct RunTests {
  @Test("a run is trained, evaluated and used to predict")
  func wholeWay() throws {
    let workspace = try Workspace()
    let trained = try Command.run(["train", "m.yaml", "--out", "run", "--seed", "3"], in: workspace)
    #expect(trained.status == 0, "\(trained)")
    for part in ["test:  AUC ", "samples/s", "served by:\n  reference: "] {
      #expect(trained.output.contains(part), "\(trained)")
    }
    #expect(try workspace.names("run") == ["checkpoint.safetensors", "log.jsonl", "manifest.yaml", "run.json"])
    for line in String(decoding: try workspace.bytes("run/log.jsonl"), as: UTF8.self).split(separator: "\n") {
      let event = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(event["event"] is String && event["step"] is Int)
    }
    let record = try #require(try JSONSerialization.jsonObject(with: workspace.bytes("run/run.json")) as? [String: Any])
    #expect(record["seed"] as? Int == 3)

    let result = try Command.run(["eval", "run", "--json"], in: workspace)
    let figures = try result.json()
    #expect(result.status == 0)
    for key in ["auc", "logloss", "ne", "calibration"] { #expect(figures[key] is Double, "\(key) in \(result)") }
    #expect(figures["examples"] as? Int ?? 0 > 20)
    let outcome = try #require(record["outcome"] as? [String: Any])
    #expect((outcome["test"] as? [String: Any])?["auc"] as? Double == figures["auc"] as? Double)
    let valid = try Command.run(["eval", "run", "--split", "valid"], in: workspace)
    #expect(valid.status == 0 && valid.output.contains("split valid:\nAUC "), "\(valid)")

    // The same rows without their label column, in another order of columns, plain and packed.
    let fields = Workspace.rows.map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    try workspace.write(
      "new.csv", fields.map { "\($0[3]),\($0[1]),\($0[0]),\($0[2])" }.joined(separator: "\n") + "\n")
    let predicted = try Command.run(["predict", "run", "--input", "new.csv"], in: workspace)
    #expect(predicted.status == 0 && predicted.lines.count == 401 && predicted.lines[0] == "row,probability")
    let labelled = try Command.run(
      ["predict", "run", "--input", "rows.csv", "--plain", "--output", "p.csv"], in: workspace)
    #expect(labelled.status == 0 && labelled.output.isEmpty && labelled.errors.contains("400"), "\(labelled)")
    let plain = String(decoding: try workspace.bytes("p.csv"), as: UTF8.self).split(separator: "\n")
    let first = predicted.lines.dropFirst().map { $0.split(separator: ",")[1] }
    #expect(plain.suffix(400) == first[...])
    #expect(first.allSatisfy { (Double($0) ?? -1) > 0 && (Double($0) ?? 2) < 1 })
  }

  @Test("train --json prints the outcome, and the same seed gives the same weights")
  func json() throws {
    let workspace = try Workspace()
    let outcome = try Command.run(["train", "m.yaml", "--out", "a", "--json"], in: workspace).json()
    #expect(outcome["reason"] as? String == "completed" && outcome["step"] as? Int == 15)
    #expect(try Command.run(["train", "m.yaml", "--out", "b"], in: workspace).status == 0)
    #expect(try workspace.bytes("a/checkpoint.safetensors") == workspace.bytes("b/checkpoint.safetensors"))
    #expect(try Command.run(["train", "m.yaml", "--out", "c", "--seed", "2"], in: workspace).status == 0)
    #expect(try workspace.bytes("a/checkpoint.safetensors") != workspace.bytes("c/checkpoint.safetensors"))
  }

  @Test("without --out a run gets a folder of its own under runs")
  func defaultFolder() throws {
    let workspace = try Workspace()
    let result = try Command.run(["train", "m.yaml", "--max-steps", "1"], in: workspace)
    #expect(result.status == 0 && result.output.hasPrefix("run: runs/m-"), "\(result)")
    #expect(try workspace.names("runs").count == 1)
  }

  @Test("a run is not written over unless --replace says so")
  func replace() throws {
    let workspace = try Workspace()
    #expect(try Command.run(["train", "m.yaml", "--out", "run", "--max-steps", "2"], in: workspace).status == 0)
    let before = try workspace.bytes("run/checkpoint.safetensors")
    let refused = try Command.run(["train", "m.yaml", "--out", "run"], in: workspace)
    #expect(refused.status == 64 && refused.errors.contains("run: error: the folder already holds a run"), "\(refused)")
    #expect(refused.errors.contains("--resume") && refused.errors.contains("--out"))
    #expect(try workspace.bytes("run/checkpoint.safetensors") == before)
    #expect(try Command.run(["train", "m.yaml", "--out", "run", "--replace"], in: workspace).status == 0)
    #expect(try workspace.bytes("run/checkpoint.safetensors") != before)
  }

  @Test("a relative path in the manifest starts at the manifest, also for the run folder's copy")
  func otherFolder() throws {
    let workspace = try Workspace()
    try FileManager.default.createDirectory(atPath: workspace.path + "/deep", withIntermediateDirectories: true)
    try workspace.writeManifest("deep/m.yaml", "path: rows.csv", "path: ../rows.csv")
    let trained = try Command.run(["train", "deep/m.yaml", "--out", "out/run", "--max-steps", "2"], in: workspace)
    #expect(trained.status == 0, "\(trained)")
    #expect(try Command.run(["eval", "out/run"], in: workspace).status == 0)
    let resumed = try Command.run(["train", "--resume", "out/run"], in: workspace)
    #expect(resumed.status == 0, "\(resumed)")
  }

  @Test("op verify passes on good cases and is exit code 1 on a case whose numbers were changed")
  func verify() throws {
    let workspace = try Workspace()
    let cases = "\(Command.repository)/Tests/Cases"
    let name = "linear-relu-bias-7x13-5.safetensors"
    let good = try Command.run(["op", "verify", "\(cases)/\(name)", "--json"], in: workspace)
    #expect(good.status == 0, "\(good)")
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(good.output.utf8)) }
    var bytes = try Data(contentsOf: URL(filePath: "\(cases)/\(name)"))
    // The file's last number: a wrong exponent.
    bytes[bytes.count - 1] ^= 0x01
    try bytes.write(to: URL(filePath: workspace.path + "/bad.safetensors"))
    let bad = try Command.run(["op", "verify", "--quiet", "bad.safetensors"], in: workspace)
    #expect(bad.status == 1 && bad.output.contains("FAIL  bad "), "\(bad)")
    try bytes.prefix(200).write(to: URL(filePath: workspace.path + "/cut.safetensors"))
    let cut = try Command.run(["op", "verify", "cut.safetensors"], in: workspace)
    #expect(cut.status == 1, "\(cut)")
  }

  @Test("bench step --json prints the rate and who served")
  func bench() throws {
    let result = try Command.run(
      [
        "bench", "step", "--dim", "4", "--tables", "2", "--rows", "50", "--batch", "8", "--repeats", "1", "--inner",
        "1",
        "--json",
      ], in: Workspace())
    let figures = try result.json()
    #expect(figures["samples_per_second"] as? Double ?? 0 > 0 && figures["served_by"] is [String], "\(result)")
  }
}
