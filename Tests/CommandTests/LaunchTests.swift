import Foundation
import Testing

/// `dmt launch` with a launcher that does what mpirun does when a host cannot be reached.
@Suite(
  "Launching",
  .enabled(
    if: FileManager.default.fileExists(atPath: RankPlugins.folder + "/InterconnectMPI/plugin.json"),
    "bin/plugins has no InterconnectMPI: run make first"))
struct LaunchTests {
  /// An mpirun whose first start has a rank that fails, and never ends; later ones end at once.
  private static let launcher = """
    #!/bin/sh
    echo "$@" >> starts
    if [ ! -e run/run.json ]; then
      mkdir -p run/ranks
      echo '{}' > run/run.json
      echo '{"event":"end","step":3,"reason":"failed"}' > run/ranks/rank-1.jsonl
      sleep 600 & echo $! > child
      wait
    fi
    exit 0

    """

  private func launch(_ arguments: [String], in workspace: Workspace) throws -> Command.Result {
    try workspace.write("mpirun", Self.launcher)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: workspace.path + "/mpirun")
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return try Command.run(
      [
        "launch", "m.yaml", "--ranks", "1x2", "--interconnect", "mpi", "--out", "run", "--set",
        "interconnect.timeout=1",
      ]
        + ["--plugin", RankPlugins.folder] + arguments, in: workspace,
      environment: ["PATH": workspace.path + ":" + path])
  }

  private func isAlive(_ file: String, in workspace: Workspace) throws -> Bool {
    let process = try #require(
      Int32(String(decoding: try workspace.bytes(file), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)))
    guard kill(process, 0) == 0 else { return false }
    // One that has ended is there until somebody asks for its end.
    let state = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
    return !state.contains(") Z ")
  }

  @Test("an mpirun that does not end after a rank failed is ended with what it started, and the run goes on")
  func restarts() throws {
    let workspace = try Workspace()
    let result = try launch(["--max-restarts", "1"], in: workspace)
    #expect(result.status == 0, "\(result)")
    #expect(result.errors.contains("rank 1 failed, and mpirun did not end within"), "\(result)")
    #expect(result.errors.contains("restart 1 of 1"), "\(result)")
    #expect(try !isAlive("child", in: workspace))
    let starts = String(decoding: try workspace.bytes("starts"), as: UTF8.self).split(separator: "\n")
    #expect(starts.count == 2 && starts[1].contains("--resume"), "\(starts)")
  }

  @Test("without restarts it is an error that says what to look at")
  func fails() throws {
    let workspace = try Workspace()
    let result = try launch([], in: workspace)
    #expect(result.status == 75, "\(result)")
    #expect(result.errors.contains("a host cannot be reached") && result.errors.contains("\n  fix: "), "\(result)")
    #expect(try !isAlive("child", in: workspace))
  }
}
