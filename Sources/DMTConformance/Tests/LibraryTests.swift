internal import DMTCore
internal import DMTPluginHost
internal import Foundation
internal import Glibc

/// What the library's file shows.
enum LibraryTests {
  /// Tests without which nothing else can be tried; they come first.
  static let gates: Set<String> = ["library.imports"]

  static let all = [
    ConformanceTest("library.imports", "It takes no symbol but from the libraries that it names.", .plugin, imports),
    ConformanceTest("library.exports", "It exports dmt_plugin_entry and nothing else.", .plugin) { context in
      let exports = try headers(context).exports
      let others = exports.filter { $0 != "dmt_plugin_entry" }
      context.expect(
        others.isEmpty,
        "it exports \(others.count) more: \(others.prefix(3).joined(separator: ", "))"
          + "; hide them (-fvisibility=hidden, or a version script)")
      context.expect(exports.contains("dmt_plugin_entry"), "it does not export dmt_plugin_entry")
    },
    ConformanceTest("library.sidecar", "Its sidecar says what the library says.", .plugin, sidecar),
  ]

  private static func headers(_ context: TestContext) throws -> ELFFile {
    guard let bytes = FileManager.default.contents(atPath: context.library) else {
      throw DMTError(.pluginRefused, "\(context.library) cannot be read")
    }
    return try ELFFile(bytes, path: context.library)
  }

  /// Every symbol that it takes is defined by a library that it needs: what the process around it has does not count.
  private static func imports(_ context: TestContext) throws {
    let headers = try headers(context)
    guard headers.isForThisMachine else {
      throw DMTError(.pluginRefused, "it is for \(headers.machine), not for this machine")
    }
    context.phase("opening the library")
    guard dlopen(context.library, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE) != nil else {
      let words = dlerror().map { String(cString: $0) } ?? "the loader does not say why"
      throw DMTError(.pluginRefused, "the library cannot be opened: \(words)")
    }
    // A library's handle finds what it and those that it needs define, and nothing of this program.
    let handles = headers.needed.compactMap { dlopen($0, RTLD_LAZY | RTLD_NOLOAD) }
    let unknown = headers.imports.filter { name in !handles.contains { dlsym($0, name) != nil } }
    context.expect(
      unknown.isEmpty,
      "none of \(headers.needed.joined(separator: ", ")) defines \(unknown.prefix(5).joined(separator: ", ")); link the "
        + "plugin with all libraries it uses: it imports nothing from dmt")
    context.note("needs \(headers.needed.joined(separator: ", "))")
  }

  private static func sidecar(_ context: TestContext) throws {
    guard let folder = context.folder else { throw context.skip("a bare library has no sidecar") }
    let sidecar = try PluginSidecar(path: folder + "/" + PluginSidecar.fileName)
    let descriptor = try SubjectPlugin(context).loaded.descriptor
    for (field, promised, found) in [
      ("id", sidecar.id, descriptor.id), ("version", sidecar.version, descriptor.version),
      ("license", sidecar.license ?? descriptor.license, descriptor.license),
    ] {
      context.expect(promised == found, "the sidecar's \(field) is '\(promised)', the descriptor's '\(found)'")
    }
    context.expect(
      sidecar.abi.major == descriptor.abiMajor && sidecar.abi.minor == descriptor.abiMinor,
      "the sidecar's contract is \(sidecar.abi.major).\(sidecar.abi.minor), the descriptor's "
        + "\(descriptor.abiMajor).\(descriptor.abiMinor)")
    context.expect(
      sidecar.minimumHostMinor ?? sidecar.abi.minor == descriptor.minimumHostMinor,
      "the sidecar's min_host_minor is \(sidecar.minimumHostMinor ?? sidecar.abi.minor), the descriptor's "
        + "\(descriptor.minimumHostMinor)")
    let kinds = Set(descriptor.components.map(\.kind))
    context.expect(
      Set(sidecar.kinds) == kinds,
      "the sidecar's kinds are \(sidecar.kinds.sorted()), the descriptor's \(kinds.sorted())")
    for variant in sidecar.variants ?? [] {
      context.expect(
        FileManager.default.fileExists(atPath: folder + "/" + variant.library), "\(variant.library) is not there")
    }
  }
}
