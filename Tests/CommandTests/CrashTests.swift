import Foundation
import Testing

/// Plugins that crash while they run: a trap cannot be caught, only told.
@Suite("Crashes of plugins")
struct CrashTests {
  /// How Tests/Fixtures/Plugins/trapping.c crashes.
  enum Place: Int, CaseIterable {
    case nowhere, bind, forward, backward, body, stack, ownThread, aborting
  }

  private static func plugin(_ place: Place, after: Int = 1, in workspace: Workspace) throws -> String {
    try PluginTests.build(
      "trapping", as: "trap-\(place)", ["WHERE=\(place.rawValue)", "AFTER=\(after)"], in: workspace)
  }

  private static func train(_ plugin: String) -> [String] {
    ["train", "m.yaml", "--out", "run", "--backend", "trapping", "--plugin", plugin, "--threads", "2"]
  }

  @Test(
    "the report names plugin, component, phase, node, signal and library, and the exit code is a failed plugin's",
    arguments: [
      (Place.bind, "bind", "SIGSEGV at address 0x10"), (.forward, "forward", "SIGSEGV at address 0x10"),
      (.backward, "backward", "SIGSEGV at address 0x10"), (.body, "forward", "SIGSEGV at address 0x10"),
      (.stack, "forward", "SIGSEGV at address 0x"), (.aborting, "forward", "SIGABRT"),
    ])
  func report(_ place: Place, _ phase: String, _ signal: String) throws {
    let workspace = try Workspace()
    let library = try Self.plugin(place, in: workspace)
    let result = try Command.run(Self.train(library), in: workspace)
    #expect(result.status == 70, "\(result)")
    let expected = "plugin com.example.trapping/trapping (\(phase)): error: the plugin crashed (\(signal)"
    #expect(result.errors.contains("node ") && result.errors.contains(expected), "\(result)")
    // abort is in the C library, whoever calls it.
    if place != .aborting { #expect(result.errors.contains("in \(library)+0x"), "\(result)") }
    #expect(result.errors.contains("\n  fix: "), "\(result)")
  }

  @Test("a crash on a thread that dmt did not start is told with what ran meanwhile")
  func ownThread() throws {
    let workspace = try Workspace()
    let library = try Self.plugin(.ownThread, in: workspace)
    let result = try Command.run(Self.train(library), in: workspace)
    #expect(result.status == 70, "\(result)")
    #expect(
      result.errors.contains("trapping (forward): error: a thread that dmt did not start crashed meanwhile (SIGSEGV"),
      "\(result)")
    #expect(result.errors.contains("in \(library)+0x"), "\(result)")
  }

  @Test("after a crash the last checkpoint is whole, and the run goes on from it with a mended plugin")
  func checkpoint() throws {
    let workspace = try Workspace()
    let crashing = try Self.plugin(.forward, after: 40, in: workspace)
    let crashed = try Command.run(Self.train(crashing), in: workspace)
    #expect(crashed.status == 70, "\(crashed)")
    #expect(
      crashed.errors.contains("the last checkpoint in run, if there is one, is whole: --resume run goes on from it"),
      "\(crashed)")
    #expect(workspace.has("run/checkpoint.safetensors"))
    let mended = try Self.plugin(.nowhere, in: workspace)
    let resumed = try Command.run(
      ["train", "--resume", "run", "--backend", "trapping", "--plugin", mended], in: workspace)
    #expect(resumed.status == 0, "\(resumed)")
  }

  @Test("a signal that another process sends is no crash of a plugin")
  func sent() throws {
    let workspace = try Workspace()
    try workspace.writeManifest("long.yaml", "epochs: 3\n  batch: 64", "epochs: 4000\n  batch: 64")
    let library = try Self.plugin(.nowhere, in: workspace)
    var arguments = Self.train(library)
    arguments[1] = "long.yaml"
    let running = try Command.start(arguments, in: workspace, environment: ["SWIFT_BACKTRACE": "enable=no"])
    while running.isRunning, !workspace.has("run/checkpoint.safetensors") { usleep(1000) }
    running.send(SIGSEGV)
    let result = try running.wait()
    #expect(result.status == -SIGSEGV, "\(result)")
    #expect(!result.errors.contains("the plugin crashed"), "\(result)")
  }
}
