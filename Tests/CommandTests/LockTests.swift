import Foundation
import Testing

@Suite("lock")
struct LockTests {
  @Test("a lock holds plugins and operators, and the same ones may train, evaluate and go on")
  func locked() throws {
    let workspace = try Workspace()
    try workspace.buildBackend("plain")
    let options = ["--plugin", "plain.so", "--backend", "plain"]
    let written = try Command.run(["lock", "m.yaml"] + options, in: workspace)
    #expect(written.status == 0 && written.output.hasPrefix("wrote m.lock: 1 plugin, "), "\(written)")
    let lock = try #require(try JSONSerialization.jsonObject(with: workspace.bytes("m.lock")) as? [String: Any])
    let plugin = try #require((lock["plugins"] as? [[String: Any]])?.first)
    #expect(plugin["id"] as? String == "com.example.plain" && (plugin["sha256"] as? String)?.count == 64)
    #expect(plugin["uses"] as? [String] == ["backend plain"])
    let operators = try #require(lock["operators"] as? [String: Int])
    #expect(operators["linear"] == 1 && operators["embedding_bag"] == 1 && operators["cross"] == 1)
    let trained = try Command.run(
      ["train", "--locked", "m.yaml", "--out", "run", "--max-steps", "2"] + options, in: workspace)
    #expect(trained.status == 0, "\(trained)")
    #expect(try workspace.bytes("run/manifest.lock") == workspace.bytes("m.lock"))
    #expect(try Command.run(["eval", "run", "--locked"] + options, in: workspace).status == 0)
    #expect(try Command.run(["train", "--locked", "--resume", "run"] + options, in: workspace).status == 0)
  }

  @Test("another build, another backend and a missing lock are refused, with what was locked and what was found")
  func refused() throws {
    let workspace = try Workspace()
    try workspace.buildBackend("plain")
    let options = ["--plugin", "plain.so", "--backend", "plain"]
    let none = try Command.run(["train", "--locked", "m.yaml", "--out", "run"] + options, in: workspace)
    #expect(none.status == 66 && none.errors.contains("m.lock") && none.errors.contains("dmt lock"), "\(none)")
    #expect(try Command.run(["lock", "m.yaml"] + options, in: workspace).status == 0)
    let elsewhere = try Command.run(["train", "--locked", "m.yaml", "--out", "run"], in: workspace)
    #expect(
      elsewhere.status == 69
        && elsewhere.errors.contains("backend plain: locked com.example.plain 1.0.0 (")
        && elsewhere.errors.contains("found nothing that uses it"), "\(elsewhere)")
    try workspace.buildBackend("plain", version: "1.0.1")
    let updated = try Command.run(["train", "--locked", "m.yaml", "--out", "run"] + options, in: workspace)
    #expect(updated.status == 69 && updated.errors.contains("`dmt lock m.yaml`"), "\(updated)")
    for text in ["locked com.example.plain 1.0.0 (", "found com.example.plain 1.0.1 ("] {
      #expect(updated.errors.contains(text), "\(updated)")
    }
    #expect(!workspace.has("run"))
    #expect(try Command.run(["lock", "m.yaml"] + options, in: workspace).status == 0)
    let accepted = try Command.run(
      ["train", "--locked", "m.yaml", "--out", "run", "--max-steps", "1"] + options, in: workspace)
    #expect(accepted.status == 0, "\(accepted)")
  }

  @Test("an operator of another revision than the locked one is refused")
  func operators() throws {
    let workspace = try Workspace()
    #expect(try Command.run(["lock", "m.yaml"], in: workspace).status == 0)
    let text = String(decoding: try workspace.bytes("m.lock"), as: UTF8.self)
    try workspace.write("m.lock", text.replacing("\"cross\" : 1", with: "\"cross\" : 2"))
    let result = try Command.run(["train", "--locked", "m.yaml", "--out", "run"], in: workspace)
    #expect(
      result.status == 69 && result.errors.contains("operator cross: locked revision 2, found revision 1"), "\(result)")
  }

  @Test("--out - prints the lock")
  func printed() throws {
    let workspace = try Workspace()
    let result = try Command.run(["lock", "m.yaml", "--out", "-"], in: workspace)
    let operators = try result.json()["operators"] as? [String: Any]
    #expect(result.status == 0 && operators?.isEmpty == false && !workspace.has("m.lock"))
  }
}
