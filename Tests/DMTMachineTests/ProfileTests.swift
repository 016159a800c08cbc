import DMTCore
import DMTMachine
import DMTRuntime
import DMTTraining
import Foundation
import Testing

/// A folder that is removed when the test lets go of it.
private final class Folder {
  let path = FileManager.default.temporaryDirectory.path + "/dmt-machine-" + UUID().uuidString
  deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite("Profiles")
struct ProfileTests {
  private let plugins = [
    PluginRecord(id: "a", version: "1.0.0", sha256: "11"), PluginRecord(id: "b", version: "2.0.0", sha256: "22"),
  ]

  private static func request(_ rows: Int, out: Int = 3) -> KernelRequest {
    KernelRequest(op: "linear", inputs: [[rows, 4]], parameters: [[out, 4]], outputs: [[rows, out]], threads: 2)
  }

  private static func entry(_ rows: Int, _ backend: String, out: Int = 3) -> BackendProfile.Entry {
    .init(
      key: WorkKey(request(rows, out: out)), nodes: ["n"], backend: backend, usual: "slow",
      timings: [
        .init(backend: backend, forward: 1e-3, backward: 1e-3, spread: 0.01, samples: 5),
        .init(backend: "slow", forward: 2e-3, backward: 1.6e-3, spread: 0.01, samples: 5),
      ])
  }

  @Test("the nearest batch size counts, and another thread count says nothing")
  func nearest() {
    let profile = BackendProfile(threads: 2, entries: [Self.entry(64, "small"), Self.entry(4096, "large")])
    func backend(_ rows: Int, threads: Int = 2, out: Int = 3) -> String? {
      profile.entry(for: WorkKey(Self.request(rows, out: out)), threads: threads)?.backend
    }
    #expect(backend(64) == "small" && backend(100) == "small" && backend(1) == "small")
    #expect(backend(4096) == "large" && backend(3000) == "large" && backend(100_000) == "large")
    #expect(backend(64, threads: 1) == nil && backend(64, out: 5) == nil)
  }

  @Test("the reason says by how much, and against whom")
  func reason() {
    var entry = Self.entry(64, "fast")
    #expect(entry.reason == "profile: 1.8x faster than slow")
    entry.usual = "fast"
    #expect(entry.reason == "profile: 1.8x faster than slow")
    entry.timings.removeLast()
    #expect(entry.reason == "profile: nobody else serves it")
    var slower = Self.entry(64, "fast")
    slower.backend = "slow"
    slower.isByStep = true
    slower.usual = "fast"
    #expect(slower.reason == "profile: a whole step is the fastest with it")
  }

  @Test("a profile is kept, added to, and not used with other plugins")
  func store() throws {
    let folder = Folder()
    let store = ProfileStore(path: folder.path + "/deep/p.json")
    if case .none = store.read(plugins: plugins) {} else { Issue.record("there is no file yet") }
    try store.add(BackendProfile(threads: 2, entries: [Self.entry(64, "x"), Self.entry(128, "x")]), plugins: plugins)
    try store.add(
      BackendProfile(threads: 2, entries: [Self.entry(128, "y"), Self.entry(128, "z", out: 9)]), plugins: plugins)
    guard case .current(let kept) = store.read(plugins: plugins) else {
      Issue.record("the profile is of this machine")
      return
    }
    #expect(kept.profile.entries.map(\.backend) == ["x", "y", "z"])
    func staleness(_ plugins: [PluginRecord]) -> String? {
      guard case .stale(let reason) = store.read(plugins: plugins) else { return nil }
      return reason
    }
    #expect(staleness([plugins[0]]) == "plugin b is not here any more")
    #expect(staleness(plugins + [PluginRecord(id: "c", version: "1", sha256: "33")]) == "plugin c was not there")
    #expect(
      staleness([plugins[0], PluginRecord(id: "b", version: "2.1.0", sha256: "44")])
        == "plugin b was 2.0.0, now it is 2.1.0")
    #expect(
      staleness([plugins[0], PluginRecord(id: "b", version: "2.0.0", sha256: "44")])?.contains("another build") == true)
    // What is stale is not added to.
    try store.add(BackendProfile(threads: 2, entries: [Self.entry(64, "new")]), plugins: [plugins[0]])
    guard case .current(let anew) = store.read(plugins: [plugins[0]]) else {
      Issue.record("the profile is of this machine")
      return
    }
    #expect(anew.profile.entries.map(\.backend) == ["new"])
  }

  @Test("another CPU, other instruction sets, another contract: each has its own words")
  func elsewhere() {
    var profile = MachineProfile(BackendProfile(threads: 1), plugins: plugins)
    #expect(profile.staleness(plugins: plugins) == nil)
    profile.contract = "7.7"
    #expect(profile.staleness(plugins: plugins)?.contains("contract 7.7") == true)
    profile.instructions = "x86-64-v9"
    #expect(profile.staleness(plugins: plugins)?.contains("x86-64-v9") == true)
    profile.cpu = "Abacus"
    #expect(profile.staleness(plugins: plugins)?.contains("Abacus") == true)
  }

  @Test("where the file lies")
  func place() {
    func path(_ environment: [String: String]) -> String? { ProfileStore(threads: 3, environment: environment).path }
    #expect(path(["HOME": "/h"])?.hasPrefix("/h/.config/dmt/profiles/") == true)
    #expect(path(["HOME": "/h", "XDG_CONFIG_HOME": "/c"])?.hasPrefix("/c/dmt/profiles/") == true)
    #expect(path(["HOME": "/h", "XDG_CONFIG_HOME": "relative"])?.hasPrefix("/h/.config/") == true)
    #expect(path(["HOME": "/h"])?.hasSuffix("-3-threads.json") == true)
    #expect(path(["HOME": "/h", "DMT_PROFILE": "/x.json"]) == "/x.json")
    #expect(path(["HOME": "/h", "DMT_PROFILE": "none"]) == nil && path([:]) == nil)
  }
}
