import DMTCore
import DMTPluginHost
import Foundation
import Testing

/// `dmt plugin doctor`: every way to be unusable has its own diagnosis.
@Suite("What keeps a plugin from being used")
struct DiagnosisTests {
  private let fixtures: PluginFixtures

  init() throws { fixtures = try PluginFixtures() }

  private func examine(_ path: String, policy: TrustPolicy = TrustPolicy()) throws -> PluginDiagnosis {
    try PluginDiagnosis(
      path: path, policy: policy, scanner: try PluginFixtures.scanner(limitMilliseconds: 500),
      cache: ScanCache(path: fixtures.folder + "/cache/plugins.json", host: "test"))
  }

  /// The one problem of a plugin, which has to be of this kind and say these words.
  private func expect(
    _ path: String, _ kind: Finding.Kind, _ words: String..., fix: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let diagnosis = try examine(path)
    let problems = diagnosis.findings.filter(\.isProblem)
    #expect(problems.map(\.kind) == [kind], "\(diagnosis.text)", sourceLocation: sourceLocation)
    for part in words {
      #expect(
        problems.first?.message.contains(part) == true, "\(part): \(diagnosis.text)", sourceLocation: sourceLocation)
    }
    #expect(problems.first?.remedy?.contains(fix) == true, "\(fix): \(diagnosis.text)", sourceLocation: sourceLocation)
    #expect(
      !diagnosis.isHealthy && diagnosis.text.contains("problem \(kind.rawValue): "), sourceLocation: sourceLocation)
  }

  /// good.c, which needs a library that is gone by now.
  private func lacking(_ library: String) throws -> String {
    try fixtures.build("neighbour", as: "gone", flags: ["-Wl,-soname,\(library)"])
    let path = try fixtures.build("good", as: "lacking", flags: ["-Wl,--no-as-needed", fixtures.folder + "/gone.so"])
    try FileManager.default.removeItem(atPath: fixtures.folder + "/gone.so")
    return path
  }

  private func patch(_ path: String, _ change: (inout Data) throws -> Void) throws {
    var bytes = try Data(contentsOf: URL(filePath: path))
    try change(&bytes)
    try bytes.write(to: URL(filePath: path))
  }

  @Test("nothing is wrong with a good plugin, and its id, hash and trust are told")
  func good() throws {
    let folder = try fixtures.package("plugin", id: "com.example.well")
    let diagnosis = try examine(folder)
    #expect(diagnosis.isHealthy && diagnosis.id == "com.example.well")
    #expect(diagnosis.sha256 == (try PluginFile.sha256(of: folder + "/libplugin.so")) && diagnosis.trust != nil)
    let bare = try examine(folder + "/libplugin.so")
    #expect(bare.isHealthy && bare.findings.contains { $0.kind == .missingSidecar })
  }

  @Test("a missing library, with the package that has it or who might know")
  func missingLibrary() throws {
    try expect(
      try lacking("libopenblas-dmt.so.9"), .missingLibrary, "needs libopenblas-dmt.so.9, which is not on this machine",
      fix: "apt-get install libopenblas0")
    try expect(try lacking("libdmt-gone.so.3"), .missingLibrary, "libdmt-gone.so.3", fix: "libdmt-gone.so.3")
    try expect(
      try lacking("libswiftNowhere.so"), .missingSwiftRuntime, "belongs to the Swift runtime", fix: "-static-stdlib")
  }

  @Test("the sidecar's packages come before ours")
  func statedPackages() throws {
    _ = try lacking("libopenblas-dmt.so.9")
    try FileManager.default.createDirectory(atPath: fixtures.folder + "/plugin", withIntermediateDirectories: true)
    try FileManager.default.moveItem(
      atPath: fixtures.folder + "/lacking.so", toPath: fixtures.folder + "/plugin/libplugin.so")
    try fixtures.sidecar("plugin", id: "com.example.lacking", extra: ["requires": ["debian": ["libmine7"]]])
    try expect(fixtures.folder + "/plugin", .missingLibrary, fix: "apt-get install libmine7")
  }

  @Test("another architecture")
  func architecture() throws {
    let path = try fixtures.build("good")
    try patch(path) { $0[18] = $0[18] == 62 ? 183 : 62 }
    try expect(path, .wrongArchitecture, "this machine is", fix: "build the plugin on this kind of machine")
  }

  @Test("a glibc that is too old, with the version that is wanted and the one that is here")
  func glibc() throws {
    let path = try fixtures.build("good")
    try patch(path) { bytes in
      let name = Data("GLIBC_2.".utf8)
      var start = bytes.startIndex
      while let range = bytes.range(of: name, in: start..<bytes.endIndex) {
        bytes[range.upperBound - 2] = UInt8(ascii: "9")
        start = range.upperBound
      }
    }
    let diagnosis = try examine(path)
    let problems = diagnosis.findings.filter(\.isProblem)
    #expect(!problems.isEmpty && problems.allSatisfy { $0.kind == .wrongGlibc }, "\(diagnosis.text)")
    #expect(problems.first?.message.contains("needs GLIBC_9.") == true)
    #expect(problems.first?.message.contains("has up to GLIBC_2.") == true)
    #expect(problems.first?.remedy?.contains("build the plugin on a system whose glibc is 2.") == true)
  }

  @Test("a symbol that nobody defines")
  func undefinedSymbol() throws {
    try expect(
      try fixtures.build("needy"), .undefinedSymbol, "from nowhere: dmt_fixture_help", fix: "imports nothing from dmt")
    #expect(try examine(try fixtures.needyPackage("needy")).isHealthy)
  }

  @Test("another contract, in the sidecar or in the library")
  func contract() throws {
    try expect(
      try fixtures.build("versions", as: "major", ["MAJOR=7"]), .wrongContract, "contract 7.",
      fix: "rebuild the plugin with this dmt's headers")
    let folder = try fixtures.package("plugin", id: "com.example.contract", extra: ["abi": ["major": 7, "minor": 0]])
    try expect(folder, .wrongContract, "contract 7.0", fix: "rebuild the plugin with this dmt's headers")
  }

  @Test("no entry point")
  func noEntry() throws {
    try expect(try fixtures.build("no-entry"), .noEntry, "dmt_plugin_entry", fix: "export dmt_plugin_entry")
  }

  @Test("what is no library")
  func notALibrary() throws {
    let path = fixtures.folder + "/text.so"
    try Data("#!/bin/sh\n".utf8).write(to: URL(filePath: path))
    try expect(path, .notALibrary, "it is a script", fix: "name the built .so")
    try Data().write(to: URL(filePath: path))
    try expect(path, .notALibrary, "it is empty", fix: "name the built .so")
    let cut = try fixtures.build("good")
    try patch(cut) { $0 = $0.prefix(600) }
    try expect(cut, .notALibrary, "a damaged ELF file", fix: "build or copy the plugin's library again")
  }

  @Test("nothing there, no sidecar, a sidecar that cannot be read, a library that is not there")
  func files() throws {
    try expect(fixtures.folder + "/none.so", .missingFile, "there is no file or folder", fix: "name a plugin's folder")
    let empty = fixtures.folder + "/empty"
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
    try expect(empty, .missingSidecar, "holds no plugin.json", fix: "name the plugin's folder")
    let folder = try fixtures.package("plugin", id: "com.example.files", extra: ["library": "libother.so"])
    try expect(folder, .missingFile, "there is no \(folder)/libother.so", fix: "build the plugin")
    try fixtures.sidecar("plugin", id: "com.example.files", extra: ["version": NSNull()])
    try expect(folder, .badSidecar, "lacks 'version'", fix: "docs/plugins.md")
  }

  @Test("no variant for this CPU")
  func variants() throws {
    let variant = ["isa": "aarch64", "library": "libplugin.so"]
    let folder = try fixtures.package(
      "plugin", id: "com.example.variants", extra: ["library": NSNull(), "variants": [variant]])
    #if arch(x86_64)
      try expect(folder, .wrongCPU, "no library for this CPU", fix: "build it for")
    #endif
  }

  @Test("a wrong hash, and files that others can write")
  func integrity() throws {
    let folder = try fixtures.package(
      "plugin", id: "com.example.integrity", extra: ["sha256": String(repeating: "0", count: 64)])
    try expect(folder, .wrongHash, "its sidecar promises 0000", fix: "install the plugin again")
    try fixtures.sidecar("plugin", id: "com.example.integrity")
    try fixtures.setMode(0o777, folder + "/libplugin.so")
    try expect(folder, .permissions, "everybody can write to", fix: "chmod o-w \(folder)/libplugin.so")
    try fixtures.setMode(0o775, folder + "/libplugin.so")
    try fixtures.sidecar("plugin", id: "com.example.integrity", extra: ["library": "../x.so"])
    try expect(folder, .outsideFolder, "leaves the plugin's folder", fix: "name a file beside")
  }

  @Test("a plugin that is not trusted")
  func untrusted() throws {
    let folder = try fixtures.package("plugin", id: "com.example.untrusted")
    let diagnosis = try examine(folder, policy: TrustPolicy(.listed))
    #expect(diagnosis.findings.filter(\.isProblem).map(\.kind) == [.untrusted] && diagnosis.trust == nil)
  }

  @Test("a crash and a hang, with phase and signal")
  func broken() throws {
    try expect(
      try fixtures.build(.crashInInitialize), .quarantined, "crashed in initialize (SIGABRT)",
      "printed: about to crash",
      fix: "dmt plugin quarantine clear")
    try expect(
      try fixtures.build(.hangInEntry), .quarantined, "did not finish entry", fix: "dmt plugin quarantine clear")
  }

  @Test("another id than the sidecar's, and a plugin that refuses to start")
  func mismatch() throws {
    let folder = try fixtures.package("plugin", id: "com.example.one")
    try fixtures.sidecar("plugin", id: "com.example.two")
    try expect(folder, .mismatch, "its sidecar says id 'com.example.two', its library says", fix: "of one build")
    let library = try fixtures.build(.failInitialize)
    let diagnosis = try examine(library)
    #expect(diagnosis.findings.filter(\.isProblem).map(\.kind) == [.refused], "\(diagnosis.text)")
    #expect(diagnosis.text.contains("the flux capacitor is empty"))
  }

  @Test("a machine's diagnosis has every candidate, those that another one hides included")
  func machine() throws {
    let first = try fixtures.package("place/a", id: "com.example.twice")
    let second = try fixtures.package("place/b", id: "com.example.twice")
    _ = try fixtures.build(.crashInEntry)
    var options = try fixtures.options([fixtures.folder + "/place", fixtures.folder + "/hostile-crashInEntry.so"])
    options.trust = TrustPolicy(origin: "the test")
    let machine = try MachineDiagnosis(options)
    #expect(machine.plugins.map(\.path) == [first, second, fixtures.folder + "/hostile-crashInEntry.so"])
    #expect(machine.plugins.map(\.isHealthy) == [true, true, false] && !machine.isHealthy)
    let shadowed = try #require(machine.plugins[1].findings.first { $0.kind == .shadowed })
    #expect(shadowed.message.contains(first) && shadowed.message.contains(second) && !shadowed.isProblem)
    for name in ["glibc", "cpu", "contract", "compiler", "trust", "searched"] {
      #expect(machine.facts.contains { $0.name == name }, "\(name)")
    }
    #expect(machine.text.hasSuffix("3 plugins examined, 1 cannot be used"))
  }
}
