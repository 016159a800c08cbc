internal import DMTBridge

/// Whose Swift runtime a library's code runs on, as its ELF headers tell; nothing that it says about itself counts here.
///
/// Swift has no stable binary interface on Linux, and the runtime's libraries carry no version: code of another compiler binds
/// to the host's runtime without a word and breaks later. It is safe only with a runtime of its own that nobody else sees,
/// because the loader gives a symbol that a library shows to whoever loaded one of that name first: the host.
enum SwiftRuntimeUse: Equatable {
  /// It needs no Swift runtime, or has its own, hidden.
  case apart
  /// It takes the host's; the text says what shows it.
  case hosts(String)
  /// It has its own, and shows this many of its symbols.
  case visible(Int)

  init(_ headers: ELFFile) {
    if let library = headers.needed.first(where: { $0.hasPrefix("libswift") }) {
      self = .hosts("it needs \(library)")
      return
    }
    if let symbol = headers.imports.first(where: Self.isRuntime) {
      self = .hosts("it leaves \(symbol) to the host")
      return
    }
    let shown = headers.exports.count(where: Self.isRuntime)
    self = shown > 0 ? .visible(shown) : .apart
  }

  /// Functions of the runtime, and of the standard library (module `Swift`, `$ss` mangled).
  private static func isRuntime(_ symbol: String) -> Bool {
    symbol.hasPrefix("swift_") || symbol.hasPrefix("$ss") || symbol.hasPrefix("_swift_")
  }

  /// Why it is refused by what its compilers wrote into it; nil: it is not, or they wrote nothing.
  func mismatch(compilers: [String]) -> ScanResult? {
    let mark = "clang version "
    let builds = compilers.filter { $0.contains(mark) }
    guard self != .apart, !builds.isEmpty, !builds.contains(where: { $0.hasSuffix(mark + Toolchain.build) }) else {
      return nil
    }
    return refused("its code was made by \(builds.joined(separator: ", "))", phase: "read")
  }

  /// Why it is refused by the compiler that its descriptor names; nil: it is not.
  func mismatch(stated: String) -> ScanResult? {
    guard self != .apart else { return nil }
    guard stated.hasPrefix("Swift ") else {
      return refused(
        "its descriptor names '\(stated)' as its compiler, expected one like \(Toolchain.compiler)", phase: "descriptor"
      )
    }
    return Toolchain.mayShareRuntime(stated) ? nil : refused("it was compiled by \(stated)", phase: "descriptor")
  }

  private func refused(_ found: String, phase: String) -> ScanResult {
    switch self {
    case .visible(let count):
      .refused(
        "\(found), and has a Swift runtime of its own of which it shows \(count) symbols: they would mix with those of this "
          + "host, which was compiled by \(Toolchain.compiler)",
        remedy: "hide them with a version script: { global: dmt_plugin_entry; local: *; };", phase: phase)
    case .hosts(let evidence):
      .refused(
        "\(found) and would share the Swift runtime of this host (\(evidence)), which was compiled by "
          + Toolchain.compiler,
        remedy:
          "rebuild it with the host's compiler, or give it a runtime of its own (-Xswiftc -static-stdlib), hidden by "
          + "a version script", phase: phase)
    case .apart: .refused(found, phase: phase)
    }
  }
}
