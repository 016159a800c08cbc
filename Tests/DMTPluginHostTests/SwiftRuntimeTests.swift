import DMTBridge
import DMTCore
import DMTPluginHost
import Foundation
import Testing

/// Swift has no stable binary interface on Linux: whose runtime a plugin uses is read from its ELF file.
@Suite("The Swift runtime of a plugin", .serialized)
struct SwiftRuntimeTests {
  private let fixtures: PluginFixtures

  init() throws { fixtures = try PluginFixtures() }

  /// How a plugin in Swift gets its runtime.
  private enum Runtime {
    case hosts, own, ownVisible
  }

  private static let falsified = "Swift 5.9.2 (Clang 15.0.0 (another compiler))"

  /// Compiles Tests/Fixtures/Plugins/swifty.swift, whose descriptor will name `compiler`.
  private func build(_ name: String, _ runtime: Runtime, compiler: String) throws -> String {
    let source = try String(
      contentsOfFile: ContractLayout.repository + "/Tests/Fixtures/Plugins/swifty.swift", encoding: .utf8)
    let folder = "\(fixtures.folder)/\(name)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let changed = source.replacingOccurrences(of: "text(\"COMPILER\")", with: "text(\"\(compiler)\")")
      .replacingOccurrences(of: "com.example.swifty", with: "com.example.\(name)")
    try changed.write(toFile: folder + "/swifty.swift", atomically: true, encoding: .utf8)
    try "{ global: dmt_plugin_entry; local: *; };\n".write(
      toFile: folder + "/exports.map", atomically: true, encoding: .utf8)
    let header = ContractLayout.repository + "/Sources/CDMTPlugin/include/dmt/dmt.h"
    let compile = "swiftc -O -parse-as-library -module-name Swifty -import-objc-header '\(header)' swifty.swift"
    let link =
      switch runtime {
      case .hosts: compile + " -emit-library -Xlinker --version-script=exports.map -o lib.so"
      case .own: compile + " -emit-library -static-stdlib -Xlinker --version-script=exports.map -o lib.so"
      // swiftc itself hides a static runtime; who links by hand may not.
      case .ownVisible:
        compile + " -c -static-stdlib -o swifty.o && "
          + "static=$(swiftc -print-target-info -static-stdlib | sed -n 's/.*\"runtimeResourcePath\": \"\\(.*\\)\".*/\\1/p')/linux && "
          + "clang -shared -o lib.so swifty.o \"$static/$(uname -m)/swiftrt.o\" -L\"$static\" -lswift_StringProcessing "
          + "-lswift_RegexParser -lswift_Concurrency -lswiftCore -ldispatch -lBlocksRuntime -ldl -lpthread -lstdc++ -lm"
      }
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-c", link]
    process.currentDirectoryURL = URL(filePath: folder)
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "swifty.swift compiles and links")
    return folder + "/lib.so"
  }

  private func candidate(_ library: String, scansOnly: Bool = true) throws -> PluginCandidate {
    try #require(try PluginRegistry.load(try fixtures.options([library], scansOnly: scansOnly)).candidates.first)
  }

  @Test("one that shares the host's runtime is taken when the host's compiler made it, and runs")
  func shared() throws {
    let library = try build("shared", .hosts, compiler: Toolchain.compiler)
    try runs(library)
  }

  @Test("one that shares the host's runtime and names another compiler is refused")
  func falsifiedShared() throws {
    let found = try candidate(try build("false-shared", .hosts, compiler: Self.falsified))
    #expect(found.status == .refused)
    #expect(
      found.reason?.hasPrefix(
        "it was compiled by \(Self.falsified) and would share the Swift runtime of this host (it needs libswift")
        == true,
      "\(found.reason ?? "")")
    #expect(found.reason?.contains(Toolchain.compiler) == true)
    #expect(found.remedy?.contains("-static-stdlib") == true)
  }

  @Test("one that shares the host's runtime and does not say that it is Swift is refused")
  func disguised() throws {
    let found = try candidate(try build("disguised", .hosts, compiler: "gcc 12"))
    #expect(found.status == .refused)
    #expect(found.reason?.contains("names 'gcc 12' as its compiler, expected one like Swift ") == true)
  }

  @Test("what the compiler itself wrote into the file counts before what the plugin says, and before its code runs")
  func marked() throws {
    let library = try build("marked", .hosts, compiler: Toolchain.compiler)
    var bytes = try Data(contentsOf: URL(filePath: library))
    let mark = Data("clang version \(Toolchain.build)".utf8)
    var other = mark
    other[other.count - 2] ^= 1
    var count = 0
    while let range = bytes.range(of: mark) {
      bytes.replaceSubrange(range, with: other)
      count += 1
    }
    try #require(count > 0, "the compiler marks its files")
    try bytes.write(to: URL(filePath: library))
    let found = try candidate(library)
    #expect(found.status == .refused && found.scan?.phase == "read")
    #expect(found.reason?.contains("its code was made by") == true, "\(found.reason ?? "")")
  }

  @Test("one with a runtime of its own, hidden, is taken under any compiler's name, and runs beside the host's runtime")
  func own() throws {
    let library = try build("own", .own, compiler: Self.falsified)
    let inspection = try PluginInspection(path: library, scanner: try PluginFixtures.scanner())
    #expect(inspection.headers?.needed.contains { $0.hasPrefix("libswift") } == false)
    #expect(inspection.headers?.exports == ["dmt_plugin_entry"])
    try runs(library)
  }

  @Test("one that shows its own runtime to everybody is refused under another compiler's name")
  func visible() throws {
    let found = try candidate(try build("visible", .ownVisible, compiler: Self.falsified))
    #expect(found.status == .refused)
    #expect(found.reason?.contains("has a Swift runtime of its own of which it shows") == true, "\(found.reason ?? "")")
    #expect(found.remedy?.contains("version script") == true)
  }

  private func runs(_ library: String) throws {
    let registry = try PluginRegistry.load(try fixtures.options([library], scansOnly: false))
    let found = try #require(registry.candidates.first)
    try #require(found.status == .loaded, "\(found.reason ?? "")")
    let operation = try #require(registry.operators["com.example.add-one"])
    let kernel = try operation.bind(KernelRequest(op: operation.name, inputs: [[3]], outputs: [[3]]))
    let result = try RoundTrip.run(kernel, inputs: [[1, 2.5, -4]], outputs: [3], gradients: [[1, 2, 3]])
    #expect(result.outputs == [[2, 3.5, -3]] && result.inputGradients == [[1, 2, 3]])
  }
}
