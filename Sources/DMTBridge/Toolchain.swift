internal import CDMTPlugin

/// The compiler that this code was built with.
public enum Toolchain {
  /// `Swift 6.3 (...)`: the language's version and the compiler's own build.
  ///
  /// Swift code of two compilers must not share one Swift runtime, so a plugin records this and the host compares it with
  /// its own.
  public static var compiler: String {
    #if compiler(>=7.0)
      let version = "7"
    #elseif compiler(>=6.5)
      let version = "6.5"
    #elseif compiler(>=6.4)
      let version = "6.4"
    #elseif compiler(>=6.3)
      let version = "6.3"
    #else
      let version = "6"
    #endif
    return "Swift \(version) (\(String(cString: dmt_c_compiler())))"
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
