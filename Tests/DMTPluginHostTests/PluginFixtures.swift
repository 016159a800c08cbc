import CDMTPlugin
import DMTCore
import DMTPluginHost
import Foundation
import Logging
import Testing

/// Builds the C plugins of Tests/Fixtures/Plugins into a folder of its own, which is removed at the end.
final class PluginFixtures {
  /// How hostile.c misbehaves.
  enum Hostility: Int {
    case crashInEntry = 1, hangInEntry, printToStdout, hugeCount, nullID, badMagic, crashInInitialize, exitInEntry
    case nullTable, oddID, nullComponent, failInitialize, hangWithChild, tinyStruct, crashInConstructor,
      missingComponent
    case notUTF8, hugeText, hugeStruct, negativeCount, nullDescriptor, wildPointer, oddPointer, otherTable, twice
  }

  let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.path + "/dmt-host-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// Compiles a fixture and returns the library's path.
  ///
  /// - Parameters:
  ///   - headers: a folder with `dmt/*.h`; nil: today's.
  ///   - flags: further arguments for the compiler, behind the source.
  @discardableResult
  func build(
    _ source: String, as name: String? = nil, _ defines: [String] = [], headers: String? = nil, flags: [String] = []
  ) throws -> String {
    let library = "\(folder)/\(name ?? source).so"
    try FileManager.default.createDirectory(
      atPath: URL(filePath: library).deletingLastPathComponent().path, withIntermediateDirectories: true)
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    let compiler =
      ["cc", "clang", "gcc"].first { name in
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
          FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
        }
      } ?? "cc"
    process.arguments =
      [
        compiler, "-std=gnu11", "-shared", "-fPIC", "-fvisibility=hidden", "-I",
        headers ?? Self.repository + "/Sources/CDMTPlugin/include",
      ]
      + defines.map { "-D" + $0 } + ["-o", library, Self.repository + "/Tests/Fixtures/Plugins/\(source).c"] + flags
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(source).c compiles")
    return library
  }

  func build(_ hostility: Hostility) throws -> String {
    try build("hostile", as: "hostile-\(hostility)", ["HOW=\(hostility.rawValue)"])
  }

  /// A plugin's folder with a sidecar.
  func package(
    _ name: String, id: String, version: String = "1.0.0", defines: [String] = [], extra: [String: Any] = [:]
  ) throws -> String {
    let plugin = "\(folder)/\(name)"
    try build("good", as: "\(name)/libplugin", ["FIXTURE_ID=\"\(id)\"", "FIXTURE_VERSION=\"\(version)\""] + defines)
    try sidecar(name, id: id, version: version, extra: extra)
    return plugin
  }

  /// needy.c with its neighbour beside it, which it finds by `$ORIGIN`; the folder's path.
  ///
  /// - Parameter soname: what the neighbour calls itself; nil: nothing.
  func needyPackage(_ name: String, soname: String? = "libneighbour.so", _ defines: [String] = []) throws -> String {
    let folder = "\(folder)/\(name)"
    try build(
      "neighbour", as: "\(name)/libneighbour", defines, flags: soname.map { ["-Wl,-soname,\($0)"] } ?? [])
    try build(
      "needy", as: "\(name)/libplugin",
      flags: ["-L\(folder)", "-lneighbour", "-Wl,-rpath,$ORIGIN", "-Wl,--enable-new-dtags"])
    try sidecar(name, id: "com.example.needy")
    return folder
  }

  /// Writes a folder's sidecar; null takes a field away.
  func sidecar(_ name: String, id: String, version: String = "1.0.0", extra: [String: Any] = [:]) throws {
    var sidecar: [String: Any] = [
      "id": id, "name": name, "version": version,
      "abi": ["major": Int(DMT_ABI_MAJOR), "minor": Int(DMT_ABI_MINOR)], "min_host_minor": Int(DMT_ABI_MINOR),
      "kinds": ["operator"], "library": "libplugin.so",
    ]
    for (key, value) in extra { sidecar[key] = value is NSNull ? nil : value }
    try JSONSerialization.data(withJSONObject: sidecar).write(to: URL(filePath: "\(folder)/\(name)/plugin.json"))
  }

  /// A scanner that runs a line of shell before each scan; `$LIBRARY` is the plugin's library.
  func scanner(before line: String) throws -> PluginScanner {
    let path = folder + "/scan-" + UUID().uuidString
    let script = "#!/bin/bash\nLIBRARY=${@: -1}\n\(line)\nexec '\(try Self.scanner().executable)' \"$@\"\n"
    try Data(script.utf8).write(to: URL(filePath: path))
    try setMode(0o755, path)
    return PluginScanner(executable: path)
  }

  func setMode(_ mode: Int, _ path: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  /// The program that scans, which is built beside the tests.
  static func scanner(limitMilliseconds: Int = 2000) throws -> PluginScanner {
    let name = "dmt-scan-fixture"
    var folder = URL(filePath: PluginSearchPath.executablePath).deletingLastPathComponent()
    while folder.path != "/" {
      if FileManager.default.isExecutableFile(atPath: folder.path + "/" + name) {
        return PluginScanner(executable: folder.path + "/" + name, limitMilliseconds: limitMilliseconds)
      }
      folder.deleteLastPathComponent()
    }
    // The tests' runner lives elsewhere; the bundle that it was given does not.
    let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? ""
    let path = URL(filePath: bundle).deletingLastPathComponent().path + "/" + name
    try #require(FileManager.default.isExecutableFile(atPath: path), "\(name) is built beside the tests")
    return PluginScanner(executable: path, limitMilliseconds: limitMilliseconds)
  }

  /// Options that look at `paths` alone and keep their cache in this folder.
  func options(_ paths: [String], scansOnly: Bool = true, rescans: Bool = false) throws -> PluginRegistry.Options {
    var searchPath = PluginSearchPath(explicit: paths, environment: [:], executable: "/nowhere/dmt")
    searchPath.places.removeAll { $0.origin != .explicit }
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    return PluginRegistry.Options(
      threads: 1, logger: logger, searchPath: searchPath, scanner: try Self.scanner(limitMilliseconds: 1500),
      cache: ScanCache(path: folder + "/cache/plugins.json", host: "test"), rescans: rescans, scansOnly: scansOnly)
  }
}
