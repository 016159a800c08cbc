import Foundation
import Testing

/// What `dmt plugin new` writes and refuses. That the packages build is the matter of Tests/Install.
@Suite("New plugins")
struct PluginNewTests {
  static let kinds = [
    "backend", "interconnect", "module", "operator", "optimizer", "partitioner", "reader", "sharding",
  ]

  @Test("a package of every kind is whole: nothing is left to fill in, its sidecar says who it is", arguments: kinds)
  func complete(_ kind: String) throws {
    for language in ["c", "cpp", "swift"] {
      let workspace = try Workspace()
      let result = try Command.run(
        ["plugin", "new", kind, "gated-sum", "--lang", language, "--id", "org.test.gated-sum", "--json"], in: workspace)
      #expect(result.status == 0, "\(result)")
      let written = try result.json()
      let files = try #require(written["files"] as? [String])
      for file in ["Makefile", "README.md", ".gitignore", ".github/workflows/ci.yml", "exports.map", "plugin.json"]
        + ["tests/test.c", "tests/contract.h"]
      {
        #expect(files.contains(file), "\(file) among \(files)")
      }
      for file in files {
        let text = String(decoding: try workspace.bytes("gated-sum/\(file)"), as: UTF8.self)
        #expect(text.firstMatch(of: /@[A-Z_]{3,}@/) == nil, "\(language) \(file)")
        #expect(!text.isEmpty && text.hasSuffix("\n"), "\(language) \(file)")
      }
      let sidecar = try #require(
        try JSONSerialization.jsonObject(with: try workspace.bytes("gated-sum/plugin.json")) as? [String: Any])
      #expect(sidecar["id"] as? String == "org.test.gated-sum" && sidecar["kinds"] as? [String] == [kind])
      #expect(sidecar["library"] as? String == "gated-sum.so")
      #expect(written["library"] as? String == "gated-sum/gated-sum.so")
    }
  }

  @Test("it says what to do next, and writes into the folder that is named")
  func into() throws {
    let workspace = try Workspace()
    let result = try Command.run(
      ["plugin", "new", "operator", "swish", "--lang", "c", "--into", "a/b"], in: workspace)
    #expect(result.status == 0 && result.output.contains("a/b/swish"), "\(result)")
    #expect(result.errors.contains("next: make -C a/b/swish"), "\(result)")
    #expect(try workspace.names("a/b") == ["swish"])
  }

  @Test("what is there already is left alone")
  func taken() throws {
    let workspace = try Workspace()
    try workspace.write("swish", "mine")
    let result = try Command.run(["plugin", "new", "operator", "swish", "--lang", "c"], in: workspace)
    expectFailure(result, status: 64, place: "swish", says: ["swish is there already", "nothing was written"])
    #expect(String(decoding: try workspace.bytes("swish"), as: UTF8.self) == "mine")
  }

  @Test(
    "a name or an id of other characters is refused with those that it may have",
    arguments: [
      ["Swish"], ["1st"], ["swish_2"], ["a/b"], ["-swish-"], ["swish-"], ["a--b"], [""], ["ünder"], ["dmt"],
      [String(repeating: "a", count: 65)], ["swish", "--id", "swish"], ["swish", "--id", "com..swish"],
      ["swish", "--id", "com.Example.swish"], ["swish", "--id", "dmt.swish"],
    ])
  func names(_ arguments: [String]) throws {
    let workspace = try Workspace()
    let result = try Command.run(
      ["plugin", "new", "--lang", "c", "operator"] + Array(arguments.dropFirst()) + ["--", arguments[0]], in: workspace)
    #expect(result.status == 64 && result.errors.contains("\n  fix: take"), "\(result)")
    #expect(result.errors.contains("small letters"), "\(result)")
    #expect(!workspace.has("swish"))
  }

  @Test(
    "a kind or a language that is not there is wrong use", arguments: [["opertor", "c"], ["operator", "fortran"]])
  func unknown(_ words: [String]) throws {
    let result = try Command.run(["plugin", "new", words[0], "swish", "--lang", words[1]], in: Workspace())
    #expect(result.status == 64 && result.output.isEmpty, "\(result)")
    #expect(result.errors.contains(words[0] == "operator" ? "fortran" : "opertor"), "\(result)")
  }

  @Test("the manual has a page for every command, and every page its examples")
  func manual() throws {
    let workspace = try Workspace()
    #expect(try Command.run(["manual", "--into", "man"], in: workspace).status == 0)
    for command in HelpTests.commands {
      let page = "man/" + (["dmt"] + command).joined(separator: "-") + ".1"
      try #require(workspace.has(page), "\(page)")
      let text = String(decoding: try workspace.bytes(page), as: UTF8.self)
      #expect(text.hasPrefix(".TH \"DMT") && text.contains("\n.SH EXAMPLES\n"), "\(page)")
    }
    #expect(try workspace.names("man").count == HelpTests.commands.count)
  }
}
