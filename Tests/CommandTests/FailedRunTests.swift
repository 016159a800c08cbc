import Foundation
import Testing

/// Runs that end in an error keep what they had.
@Suite("Failed runs")
struct FailedRunTests {
  @Test("a loss that is no number ends the run, names step and batch, and leaves the last good checkpoint")
  func notANumber() throws {
    let workspace = try Workspace()
    // One row in the middle of the training rows that no cross layer can stand.
    try workspace.writeRows("rows.csv", line: 202, "u1,i2,a,3e38,1")
    let arguments = [
      "train", "m.yaml", "--out", "run", "--set", "train.shuffle=false", "--set", "train.checkpoint_every=1",
      "--set", "dense.price.transform=[]",
    ]
    let result = try Command.run(arguments, in: workspace)
    try #require(result.status == 65, "\(result)")
    let match = try #require(
      result.errors.firstMatch(of: /step (\d+): .*error: .* in epoch (\d+), batch (\d+) of 5/), "\(result)")
    let (step, epoch, batch) = (Int(match.1) ?? 0, Int(match.2) ?? 0, Int(match.3) ?? 0)
    #expect(step == (epoch - 1) * 5 + batch)
    #expect(result.errors.contains("\n  fix: the last good checkpoint is run/checkpoint.safetensors"), "\(result)")
    #expect(!result.errors.contains("-nan"))
    // What is left can be measured, and the record says how the run ended.
    let left = try Command.run(["eval", "run", "--json"], in: workspace)
    #expect(left.status == 0, "\(left)")
    let record = try JSONSerialization.jsonObject(with: workspace.bytes("run/run.json")) as? [String: Any]
    #expect((record?["outcome"] as? [String: Any])?["reason"] as? String == "failed")
  }

  @Test("a disk that is full while a checkpoint is written is an error, and the previous checkpoint is whole")
  func diskFull() throws {
    let workspace = try Workspace()
    let sized = ["--set", "features.user={column: user, hash: 3000}"]
    func train(_ more: [String]) -> String {
      "dmt train m.yaml --out run " + more.map { "'\($0)'" }.joined(separator: " ")
    }
    let first = try Command.shell(train(sized + ["--max-steps", "2"]), in: workspace)
    try #require(first.status == 0, "\(first)")
    let before = try workspace.bytes("run/checkpoint.safetensors")
    let figures = try Command.run(["eval", "run", "--json"], in: workspace).output
    // Room for the log and the record, not for a checkpoint; counted in kibibytes.
    let limit = before.count / 2048
    let full = try Command.shell("ulimit -f \(limit); dmt train --resume run", in: workspace)
    expectFailure(full, status: 74, place: "run/checkpoint.safetensors", says: ["make room"])
    #expect(try workspace.bytes("run/checkpoint.safetensors") == before)
    #expect(try workspace.names("run").allSatisfy { !$0.hasPrefix(".") })
    #expect(try Command.run(["eval", "run", "--json"], in: workspace).output == figures)
    // With room again the run ends as one that never stopped.
    #expect(try Command.run(["train", "--resume", "run"], in: workspace).status == 0)
    let whole = try Command.shell(train(sized).replacing("--out run", with: "--out whole"), in: workspace)
    #expect(whole.status == 0)
    #expect(try workspace.bytes("run/checkpoint.safetensors") == workspace.bytes("whole/checkpoint.safetensors"))
  }

  @Test("a damaged checkpoint is an error, never a crash", arguments: [0, 7, 100, 2000])
  func damaged(_ length: Int) throws {
    let workspace = try Workspace()
    #expect(try Command.run(["train", "m.yaml", "--out", "run", "--max-steps", "2"], in: workspace).status == 0)
    let path = "run/checkpoint.safetensors"
    try workspace.bytes(path).prefix(length).write(to: URL(filePath: workspace.path + "/" + path))
    for arguments in [["eval", "run"], ["train", "--resume", "run"]] {
      let result = try Command.run(arguments, in: workspace)
      #expect(result.status == 65 && result.errors.contains(path), "\(result)")
    }
  }

  @Test("a run is not continued with another model or other data")
  func changed() throws {
    let workspace = try Workspace()
    #expect(try Command.run(["train", "m.yaml", "--out", "run", "--max-steps", "2"], in: workspace).status == 0)
    let model = try Command.run(["train", "--resume", "run", "--set", "model.dim=8"], in: workspace)
    #expect(model.status == 64 && model.errors.contains("\n  fix: "), "\(model)")
    try workspace.writeRows("rows.csv", line: 3, "u1,i2,a,1.5,1")
    let data = try Command.run(["train", "--resume", "run"], in: workspace)
    #expect(data.status == 64 && data.errors.contains("\n  fix: "), "\(data)")
  }

  @Test("a result that cannot be written is an error", arguments: ["config m.yaml", "explain m.yaml", "schema"])
  func outputFull(_ command: String) throws {
    let result = try Command.shell("dmt \(command) > /dev/full", in: Workspace())
    expectFailure(result, status: 74, place: "standard output", says: ["No space left"])
  }

  @Test("a run folder that cannot be made is an error")
  func noFolder() throws {
    let workspace = try Workspace()
    try workspace.write("file", "")
    let result = try Command.run(["train", "m.yaml", "--out", "file/run"], in: workspace)
    #expect(result.status == 74 && result.errors.contains("file/run: error: "), "\(result)")
  }
}
