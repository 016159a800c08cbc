public import DMTCore

/// The highest instruction set that the user lets kernels have: the environment variable `DMT_ISA_MAX`.
public struct ISACap: Sendable, Hashable {
  /// The variable's name.
  public static let variable = "DMT_ISA_MAX"

  /// Level of x86-64, 1 to 4.
  public let level: Int32

  /// The instruction sets by which a level goes, and the levels' own names.
  private static let choices: [(name: String, level: Int32)] =
    [("sse4.2", 2), ("avx2", 3), ("avx512", 4)] + (1...4).map { ("x86-64-v\($0)", $0) }

  /// The level with the name `text`: `avx2`, `x86-64-v3`, `v3` or `3`.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` with the choices.
  public init(_ text: String) throws(DMTError) {
    let short = text.hasPrefix("v") ? "x86-64-" + text : text.count == 1 ? "x86-64-v" + text : text
    guard let found = Self.choices.first(where: { $0.name == short.lowercased() }) else {
      throw DMTError(
        .invalidArgument, "\(Self.variable) is '\(text)', which is no instruction set of x86-64",
        remedy: "set it to one of " + Self.choices.map(\.name).joined(separator: ", ") + ", or unset it")
    }
    level = found.level
  }

  /// What the environment says; nil when it says nothing.
  ///
  /// - Throws: as ``init(_:)``.
  public static func environment() throws(DMTError) -> ISACap? {
    guard let value = TrustedEnvironment.variables[variable], !value.isEmpty else { return nil }
    return try ISACap(value)
  }
}
