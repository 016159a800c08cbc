import DMTCore
import DMTPluginHost
import Foundation
import Testing

@Suite("Which policy is in effect, and the file of what is trusted")
struct TrustPolicyTests {
  private let fixtures: PluginFixtures

  init() throws { fixtures = try PluginFixtures() }

  private static let hash = String(repeating: "0a", count: 32)
  private static let key = "RWR2m1G0+KU/MGBMjmh0mD2Mb2M61x4jHVGVJBXj+hQKkxAFOpKcq67H"

  private func write(_ name: String, _ text: String) throws -> String {
    let path = fixtures.folder + "/" + name
    try Data(text.utf8).write(to: URL(filePath: path))
    try fixtures.setMode(0o644, path)
    return path
  }

  private func resolve(
    option: String? = nil, variable: String? = nil, user: String? = nil, system: String? = nil,
    isPrivileged: Bool = false
  ) throws -> TrustPolicy {
    var environment = ["HOME": fixtures.folder + "/nobody"]
    environment["DMT_TRUST"] = variable
    if let user { environment["DMT_TRUST_FILE"] = try write("user", "policy \(user)\n") }
    let path = try system.map { try write("system", "policy \($0)\n") } ?? fixtures.folder + "/none"
    return try TrustPolicy.resolve(
      option: option, environment: environment, isPrivileged: isPrivileged, systemPath: path)
  }

  @Test("the option wins over the variable, the variable over the user's file, and `any` is the default")
  func precedence() throws {
    #expect(try resolve().mode == .any)
    #expect(try resolve(user: "signed").mode == .signed)
    let variable = try resolve(variable: "listed", user: "signed")
    #expect(variable.mode == .listed && variable.origin == "DMT_TRUST")
    let option = try resolve(option: "any", variable: "listed", user: "signed")
    #expect(option.mode == .any && option.origin == "--trust")
  }

  @Test("the system's file can be tightened and not loosened")
  func floor() throws {
    #expect(try resolve(user: "any", system: "signed").mode == .signed)
    #expect(try resolve(option: "listed", system: "signed").mode == .listed)
    for loosen in [
      { try resolve(option: "any", system: "signed") }, { try resolve(variable: "any", system: "signed") },
    ] {
      let error = #expect(throws: DMTError.self) { try loosen() }
      #expect(error?.message.contains("asks for trust 'any'") == true)
    }
  }

  @Test("with more rights than its user, a process listens to the option and the system's file alone")
  func privileged() throws {
    #expect(try resolve(variable: "listed", user: "signed", isPrivileged: true).mode == .any)
    #expect(try resolve(variable: "any", user: "any", system: "listed", isPrivileged: true).mode == .listed)
    #expect(TrustPolicy.userPath(environment: ["HOME": "/home/me"], isPrivileged: true) == nil)
  }

  @Test("an unknown policy is an error with the nearest one")
  func unknown() throws {
    let error = #expect(throws: DMTError.self) { try resolve(option: "sined") }
    #expect(error?.code == .invalidArgument && error?.remedy?.contains("signed") == true)
  }

  @Test("a file keeps its comments and order through changes")
  func changes() throws {
    let path = try write("trust", "# mine\n\nsha256 \(Self.hash) libold.so\n")
    var file = try TrustFile(path: path)
    #expect(file.hashes.map(\.name) == ["libold.so"] && file.mode == nil)
    let other = String(repeating: "b", count: 64)
    let added = [
      file.add(TrustFile.Hash(sha256: other, name: "lib new.so")),
      file.add(TrustFile.Hash(sha256: other, name: "again")),
      file.add(TrustFile.Key(key: try MinisignPublicKey(Self.key), name: "the vendor")),
    ]
    #expect(added == [true, false, true])
    file.set(.signed)
    let removed = [file.remove(Self.hash), file.remove(Self.hash)]
    #expect(removed == [true, false])
    try file.save()
    #expect(
      try String(contentsOf: URL(filePath: path), encoding: .utf8)
        == "# mine\npolicy signed\n\nsha256 \(other) lib new.so\nminisign \(Self.key) the vendor\n")
    let read = try TrustFile(path: path)
    #expect(read.mode == .signed && read.hashes.map(\.name) == ["lib new.so"])
    #expect(read.keys.map(\.name) == ["the vendor"] && read.keys[0].key.name == "303FA5F8B4519B76")
  }

  @Test(
    "a mistake in a file is an error with its line",
    arguments: [
      ("policy sometimes", "trust is 'sometimes'"), ("sha256 1234 x", "no SHA-256"),
      ("minisign RWabc x", "no public key of minisign"), ("sha265 \(hash)", "'sha265' is unknown"),
    ])
  func mistakes(_ line: String, _ words: String) throws {
    let path = try write("trust", "# a comment\n\(line)\n")
    let error = #expect(throws: DMTError.self) { try TrustFile(path: path) }
    #expect(error?.message.contains(words) == true && error?.place.line == 2 && error?.place.file == path)
  }

  @Test("a file that others can write is refused", arguments: [0o666, 0o664])
  func writable(_ mode: Int) throws {
    let path = try write("trust", "policy listed\n")
    try fixtures.setMode(mode, path)
    let error = #expect(throws: DMTError.self) { try TrustFile(path: path) }
    #expect(error?.message.contains(path) == true && error?.remedy?.contains("chmod go-w \(path)") == true)
  }
}
