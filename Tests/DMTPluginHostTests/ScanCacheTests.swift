import DMTCore
import DMTPluginHost
import Foundation
import Testing

@Suite("The cache of scans")
struct ScanCacheTests {
  private let fixtures: PluginFixtures

  init() throws { fixtures = try PluginFixtures() }

  private var cachePath: String { fixtures.folder + "/cache/plugins.json" }

  private func load(_ path: String, rescans: Bool = false) throws -> PluginCandidate {
    let registry = try PluginRegistry.load(try fixtures.options([path], rescans: rescans))
    return try #require(registry.candidates.first)
  }

  @Test("a second start takes the result from the cache, a changed library is scanned again")
  func hits() throws {
    let folder = try fixtures.package("plugin", id: "com.example.cached")
    #expect(try !load(folder).isFromCache)
    let second = try load(folder)
    #expect(second.isFromCache && second.status == .loaded)
    #expect(second.scan?.report?.components.first?.fields.first?.name == "offset")
    #expect(try !load(folder, rescans: true).isFromCache)
    _ = try fixtures.package("plugin", id: "com.example.cached", version: "1.0.1")
    let changed = try load(folder)
    #expect(!changed.isFromCache && changed.version == "1.0.1")
  }

  @Test(
    "a cache that cannot be read is made anew",
    arguments: [
      "", "{", "[1, 2]", #"{"format": 99, "host": "test", "entries": {}}"#, #"{"format": 1, "host": "test"}"#,
    ])
  func corrupt(contents: String) throws {
    let folder = try fixtures.package("plugin", id: "com.example.cached")
    _ = try load(folder)
    try Data(contents.utf8).write(to: URL(filePath: cachePath))
    #expect(try !load(folder).isFromCache)
    #expect(try load(folder).isFromCache)
  }

  @Test("a quarantined plugin is not run again, and says why, until its file changes")
  func quarantine() throws {
    let library = try fixtures.build(.crashInInitialize)
    let first = try load(library)
    #expect(first.status == .quarantined && !first.isFromCache)
    let second = try load(library)
    #expect(second.status == .quarantined && second.isFromCache)
    #expect(second.reason?.contains("crashed in initialize (SIGABRT)") == true)
    #expect(second.scan?.signal == "SIGABRT" && second.scan?.phase == "initialize")
    #expect(second.scan?.errorTail == "about to crash\n")
    try FileManager.default.copyItem(atPath: try fixtures.build("good"), toPath: library + ".new")
    try FileManager.default.removeItem(atPath: library)
    try FileManager.default.moveItem(atPath: library + ".new", toPath: library)
    #expect(try load(library).status == .loaded)
  }

  @Test("a result of another host is not used")
  func otherHost() throws {
    let folder = try fixtures.package("plugin", id: "com.example.cached")
    _ = try load(folder)
    var options = try fixtures.options([folder])
    options.cache = ScanCache(path: cachePath, host: "another")
    #expect(try PluginRegistry.load(options).candidates.first?.isFromCache == false)
  }

  @Test("a cache that cannot be written is no failure")
  func unwritable() throws {
    let folder = try fixtures.package("plugin", id: "com.example.cached")
    // A file where the folder should be: not even root can write there.
    try Data().write(to: URL(filePath: fixtures.folder + "/cache"))
    #expect(try load(folder).status == .loaded)
    #expect(try FileManager.default.contentsOfDirectory(atPath: fixtures.folder).sorted() == ["cache", "plugin"])
  }

  @Test("no half-written file is left beside the cache")
  func atomic() throws {
    _ = try load(try fixtures.package("plugin", id: "com.example.cached"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: fixtures.folder + "/cache") == ["plugins.json"])
  }

  @Test("a plugin that broke is tried again when a library that it needs changes")
  func dependency() throws {
    let folder = try fixtures.needyPackage("needy", ["ABORT"])
    #expect(try load(folder).status == .quarantined)
    #expect(try load(folder).isFromCache)
    let cache = ScanCache(path: cachePath, host: "test")
    let quarantined = try #require(cache.quarantined.first)
    #expect(quarantined.library == folder + "/libplugin.so" && quarantined.result.signal == "SIGABRT")
    #expect(quarantined.result.phase == "entry" && quarantined.changed.isEmpty && !quarantined.isOutdated)
    try fixtures.build("neighbour", as: "needy/libneighbour", flags: ["-Wl,-soname,libneighbour.so"])
    #expect(ScanCache(path: cachePath, host: "test").quarantined.first?.changed == ["libneighbour.so"])
    let mended = try load(folder)
    #expect(mended.status == .loaded && !mended.isFromCache)
    #expect(ScanCache(path: cachePath, host: "test").quarantined.isEmpty)
  }

  @Test("a plugin without a library that it needs is not scanned again until that is there")
  func missingDependency() throws {
    let folder = try fixtures.needyPackage("needy")
    let neighbour = folder + "/libneighbour.so"
    try FileManager.default.moveItem(atPath: neighbour, toPath: fixtures.folder + "/away")
    #expect(try load(folder).status == .refused)
    let second = try load(folder)
    #expect(second.status == .refused && second.isFromCache)
    #expect(second.reason?.contains("libneighbour.so: cannot open shared object file") == true)
    try FileManager.default.moveItem(atPath: fixtures.folder + "/away", toPath: neighbour)
    #expect(try load(folder).status == .loaded)
  }

  @Test("quarantine is cleared by file, by folder and by hash")
  func clear() throws {
    let library = try fixtures.build(.crashInInitialize)
    let hash = try PluginFile.sha256(of: library)
    for name in [library, fixtures.folder, hash] {
      _ = try load(library)
      var cache = ScanCache(path: cachePath, host: "test")
      let (others, cleared) = (
        cache.clearQuarantine { $0.isMeant(by: "/elsewhere") }, cache.clearQuarantine { $0.isMeant(by: name) }
      )
      let problem = cache.save()
      #expect(others.isEmpty && cleared.map(\.sha256) == [hash] && problem == nil)
      #expect(try !load(library).isFromCache)
    }
  }

  @Test("of several ranks that start at once, one scans")
  func ranks() async throws {
    let folder = try fixtures.package("plugin", id: "com.example.ranks")
    let log = fixtures.folder + "/scans"
    let scanner = try fixtures.scanner(before: "echo one >> '\(log)'")
    let statuses = try await withThrowingTaskGroup(of: PluginCandidate.Status?.self) { group in
      for _ in 0..<4 {
        var options = try fixtures.options([folder])
        options.scanner = scanner
        group.addTask { [options] in try PluginRegistry.load(options).candidates.first?.status }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(statuses == [.loaded, .loaded, .loaded, .loaded])
    #expect(try String(contentsOf: URL(filePath: log), encoding: .utf8) == "one\n")
  }
}
