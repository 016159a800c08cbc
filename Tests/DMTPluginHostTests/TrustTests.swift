import Crypto
import DMTCore
import DMTPluginHost
import Foundation
import Testing

/// Listed and signed plugins; Tests/Fixtures/Trust was made by minisign 0.11.
@Suite("Whose plugins run")
struct TrustTests {
  private let fixtures: PluginFixtures

  init() throws { fixtures = try PluginFixtures() }

  private func policy(_ mode: TrustPolicy.Mode, hashes: [String] = [], keys: [String] = []) throws -> TrustPolicy {
    var file = try TrustFile(path: fixtures.folder + "/trust")
    for hash in hashes { file.add(TrustFile.Hash(sha256: hash, name: "mine")) }
    for key in keys { file.add(TrustFile.Key(key: try MinisignPublicKey(key), name: "vendor")) }
    return TrustPolicy(mode, origin: "the test", files: [file])
  }

  private func load(_ path: String, _ policy: TrustPolicy, scansOnly: Bool = true) throws -> PluginCandidate {
    var options = try fixtures.options([path], scansOnly: scansOnly)
    options.trust = policy
    return try #require(try PluginRegistry.load(options).candidates.first)
  }

  @Test("a plugin that is not listed is refused before any of its code runs, with its hash and what to do")
  func notListed() throws {
    let library = try fixtures.build(.crashInEntry)
    let candidate = try load(library, try policy(.listed))
    #expect(candidate.status == .refused && candidate.scan == nil)
    let hash = try PluginFile.sha256(of: library)
    #expect(candidate.reason?.contains("SHA-256 \(hash) is none of the 0 listed in \(fixtures.folder)/trust") == true)
    #expect(candidate.remedy?.contains("dmt plugin trust add \(library)") == true)
  }

  @Test("a listed plugin runs until its file changes")
  func listed() throws {
    let folder = try fixtures.package("plugin", id: "com.example.listed")
    let policy = try policy(.listed, hashes: [try PluginFile.sha256(of: folder + "/libplugin.so")])
    let candidate = try load(folder, policy)
    #expect(
      candidate.status == .loaded && candidate.trust?.contains("listed in \(fixtures.folder)/trust as mine") == true)
    let handle = try FileHandle(forWritingTo: URL(filePath: folder + "/libplugin.so"))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data([0]))
    try handle.close()
    #expect(try load(folder, policy).status == .refused)
  }

  // MARK: Signatures

  private static let signed = PluginFixtures.repository + "/Tests/Fixtures/Trust/"

  private func fixture(_ name: String) throws -> String {
    try String(contentsOf: URL(filePath: Self.signed + name), encoding: .utf8)
  }

  /// The signed file with a signature beside it, examined by a policy that trusts key.pub.
  private func examine(
    signature: String?, text: String? = nil, key: String = "key.pub"
  ) throws -> PluginDiagnosis {
    let path = fixtures.folder + "/signed.txt"
    try Data(try text?.utf8 ?? fixture("signed.txt").utf8).write(to: URL(filePath: path))
    if let signature { try Data(signature.utf8).write(to: URL(filePath: path + ".minisig")) }
    return try PluginDiagnosis(
      path: path, policy: try policy(.signed, keys: [try fixture(key)]), scanner: try PluginFixtures.scanner(),
      cache: ScanCache(path: nil))
  }

  @Test(
    "what minisign signed is trusted, hashed or legacy",
    arguments: [("hashed.minisig", "release 1.0.0"), ("legacy.minisig", "release 1.0.0, legacy")])
  func minisign(_ name: String, _ comment: String) throws {
    let diagnosis = try examine(signature: try fixture(name))
    #expect(diagnosis.trust == "key 303FA5F8B4519B76 (vendor) signed it: \(comment)")
    #expect(!diagnosis.findings.contains { $0.kind == .untrusted })
  }

  @Test(
    "a changed file, a changed comment, another key and no signature are told apart", arguments: ["hashed", "legacy"])
  func tampered(_ name: String) throws {
    let signature = try fixture(name + ".minisig")
    func reason(_ diagnosis: PluginDiagnosis) throws -> String {
      let finding = try #require(diagnosis.findings.first { $0.kind == .untrusted })
      #expect(diagnosis.trust == nil && finding.remedy != nil)
      return finding.message
    }
    #expect(
      try reason(examine(signature: signature, text: "another text\n")).contains(
        "is not what key 303FA5F8B4519B76 signed"))
    let comment = signature.replacingOccurrences(of: "1.0.0", with: "9.9.9")
    #expect(try reason(examine(signature: comment)).contains("the trusted comment of"))
    let stranger = try reason(examine(signature: signature, key: "other.pub"))
    #expect(stranger.contains("key 303FA5F8B4519B76 signed it, expected F5E55C720A62EDEC (vendor)"))
    #expect(try reason(examine(signature: "hello\n")).contains("is no signature of minisign"))
    try FileManager.default.removeItem(atPath: fixtures.folder + "/signed.txt.minisig")
    #expect(try reason(examine(signature: nil)).contains("it has no signature"))
  }

  @Test("a signed plugin is scanned and loaded, and one that was changed is not", arguments: ["Ed", "ED"])
  func signedPlugin(_ algorithm: String) throws {
    let folder = try fixtures.package("plugin", id: "com.example.signed-\(algorithm)")
    let library = folder + "/libplugin.so"
    let key = Curve25519.Signing.PrivateKey()
    let name = Data([1, 2, 3, 4, 5, 6, 7, 8])
    let contents = try Data(contentsOf: URL(filePath: library))
    let signature = try key.signature(for: algorithm == "ED" ? Data(BLAKE2b.hash([UInt8](contents))) : contents)
    let comment = try key.signature(for: signature + Data("a release".utf8))
    let text = """
      untrusted comment: -
      \((Data(algorithm.utf8) + name + signature).base64EncodedString())
      trusted comment: a release
      \(comment.base64EncodedString())

      """
    try Data(text.utf8).write(to: URL(filePath: library + ".minisig"))
    let policy = try policy(
      .signed, keys: [(Data("Ed".utf8) + name + key.publicKey.rawRepresentation).base64EncodedString()])
    let candidate = try load(folder, policy, scansOnly: false)
    #expect(candidate.status == .loaded && candidate.trust?.hasSuffix("signed it: a release") == true)
    try (contents + Data([0])).write(to: URL(filePath: library))
    #expect(try load(folder, policy).status == .refused)
  }
}
