import CDMTPlugin
import DMTBridge
import DMTCore
import DMTPluginHost
import Foundation
import Testing

@Suite("Finding and loading plugins")
struct RegistryTests {
  private let fixtures: PluginFixtures

  init() throws { fixtures = try PluginFixtures() }

  @Test("a C plugin is loaded and computes")
  func loads() throws {
    let folder = try fixtures.package("good", id: "com.example.loads")
    let registry = try PluginRegistry.load(try fixtures.options([folder], scansOnly: false))
    #expect(registry.candidates.map(\.status) == [.loaded])
    #expect(try registry.require("com.example.loads").version == "1.0.0")
    let operation = try #require(registry.operators["com.example.add-offset"])
    #expect(try operation.signature(inputs: [[Shape.batch, 3]], attributes: [:]).outputs == [[Shape.batch, 3]])
    let kernel = try operation.bind(
      KernelRequest(op: operation.name, inputs: [[3]], outputs: [[3]], attributes: ["offset": .double(0.5)]))
    let result = try RoundTrip.run(kernel, inputs: [[1, 2, 3]], outputs: [3], gradients: [[1, 1, 2]])
    #expect(result.outputs == [[1.5, 2.5, 3.5]] && result.inputGradients == [[1, 1, 2]])
    let error = #expect(throws: DMTError.self) { try operation.signature(inputs: [], attributes: [:]) }
    #expect(error?.code == .shapeMismatch && error?.message == "add-offset takes one input")
  }

  @Test("of two plugins with one id the first in search order is taken, and the other says why not")
  func duplicates() throws {
    _ = try fixtures.package("all/b-second", id: "com.example.twin", version: "2.0.0")
    _ = try fixtures.package("all/a-first", id: "com.example.twin", version: "1.0.0")
    let registry = try PluginRegistry.load(try fixtures.options([fixtures.folder + "/all"]))
    #expect(registry.candidates.map(\.status) == [.loaded, .shadowed])
    #expect(registry.candidates.map(\.version) == ["1.0.0", "2.0.0"])
    #expect(registry.candidates[1].reason?.contains("/all/a-first (explicit) has the same id") == true)
    let text = PluginListing(registry).text(why: true)
    #expect(text.contains("com.example.twin: shadowed") && text.contains("/all/a-first (explicit) has the same id"))
  }

  @Test("the order is explicit, environment, executable, user, system; a privileged process ignores its environment")
  func searchOrder() {
    let environment = ["DMT_PLUGIN_PATH": "/one:/two", "HOME": "/home/u"]
    let path = PluginSearchPath(
      explicit: ["/given"], environment: environment, executable: "/opt/bin/dmt", isPrivileged: false)
    #expect(
      path.places.map(\.path) == [
        "/given", "/one", "/two", "/opt/bin/plugins", "/opt/lib/dmt/plugins", "/home/u/.local/share/dmt/plugins",
        "/usr/local/lib/dmt/plugins", "/usr/lib/dmt/plugins",
      ])
    let data = PluginSearchPath(
      environment: ["XDG_DATA_HOME": "/data", "HOME": "/h"], executable: "/b/dmt", isPrivileged: false)
    #expect(data.places.contains { $0.path == "/data/dmt/plugins" && $0.origin == .user })
    let privileged = PluginSearchPath(environment: environment, executable: "/opt/bin/dmt", isPrivileged: true)
    #expect(
      privileged.places.map(\.path) == [
        "/opt/bin/plugins", "/opt/lib/dmt/plugins", "/usr/local/lib/dmt/plugins", "/usr/lib/dmt/plugins",
      ])
    let installed = PluginSearchPath(environment: [:], executable: "/usr/bin/dmt", isPrivileged: false)
    #expect(
      installed.places.map(\.path) == ["/usr/bin/plugins", "/usr/lib/dmt/plugins", "/usr/local/lib/dmt/plugins"])
  }

  @Test("sidecars that cannot be used are refused, each with its reason")
  func sidecars() throws {
    func reason(_ name: String, _ extra: [String: Any]) throws -> String {
      let folder = try fixtures.package(name, id: "com.example.sidecar", extra: extra)
      let candidate = try #require(try PluginRegistry.load(try fixtures.options([folder])).candidates.first)
      return candidate.status == .refused ? candidate.reason ?? "" : "\(candidate.status)"
    }
    #expect(try reason("escape", ["library": "../escape/libplugin.so"]).contains("leaves the plugin's folder"))
    #expect(try reason("absolute", ["library": "/etc/passwd"]).contains("leaves the plugin's folder"))
    #expect(try reason("absent", ["library": "nothing.so"]).contains("there is no"))
    #expect(try reason("hash", ["sha256": "00ff"]).contains("its sidecar states sha256 '00ff'"))
    #expect(
      try reason("major", ["abi": ["major": 4, "minor": 0]]).contains("contract 4.0, this host has contract 1.0"))
    #expect(try reason("minor", ["min_host_minor": 11]).contains("1.11 or newer"))
    #expect(
      try reason("version", ["version": "7.0.0"]).contains("sidecar says version '7.0.0', its library says '1.0.0'"))
    #expect(try reason("field", ["id": NSNull()]).contains("lacks 'id'"))
    #expect(try reason("type", ["kinds": 3]).contains("'kinds' of another type"))
    #expect(
      try reason("isa", ["library": NSNull(), "variants": [["isa": "z80", "library": "libplugin.so"]]]).contains(
        "'z80'"))

    let link = try fixtures.package("link", id: "com.example.sidecar", extra: ["library": "outside.so"])
    try FileManager.default.createSymbolicLink(atPath: link + "/outside.so", withDestinationPath: "/bin/true")
    let candidate = try #require(try PluginRegistry.load(try fixtures.options([link])).candidates.first)
    #expect(candidate.reason?.contains("lies outside the plugin's folder") == true)

    let short = try fixtures.package(
      "short", id: "com.example.short", extra: ["abi": "1.0", "min_host_minor": NSNull()])
    #expect(try PluginRegistry.load(try fixtures.options([short])).candidates.first?.status == .loaded)
    #expect(try reason("text", ["abi": "nine"]).contains("'abi' that cannot be read"))

    let broken = fixtures.folder + "/broken"
    try FileManager.default.createDirectory(atPath: broken, withIntermediateDirectories: true)
    try Data("{ not json".utf8).write(to: URL(filePath: broken + "/plugin.json"))
    let noJSON = try #require(try PluginRegistry.load(try fixtures.options([broken])).candidates.first)
    #expect(noJSON.reason?.contains("is no JSON") == true)
  }

  @Test("a missing library's package is named by the sidecar")
  func requirements() throws {
    let folder = try fixtures.package(
      "needs", id: "com.example.needs", extra: ["requires": ["debian": ["libq6"], "debian_build": ["libq-dev"]]])
    var bytes = try Data(contentsOf: URL(filePath: folder + "/libplugin.so"))
    bytes.replaceSubrange(try #require(bytes.range(of: Data("libc.so.6".utf8))), with: Data("libQ.so.6".utf8))
    try bytes.write(to: URL(filePath: folder + "/libplugin.so"))
    let candidate = try #require(try PluginRegistry.load(try fixtures.options([folder])).candidates.first)
    #expect(candidate.status == .refused && candidate.remedy == "apt-get install libq6")
    #expect(candidate.reason?.contains("libQ.so.6: cannot open shared object file") == true)
    // Not scanned again: the library is still not there. ScanCacheTests installs one.
    #expect(try PluginRegistry.load(try fixtures.options([folder])).candidates.first?.isFromCache == true)
  }

  @Test("Swift code of another compiler may not share the host's runtime")
  func compilers() {
    let own = "Swift 6.3.1 (Clang 21 abc)"
    #expect(Toolchain.mayShareRuntime("Swift 6.3.1 (Clang 21 abc)", with: own))
    #expect(Toolchain.mayShareRuntime("Swift 6.3", with: own))
    #expect(!Toolchain.mayShareRuntime("Swift 6.3.1 (Clang 21 def)", with: own))
    #expect(!Toolchain.mayShareRuntime("Swift 6.2.4", with: own))
    #expect(Toolchain.mayShareRuntime("gcc 12", with: own))
    #expect(Toolchain.mayShareRuntime(Toolchain.compiler))
  }

  @Test("the best variant that the CPU can run is chosen")
  func variants() throws {
    let folder = try fixtures.package(
      "variants", id: "com.example.variants",
      extra: [
        "library": NSNull(),
        "variants": [
          ["isa": "x86-64-v1", "library": "libplugin.so"], ["isa": "x86-64-v2", "library": "v2.so"],
          ["isa": "x86-64-v3", "library": "v3.so"], ["isa": "x86-64-v4", "library": "v4.so"],
          ["isa": "aarch64", "library": "libplugin.so"],
        ],
      ])
    let sidecar = try PluginSidecar(path: folder + "/plugin.json")
    for (level, file) in [(0, "libplugin.so"), (1, "libplugin.so"), (2, "v2.so"), (3, "v3.so"), (4, "v4.so")] {
      var cpu = dmt_cpu()
      cpu.isa_level = Int32(level)
      #expect(try sidecar.library(for: cpu).file == file)
    }
  }

  @Test("a plugin that is asked for and missing is an error with the nearest id and the places searched")
  func missing() throws {
    let folder = try fixtures.package("near", id: "com.example.near")
    let registry = try PluginRegistry.load(try fixtures.options([folder, fixtures.folder + "/nothing"]))
    let near = #expect(throws: DMTError.self) { try registry.require("com.example.neat") }
    #expect(near?.code == .notFound && near?.remedy == "did you mean 'com.example.near'?")
    let path = #expect(throws: DMTError.self) { try registry.require(fixtures.folder + "/nothing") }
    #expect(path?.message.contains("there is no file or folder") == true)
  }

  @Test("a listing's JSON has every candidate with its reason")
  func listing() throws {
    let good = try fixtures.package("good", id: "com.example.listing")
    let bad = try fixtures.build(.badMagic)
    let registry = try PluginRegistry.load(try fixtures.options([good, bad]))
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(try PluginListing(registry).json().utf8)) as? [String: Any])
    let plugins = try #require(json["plugins"] as? [[String: Any]])
    #expect(plugins.map { $0["status"] as? String } == ["loaded", "refused"])
    #expect((plugins[1]["reason"] as? String)?.contains("this is no dmt plugin") == true)
    #expect(PluginListing(registry).text().contains("1 not taken"))
  }

  @Test("an inspection tells headers, hash and schemas without loading")
  func inspection() throws {
    let folder = try fixtures.package("good", id: "com.example.inspected")
    let inspection = try PluginInspection(path: folder, scanner: try PluginFixtures.scanner())
    #expect(inspection.headers?.needed.contains("libc.so.6") == true)
    #expect(inspection.headers?.exports == ["dmt_plugin_entry"])
    #expect(inspection.sha256.count == 64 && inspection.sidecar?.id == "com.example.inspected")
    #expect(inspection.text.contains("offset (double, default 1.0): What is added."))
    let hidden = try PluginInspection(path: try fixtures.build("no-entry"), scanner: try PluginFixtures.scanner())
    #expect(hidden.scan.status == .refused && hidden.headers?.exports == [])
  }
}
