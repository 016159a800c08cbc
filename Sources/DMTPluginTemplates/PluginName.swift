internal import DMTCore

/// What a plugin may be called, and what its name is in code.
enum PluginName {
  /// The longest name: it becomes the name of files.
  private static let longest = 64
  /// Names that a package in Swift has beside it.
  private static let taken: Set<String> = ["dmt", "sdk"]

  /// - Throws: ``DMTError/Code/invalidArgument`` that says which characters a name is made of.
  static func check(name: String) throws(DMTError) {
    let remedy = "take small letters a to z, digits and '-', a letter first, at most \(longest): swish, gated-cross"
    guard let first = name.utf8.first else {
      throw DMTError(.invalidArgument, "the plugin's name is empty", remedy: remedy)
    }
    guard isSmallLetter(first), name.utf8.allSatisfy({ isSmallLetter($0) || isDigit($0) || $0 == dash }),
      name.utf8.last != dash, !name.contains("--"), name.utf8.count <= longest
    else {
      throw DMTError(.invalidArgument, "'\(name)' cannot be a plugin's name", remedy: remedy)
    }
    guard !taken.contains(name) else {
      throw DMTError(.invalidArgument, "'\(name)' is the name of a package that plugins are built with", remedy: remedy)
    }
  }

  /// - Throws: ``DMTError/Code/invalidArgument`` that says what an id is made of.
  static func check(id: String) throws(DMTError) {
    let remedy =
      "take two or more parts joined by dots, of small letters, digits and '-', a letter first: com.example.swish"
    let parts = id.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count >= 2, id.utf8.count <= 2 * longest,
      parts.allSatisfy({ part in
        guard let first = part.utf8.first, let last = part.utf8.last else { return false }
        return isSmallLetter(first) && last != dash
          && part.utf8.allSatisfy { isSmallLetter($0) || isDigit($0) || $0 == dash }
      })
    else {
      throw DMTError(.invalidArgument, "'\(id)' cannot be a plugin's id", remedy: remedy)
    }
    guard parts[0] != "dmt" else {
      throw DMTError(.invalidArgument, "the id '\(id)' begins with 'dmt', as the project's own do", remedy: remedy)
    }
  }

  /// The name as a C identifier, in small letters.
  static func identifier(_ name: String) -> String { name.replacing("-", with: "_") }

  /// The name as a type's: `gated-cross` is GatedCross.
  static func type(_ name: String) -> String {
    name.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  private static let dash = UInt8(ascii: "-")
  private static func isSmallLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
