import DMTCore
import DMTPluginHost
import Foundation
import Testing

@Suite("What is checked is what is loaded")
struct IntegrityTests {
  private let fixtures: PluginFixtures

  init() throws { fixtures = try PluginFixtures() }

  private func load(
    _ path: String, scanner: PluginScanner? = nil, policy: TrustPolicy = TrustPolicy(), loads: Bool = false
  ) throws -> PluginRegistry {
    var options = try fixtures.options([path], scansOnly: !loads)
    options.trust = policy
    if let scanner { options.scanner = scanner }
    return try PluginRegistry.load(options)
  }

  private func only(_ path: String, policy: TrustPolicy = TrustPolicy()) throws -> PluginCandidate {
    try #require(try load(path, policy: policy).candidates.first)
  }

  private func listing(_ libraries: String...) throws -> TrustPolicy {
    var file = try TrustFile(path: fixtures.folder + "/trust")
    for library in libraries { file.add(TrustFile.Hash(sha256: try PluginFile.sha256(of: library), name: "")) }
    return TrustPolicy(.listed, files: [file])
  }

  @Test("another library under the same name, put there while it is looked at, is not loaded")
  func replaced() throws {
    let folder = try fixtures.package("plugin", id: "com.example.replaced")
    let other = try fixtures.build("good", as: "other", ["FIXTURE_ID=\"com.example.intruder\""])
    let scanner = try fixtures.scanner(before: "cp '\(other)' '\(other).copy' && mv '\(other).copy' \"$LIBRARY\"")
    let registry = try load(folder, scanner: scanner, loads: true)
    #expect(registry.plugins.map(\.id) == ["com.example.replaced"])
    #expect(try PluginFile.sha256(of: folder + "/libplugin.so") == PluginFile.sha256(of: other))
  }

  @Test("where only listed plugins run, not even writing into the file changes what is loaded")
  func overwritten() throws {
    let folder = try fixtures.package("plugin", id: "com.example.overwritten")
    let library = folder + "/libplugin.so"
    let policy = try listing(library)
    let scanner = try fixtures.scanner(before: "head -c 20000 /dev/zero > \"$LIBRARY\"")
    let registry = try load(folder, scanner: scanner, policy: policy, loads: true)
    #expect(registry.plugins.map(\.id) == ["com.example.overwritten"])
    #expect(try Data(contentsOf: URL(filePath: library)).prefix(4) == Data([0, 0, 0, 0]))
  }

  @Test("many plugins are each their own file, whatever numbers their descriptors get")
  func numbers() throws {
    for round in 0..<4 {
      let id = "com.example.number\(round)"
      let folder = try fixtures.package("plugin\(round)", id: id)
      // One that fails after it was opened gives its number back, if anything does.
      _ = try load(try fixtures.build("versions", as: "bad\(round)", ["MAJOR=7"]))
      #expect(try load(folder, loads: true).plugins.map(\.id) == [id])
    }
  }

  @Test("a sidecar's hash is compared, and both are told")
  func hash() throws {
    let folder = try fixtures.package("plugin", id: "com.example.hashed")
    let hash = try PluginFile.sha256(of: folder + "/libplugin.so")
    try fixtures.sidecar("plugin", id: "com.example.hashed", extra: ["sha256": hash.uppercased()])
    #expect(try only(folder).status == .loaded)
    let wrong = String(repeating: "0", count: 64)
    try fixtures.sidecar("plugin", id: "com.example.hashed", extra: ["sha256": wrong])
    let candidate = try only(folder)
    #expect(candidate.status == .refused && candidate.remedy?.contains("install the plugin again") == true)
    for words in [hash, wrong, folder + "/libplugin.so"] { #expect(candidate.reason?.contains(words) == true) }
    try fixtures.sidecar("plugin", id: "com.example.hashed", extra: ["sha256": "12"])
    #expect(try only(folder).reason?.contains("expected 64 hexadecimal digits") == true)
  }

  // MARK: Permissions

  @Test("a file or folder that everybody can write is refused with the chmod that helps")
  func writable() throws {
    let folder = try fixtures.package("plugin", id: "com.example.writable")
    func refusal(_ path: String, _ mode: Int, back: Int) throws {
      try fixtures.setMode(mode, path)
      let candidate = try only(folder)
      #expect(candidate.status == .refused && candidate.remedy == "chmod o-w \(path)", "\(candidate)")
      #expect(candidate.reason?.contains(path) == true && candidate.scan == nil)
      try fixtures.setMode(back, path)
    }
    try refusal(folder + "/libplugin.so", 0o757, back: 0o755)
    try refusal(folder + "/plugin.json", 0o646, back: 0o644)
    try refusal(folder, 0o757, back: 0o755)
    #expect(try only(folder).status == .loaded)
    // What a group can write, and what lies in a sticky folder of this user, is taken.
    try fixtures.setMode(0o775, folder)
    #expect(try only(folder).status == .loaded)
    try fixtures.setMode(0o1777, folder)
    #expect(try only(folder).status == .loaded)
  }

  @Test("a folder of plugins to which everybody can add is refused")
  func writablePlace() throws {
    _ = try fixtures.package("place/plugin", id: "com.example.placed")
    let place = fixtures.folder + "/place"
    try fixtures.setMode(0o777, place)
    let candidate = try only(place)
    #expect(candidate.status == .refused && candidate.remedy == "chmod o-w \(place)")
    try fixtures.setMode(0o755, place)
    #expect(try only(place).status == .loaded)
  }

  @Test("a library outside of the plugin's folder is refused, by a link or by dots")
  func outside() throws {
    let folder = try fixtures.package("plugin", id: "com.example.outside")
    let library = folder + "/libplugin.so"
    let elsewhere = fixtures.folder + "/elsewhere.so"
    try FileManager.default.moveItem(atPath: library, toPath: elsewhere)
    try FileManager.default.createSymbolicLink(atPath: library, withDestinationPath: elsewhere)
    let linked = try only(folder)
    #expect(linked.status == .refused && linked.reason?.contains("link to \(elsewhere), which lies outside") == true)
    for name in ["../elsewhere.so", "/etc/passwd", "sub/../../elsewhere.so", ""] {
      try fixtures.sidecar("plugin", id: "com.example.outside", extra: ["library": name])
      let candidate = try only(folder)
      #expect(
        candidate.status == .refused && candidate.reason?.contains("leaves the plugin's folder") == true, "\(name)")
    }
  }

  @Test("a pipe and a folder in a library's place are refused without waiting")
  func irregular() throws {
    let pipe = fixtures.folder + "/pipe.so"
    #expect(mkfifo(pipe, 0o644) == 0)
    #expect(try only(pipe).reason?.contains("is no regular file") == true)
  }

  // MARK: Neighbours

  @Test("a library beside the plugin is found by $ORIGIN")
  func neighbour() throws {
    let registry = try load(try fixtures.needyPackage("needy"), loads: true)
    #expect(registry.plugins.map(\.id) == ["com.example.needy"], "\(registry.candidates)")
  }

  @Test("a neighbour is held to the same rules as the plugin")
  func strictNeighbour() throws {
    let folder = try fixtures.needyPackage("needy")
    let (main, neighbour) = (folder + "/libplugin.so", folder + "/libneighbour.so")
    let alone = try only(folder, policy: try listing(main))
    #expect(alone.status == .refused && alone.reason?.contains("\(neighbour) is not trusted") == true)
    #expect(try only(folder, policy: try listing(main, neighbour)).status == .loaded)
    try fixtures.setMode(0o666, neighbour)
    #expect(try only(folder).remedy == "chmod o-w \(neighbour)")
  }

  @Test("a neighbour without its name inside is refused with the linker's option")
  func namelessNeighbour() throws {
    let candidate = try only(try fixtures.needyPackage("needy", soname: nil))
    #expect(candidate.status == .refused && candidate.reason?.contains("has no SONAME") == true)
    #expect(candidate.remedy == "link libneighbour.so with -Wl,-soname,libneighbour.so")
  }
}
