import Foundation
import Testing

/// `dmt plugin trust`, `doctor` and `quarantine`, and what they mean for other commands.
@Suite("Trust, doctor and quarantine")
struct PluginTrustTests {
  private let workspace: Workspace
  private let library: String

  init() throws {
    workspace = try Workspace()
    library = try PluginTests.build("good", as: "good", in: workspace)
  }

  private func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Command.Result {
    try Command.run(arguments, in: workspace, environment: environment)
  }

  @Test("where only listed plugins run, one runs once it is listed, and no more when it is removed")
  func listed() throws {
    let check = ["check", "m.yaml", "--plugin", library, "--trust", "listed"]
    expectFailure(
      try Command.run(check, in: workspace), status: 69, place: "plugin good.so",
      says: ["is not trusted: its SHA-256", ".config/dmt/trust"])
    let added = try run("plugin", "trust", "add", library)
    #expect(added.status == 0 && added.output.hasPrefix("trusted: sha256 "), "\(added)")
    #expect(try Command.run(check, in: workspace).status == 0)
    let list = try run("plugin", "trust", "list", "--json", "--trust", "listed").json()
    #expect(list["policy"] as? String == "listed" && list["origin"] as? String == "--trust")
    #expect(try run("plugin", "trust", "remove", library).status == 0)
    #expect(try Command.run(check, in: workspace).status == 69)
    let again = try run("plugin", "trust", "remove", library)
    #expect(again.status == 66 && again.errors.contains("is not trusted in"), "\(again)")
  }

  @Test("the policy of the file holds until DMT_TRUST or --trust says otherwise")
  func policy() throws {
    #expect(try run("plugin", "trust", "policy").output == "any (the default)\n")
    #expect(try run("plugin", "trust", "policy", "signed").output.hasPrefix("signed ("))
    #expect(try run("check", "m.yaml", "--plugin", library).status == 69)
    #expect(try run("check", "m.yaml", "--plugin", library, environment: ["DMT_TRUST": "any"]).status == 0)
    #expect(try run("check", "m.yaml", "--plugin", library, "--trust", "any").status == 0)
    let wrong = try run("check", "m.yaml", environment: ["DMT_TRUST": "sined"])
    #expect(wrong.status == 64 && wrong.errors.contains("did you mean 'signed'?"), "\(wrong)")
  }

  @Test("a signer's key is added by its file and shown by minisign's name for it")
  func key() throws {
    let file = Command.repository + "/Tests/Fixtures/Trust/key.pub"
    #expect(try run("plugin", "trust", "add", file, "--name", "the vendor").status == 0)
    #expect(try run("plugin", "trust", "list").output.contains("key 303FA5F8B4519B76  the vendor"))
    #expect(try run("plugin", "trust", "remove", file).status == 0)
  }

  @Test("doctor's exit code says whether something is wrong, and its JSON what")
  func doctor() throws {
    let good = try run("plugin", "doctor", library)
    #expect(good.status == 0 && good.output.contains("nothing is wrong"), "\(good)")
    let needy = try PluginTests.build("needy", as: "needy", in: workspace)
    let bad = try run("plugin", "doctor", library, needy, "--json")
    #expect(bad.status == 69, "\(bad)")
    let all = try JSONSerialization.jsonObject(with: Data(bad.output.utf8)) as? [[String: Any]]
    let kinds = (all?.last?["findings"] as? [[String: Any]])?.compactMap { $0["kind"] as? String }
    #expect(kinds?.contains("undefined-symbol") == true, "\(bad)")
    let machine = try run("plugin", "doctor", "--plugin", needy)
    #expect(
      machine.status == 69 && machine.output.contains("glibc") && machine.output.contains("needy.so"), "\(machine)")
  }

  @Test("quarantine says what broke, when and where, and forgets it on request")
  func quarantine() throws {
    #expect(try run("plugin", "quarantine", "list").output == "nothing is quarantined\n")
    let hostile = try PluginTests.build("hostile", as: "hostile", ["HOW=7"], in: workspace)
    #expect(try run("plugin", "list", "--plugin", hostile).status == 0)
    let list = try run("plugin", "quarantine", "list")
    for words in ["/hostile.so", "crashed in initialize (SIGABRT)", "about to crash", "when    2"] {
      #expect(list.output.contains(words), "\(list)")
    }
    let other = try run("plugin", "quarantine", "clear", library)
    #expect(other.status == 66 && other.errors.contains("nothing is quarantined at"), "\(other)")
    #expect(try run("plugin", "quarantine", "clear").status == 64)
    let cleared = try run("plugin", "quarantine", "clear", hostile)
    #expect(cleared.status == 0 && cleared.output.contains("/hostile.so"), "\(cleared)")
    let left = try run("plugin", "quarantine", "list", "--json")
    #expect((try JSONSerialization.jsonObject(with: Data(left.output.utf8)) as? [Any])?.isEmpty == true, "\(left)")
  }

  @Test(
    "a program with more rights than its user looks at no place that the user chooses",
    .enabled(if: geteuid() == 0, "needs root, to make a program set-uid"))
  func setUID() throws {
    let folder = workspace.path + "/mine"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.moveItem(atPath: workspace.path + "/" + library, toPath: folder + "/" + library)
    let result = try Command.shell(
      """
      chmod 755 . && mkdir bin && cp "$DMT" bin/dmt && chown 0:0 bin/dmt && chmod 4755 bin/dmt
      export DMT_PLUGIN_PATH="$PWD/mine" DMT_TRUST=nonsense XDG_DATA_HOME="$PWD" XDG_CACHE_HOME="$PWD/cache"
      setpriv --reuid=1 --regid=1 --clear-groups -- "$PWD/bin/dmt" plugin list --json
      """, in: workspace)
    let places = try #require(try result.json()["searched"] as? [[String: Any]])
    #expect(
      Set(places.compactMap { $0["origin"] as? String }) == ["executable", "system"], "\(result)")
    #expect(!workspace.has("cache"))
    // The same program without the bit listens.
    let plain = try Command.shell(
      """
      chmod 755 bin/dmt && export DMT_PLUGIN_PATH="$PWD/mine"
      setpriv --reuid=1 --regid=1 --clear-groups -- "$PWD/bin/dmt" plugin list --json
      """, in: workspace)
    #expect(plain.output.contains("\(folder)"), "\(plain)")
  }
}
