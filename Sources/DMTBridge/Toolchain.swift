internal import CDMTPlugin

/// The compiler that this code was built with.
public enum Toolchain {
  /// `Swift 6.3.1 (BUILD)`: the language's version and the compiler's own build.
  ///
  /// Swift code of two compilers must not share one Swift runtime, so a plugin records this and the host compares it with
  /// its own.
  public static var compiler: String {
    // The language has no name for its own version; a newer one than these differs by its build.
    #if compiler(>=6.5)
      let version = "6.5"
    #elseif compiler(>=6.4)
      let version = "6.4"
    #elseif compiler(>=6.3.3)
      let version = "6.3.3"
    #elseif compiler(>=6.3.2)
      let version = "6.3.2"
    #elseif compiler(>=6.3.1)
      let version = "6.3.1"
    #else
      let version = "6.3"
    #endif
    return "Swift \(version) (\(String(cString: dmt_c_compiler())))"
  }

  /// The build of the C compiler inside the Swift compiler, `21.0.0 (ORIGIN COMMIT)`: every object file of either has it.
  public static var build: String {
    let text = String(cString: dmt_c_compiler())
    return text.hasPrefix("Clang ") ? String(text.dropFirst(6)) : text
  }

  /// Whether code of `other` may share the Swift runtime with code of `compiler`.
  ///
  /// The builds decide when both name one, otherwise the versions as far as both name them. What is no Swift needs no
  /// Swift runtime.
  public static func mayShareRuntime(_ other: String, with compiler: String = compiler) -> Bool {
    guard let other = parse(other), let own = parse(compiler) else { return true }
    if let build = other.build, let ownBuild = own.build { return build == ownBuild }
    return zip(other.version, own.version).allSatisfy { $0 == $1 }
  }

  private static func parse(_ text: String) -> (version: [Substring], build: Substring?)? {
    guard text.hasPrefix("Swift ") else { return nil }
    let rest = text.dropFirst(6)
    let version = rest.prefix { $0 != " " }.split(separator: ".")
    let build = rest.firstIndex(of: "(").map { rest[$0...] }
    return (version, build)
  }

  /// The machine that this code was built for.
  public static var target: String {
    #if arch(x86_64)
      "x86_64-linux-gnu"
    #elseif arch(arm64)
      "aarch64-linux-gnu"
    #else
      "unknown"
    #endif
  }
}
