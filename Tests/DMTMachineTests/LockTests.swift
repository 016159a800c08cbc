import DMTCore
import DMTMachine
import Foundation
import Testing

@Suite("Locks")
struct LockTests {
  private static let lock = ManifestLock(
    manifest: "m", contract: "0.9",
    plugins: [
      .init(id: "a", version: "1.0.0", sha256: "aaaaaaaaaaaaaaaa", uses: ["backend fast", "module tower.a"]),
      .init(id: "s", version: "1.0.0", sha256: "ssssssssssssssss", uses: ["sharding sptt"]),
    ], operators: ["linear": 1, "cross": 1])

  private func differences(onRanks: Bool = false, _ change: (inout ManifestLock) -> Void) -> [String] {
    var found = Self.lock
    change(&found)
    do throws(DMTError) {
      try Self.lock.require(found, path: "m.lock", manifest: "m.yaml", onRanks: onRanks)
      return []
    } catch {
      #expect(error.code == .pluginRefused && error.remedy?.contains("`dmt lock m.yaml`") == true)
      return error.causes.map(\.message)
    }
  }

  @Test("the same is accepted, and every difference is a sentence of its own")
  func compare() {
    #expect(differences { _ in }.isEmpty)
    #expect(
      differences { $0.plugins[0].version = "1.0.1" } == [
        "backend fast: locked a 1.0.0 (aaaaaaaaaaaa), found a 1.0.1 (aaaaaaaaaaaa)",
        "module tower.a: locked a 1.0.0 (aaaaaaaaaaaa), found a 1.0.1 (aaaaaaaaaaaa)",
      ])
    #expect(
      differences { $0.plugins[0].sha256 = "bbbbbbbbbbbbbbbb" }.first?.contains("found a 1.0.0 (bbbbbbbbbbbb)") == true)
    #expect(
      differences { $0.plugins[0].uses = ["module tower.a"] } == [
        "backend fast: locked a 1.0.0 (aaaaaaaaaaaa), found nothing that uses it"
      ])
    #expect(
      differences { $0.plugins.append(.init(id: "n", version: "2.0.0", sha256: "nn", uses: ["update n"])) }
        == ["update n: not locked, found n 2.0.0 (nn)"])
    #expect(differences { $0.operators["linear"] = 2 } == ["operator linear: locked revision 1, found revision 2"])
    #expect(differences { $0.operators["fm"] = 1 } == ["operator fm: locked none, found revision 1"])
    #expect(differences { $0.contract = "1.0" } == ["contract: locked 0.9, found 1.0"])
  }

  @Test("strategies and interconnects count where ranks use them")
  func ranks() {
    #expect(differences { $0.plugins[1].version = "1.1.0" }.isEmpty)
    #expect(differences(onRanks: true) { $0.plugins[1].version = "1.1.0" }.count == 1)
  }

  @Test("a lock is what was written, and what is none says so")
  func files() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/dmt-lock-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/m.lock"
    try Data(Self.lock.text.utf8).write(to: URL(filePath: path))
    #expect(try ManifestLock(path: path) == Self.lock)
    for (text, code) in [
      ("{", DMTError.Code.invalidData), ("{\"formatVersion\": 9}", .unsupported),
      ("{\"formatVersion\": 1}", .invalidData),
    ] {
      try Data(text.utf8).write(to: URL(filePath: path))
      #expect { try ManifestLock(path: path) } throws: { ($0 as? DMTError)?.code == code }
    }
    #expect { try ManifestLock(path: folder + "/none.lock") } throws: { ($0 as? DMTError)?.code == .notFound }
    #expect(ManifestLock.path(forManifest: "a/m.yaml") == "a/m.lock" && ManifestLock.path(forManifest: "m") == "m.lock")
  }
}
