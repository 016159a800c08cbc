import Foundation
import Testing

/// Runs that are stopped and continued end as those that were not.
@Suite("Interruptions")
struct InterruptionTests {
  /// Many short steps, with checkpoints now and then.
  private static func workspace() throws -> Workspace {
    let workspace = try Workspace()
    try workspace.writeManifest(
      "long.yaml", "epochs: 3\n  batch: 64\n  checkpoint_every: 2",
      """
      epochs: 60
        batch: 16
        checkpoint_every: 7
      """)
    return workspace
  }

  /// Waits until the run's log holds `steps` steps; false when the run ended before.
  private func wait(for steps: Int, of running: Running, in workspace: Workspace) throws -> Bool {
    while running.isRunning {
      if let log = try? workspace.bytes("run/log.jsonl"), log.count(where: { $0 == UInt8(ascii: "\n") }) > steps {
        return true
      }
      usleep(500)
    }
    return false
  }

  @Test("a run that was killed with signal 9 again and again and resumed has the same checkpoint, byte for byte")
  func killed() throws {
    let workspace = try Self.workspace()
    let whole = try Command.run(["train", "long.yaml", "--out", "whole"], in: workspace)
    #expect(whole.status == 0, "\(whole)")
    var arguments = ["train", "long.yaml", "--out", "run"]
    var kills = 0
    for attempt in 0..<6 {
      let running = try Command.start(arguments, in: workspace)
      // Each time some steps further, and at any moment of a step.
      let steps = 40 + attempt * 170 + Int.random(in: 0..<150)
      if try wait(for: steps, of: running, in: workspace) {
        usleep(UInt32.random(in: 0..<2000))
        running.send(SIGKILL)
        if try running.wait().status == -SIGKILL { kills += 1 }
      } else {
        _ = try running.wait()
      }
      if workspace.has("run/run.json") { arguments = ["train", "--resume", "run"] }
    }
    #expect(kills > 0, "no run was caught under way")
    let resumed = try Command.run(arguments, in: workspace)
    #expect(resumed.status == 0, "\(resumed)")
    #expect(try workspace.bytes("run/checkpoint.safetensors") == workspace.bytes("whole/checkpoint.safetensors"))
    let leftovers = try workspace.names("run").filter { $0.hasPrefix(".") }
    #expect(leftovers.isEmpty)
    // The log has every step once.
    let steps = try String(decoding: workspace.bytes("run/log.jsonl"), as: UTF8.self).split(separator: "\n")
      .compactMap { line -> Int? in
        let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return event?["event"] as? String == "step" ? event?["step"] as? Int : nil
      }
    #expect(steps == Array(1...(steps.last ?? 0)) && steps.last == 1200)
  }

  @Test(
    "Ctrl-C and SIGTERM write a checkpoint, exit with 130, and the run can be resumed", arguments: [SIGINT, SIGTERM])
  func interrupted(_ signal: Int32) throws {
    let workspace = try Self.workspace()
    #expect(try Command.run(["train", "long.yaml", "--out", "whole"], in: workspace).status == 0)
    let running = try Command.start(["train", "long.yaml", "--out", "run"], in: workspace)
    let isUnderWay = try wait(for: 25, of: running, in: workspace)
    try #require(isUnderWay, "the run ended before it could be interrupted")
    running.send(signal)
    let result = try running.wait()
    try #require(result.status == 130, "\(result)")
    #expect(result.output.contains("interrupted after "), "\(result)")
    #expect(workspace.has("run/checkpoint.safetensors"))
    let resumed = try Command.run(["train", "--resume", "run"], in: workspace)
    #expect(resumed.status == 0, "\(resumed)")
    #expect(try workspace.bytes("run/checkpoint.safetensors") == workspace.bytes("whole/checkpoint.safetensors"))
  }

  @Test("--max-steps stops a run, and --resume ends it as if it had not been stopped")
  func maxSteps() throws {
    let workspace = try Workspace()
    #expect(try Command.run(["train", "m.yaml", "--out", "whole"], in: workspace).status == 0)
    let stopped = try Command.run(["train", "m.yaml", "--out", "run", "--max-steps", "4"], in: workspace)
    #expect(stopped.status == 0 && stopped.output.contains("step-limit after 4 steps"), "\(stopped)")
    #expect(try Command.run(["train", "--resume", "run"], in: workspace).status == 0)
    #expect(try workspace.bytes("run/checkpoint.safetensors") == workspace.bytes("whole/checkpoint.safetensors"))
  }

  @Test("a second process on a run folder is refused and does no harm")
  func locked() throws {
    let workspace = try Self.workspace()
    let running = try Command.start(["train", "long.yaml", "--out", "run"], in: workspace)
    let isUnderWay = try wait(for: 12, of: running, in: workspace)
    try #require(isUnderWay)
    running.send(SIGSTOP)
    let second = try Command.run(["train", "--resume", "run"], in: workspace)
    running.send(SIGCONT)
    #expect(second.status == 64 && second.errors.contains("run/log.jsonl: error: "), "\(second)")
    #expect(try running.wait().status == 0)
  }
}
