import Foundation
import Testing

@Suite("Help")
struct HelpTests {
  static let commands: [[String]] = [
    [], ["train"], ["eval"], ["predict"], ["explain"], ["check"], ["config"], ["schema"], ["op"], ["op", "verify"],
    ["plugin"], ["plugin", "list"], ["plugin", "inspect"], ["plugin", "doctor"], ["plugin", "quarantine"],
    ["plugin", "quarantine", "list"], ["plugin", "quarantine", "clear"], ["plugin", "trust"],
    ["plugin", "trust", "list"], ["plugin", "trust", "add"], ["plugin", "trust", "remove"],
    ["plugin", "trust", "policy"],
    ["bench"], ["bench", "step"], ["bench", "abi"], ["bench", "multi-host"],
    ["partition"], ["compare"], ["launch"], ["verify"],
  ]

  @Test("every command's help has what it does, its usage and examples of itself", arguments: commands)
  func help(_ command: [String]) throws {
    let result = try Command.run(command + ["--help"], in: Workspace())
    #expect(result.status == 0, "\(result)")
    #expect(result.output.hasPrefix("OVERVIEW: ") && result.output.contains("USAGE: "), "\(result)")
    let example = (["  dmt"] + command).joined(separator: " ")
    let examples = result.output.components(separatedBy: "EXAMPLES\n").dropFirst().joined()
    #expect(examples.contains(example), "\(result)")
    #expect(result.lines.allSatisfy { $0.count <= 132 || $0.hasPrefix("USAGE: ") }, "\(result)")
  }

  @Test("the list of commands in the tests is that of the program")
  func complete() throws {
    let workspace = try Workspace()
    var pending: [[String]] = [[]]
    var found: [[String]] = []
    while let command = pending.popLast() {
      let help = try Command.run(command + ["--help"], in: workspace).output
      let parts = help.components(separatedBy: "SUBCOMMANDS:\n")
      if parts.count == 2 {
        for line in parts[1].split(separator: "\n")
        where line.hasPrefix("  ") && !line.hasPrefix("   ") && !line.hasPrefix("  See ") {
          if let name = line.split(separator: " ").first { pending.append(command + [String(name)]) }
        }
      }
      found.append(command)
    }
    #expect(Set(found) == Set(Self.commands))
  }

  @Test(
    "wrong use is exit code 64 and names what is wrong",
    arguments: [
      (["trian", "m.yaml"], "trian"), (["train"], "name a manifest"), (["train", "m.yaml", "--sede", "1"], "--sede"),
      (["train", "m.yaml", "--seed", "many"], "many"), (["train", "m.yaml", "--resume", "r"], "--resume"),
      (["train", "--resume", "r", "--seed", "1"], "--resume"),
      (["train", "m.yaml", "--max-steps", "0"], "--max-steps is 0"),
      (["eval"], "folder"), (["explain", "m.yaml", "--threads", "0"], "--threads is 0"),
      (["explain", "m.yaml", "--only", "reference", "--backend", "reference"], "exclude each other"),
      (["bench", "step", "--batch", "0"], "at least 1"),
    ])
  func wrongUse(_ arguments: [String], _ names: String) throws {
    let result = try Command.run(arguments, in: Workspace())
    #expect(result.status == 64 && result.errors.contains(names) && result.output.isEmpty, "\(result)")
  }

  @Test("--version is a version alone")
  func version() throws {
    let result = try Command.run(["--version"], in: Workspace())
    #expect(result.status == 0 && result.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil, "\(result)")
  }

  @Test(
    "a reader that goes away ends nothing in a crash",
    arguments: [
      "dmt config m.yaml", "dmt --help", "dmt schema", "dmt predict run --input rows.csv", "dmt explain m.yaml --json",
    ])
  func closedPipe(_ command: String) throws {
    let workspace = try Workspace()
    #expect(try Command.run(["train", "m.yaml", "--out", "run", "--max-steps", "1"], in: workspace).status == 0)
    let result = try Command.shell("\(command) | head -1; echo ${PIPESTATUS[0]}", in: workspace)
    let code = result.lines.last.flatMap { Int32($0) } ?? -1
    // 141: ended by SIGPIPE, as any filter is.
    #expect([0, 74, 141].contains(code) && !result.errors.contains("Fatal"), "\(result)")
  }
}
