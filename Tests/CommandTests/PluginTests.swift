import Foundation
import Testing

/// Plugins that cannot be used, given with --plugin, found by chance, or named in a manifest.
@Suite("Bad plugins")
struct PluginTests {
  /// Compiles a plugin of Tests/Fixtures/Plugins into the workspace.
  @discardableResult
  static func build(_ source: String, as name: String, _ defines: [String] = [], in workspace: Workspace) throws
    -> String
  {
    let include = "\(Command.repository)/Sources/CDMTPlugin/include"
    let flags = defines.map { "'-D\($0)'" }.joined(separator: " ")
    let result = try Command.shell(
      "$(command -v cc || command -v clang) -std=gnu11 -shared -fPIC -fvisibility=hidden -I '\(include)' \(flags) "
        + "-o \(name).so '\(Command.repository)/Tests/Fixtures/Plugins/\(source).c'", in: workspace)
    try #require(result.status == 0, "\(result)")
    return name + ".so"
  }

  @Test("a plugin that is not there is an error that names it")
  func missing() throws {
    let result = try Command.run(["check", "m.yaml", "--plugin", "none.so"], in: Workspace())
    expectFailure(result, status: 69, place: "plugin none.so", says: ["there is no file or folder none.so"])
    #expect(result.errors.components(separatedBy: "none.so: error").count == 2, "said once: \(result)")
  }

  @Test("a file that is no library is refused, whatever it holds", arguments: ["", "hello", "\u{7F}ELF"])
  func notALibrary(_ contents: String) throws {
    let workspace = try Workspace()
    try workspace.write("text.so", contents)
    let result = try Command.run(["check", "m.yaml", "--plugin", "text.so"], in: workspace)
    #expect(result.status == 69 && result.errors.contains("text.so") && result.errors.contains("ELF"), "\(result)")
    #expect(result.output.isEmpty, "\(result)")
  }

  @Test("another major version of the contract is refused with both versions")
  func wrongMajor() throws {
    let workspace = try Workspace()
    let library = try Self.build("versions", as: "future", ["MAJOR=7"], in: workspace)
    let result = try Command.run(["check", "m.yaml", "--plugin", library], in: workspace)
    #expect(result.status == 69 && result.errors.contains("7.") && result.errors.contains("1.0"), "\(result)")
  }

  @Test(
    "a plugin that crashes or hangs when it is looked at is quarantined with the reason, and dmt goes on",
    arguments: [
      (1, "crash"), (2, "hang"),
    ])
  func hostile(_ how: Int, _ name: String) throws {
    let workspace = try Workspace()
    let library = try Self.build("hostile", as: name, ["HOW=\(how)"], in: workspace)
    let result = try Command.run(["check", "m.yaml", "--plugin", library], in: workspace)
    #expect(result.status == 69 && result.errors.contains(library), "\(result)")
    let listing = try Command.run(["plugin", "list", "--why", "--plugin", library], in: workspace)
    #expect(listing.status == 0 && listing.output.contains("quarantined"), "\(listing)")
    #expect(
      listing.output.contains(how == 1 ? "SIGSEGV" : "did not finish entry"), "\(listing)")
    // Found by chance it stops nothing.
    let folder = workspace.path + "/found"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.moveItem(atPath: workspace.path + "/" + library, toPath: folder + "/" + library)
    let good = try Command.run(["check", "m.yaml"], in: workspace, environment: ["DMT_PLUGIN_PATH": folder])
    #expect(good.status == 0, "\(good)")
  }

  @Test("a manifest's plugin that is not here is an error with the nearest id")
  func required() throws {
    let workspace = try Workspace()
    let result = try Command.run(["check", "m.yaml", "--set", "plugins=[org.none.such]"], in: workspace)
    #expect(result.status == 66 || result.status == 78, "\(result)")
    #expect(result.errors.contains("org.none.such") && result.errors.contains("\n  fix: "), "\(result)")
    try workspace.write("text.so", "hello")
    let file = try Command.run(["check", "m.yaml", "--set", "plugins=[./text.so]"], in: workspace)
    #expect(file.status == 69 && file.errors.contains("ELF"), "\(file)")
  }

  @Test("plugin list and inspect print JSON")
  func json() throws {
    let workspace = try Workspace()
    let library = try Self.build("good", as: "good", in: workspace)
    let listing = try Command.run(["plugin", "list", "--json", "--plugin", library], in: workspace)
    #expect(listing.status == 0 && listing.output.contains("good.so"), "\(listing)")
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(listing.output.utf8)) }
    let inspection = try Command.run(["plugin", "inspect", library, "--json"], in: workspace)
    #expect(try inspection.json()["sha256"] is String, "\(inspection)")
    try workspace.write("text.so", "hello")
    let text = try Command.run(["plugin", "inspect", "text.so"], in: workspace)
    #expect(text.status == 69 && text.output.contains("not an ELF file"), "\(text)")
  }
}
