public import DMTCore

/// Facts about a plugin's files, for commands.
public enum PluginFile {
  /// SHA-256 of a library in hexadecimal.
  ///
  /// - Throws: ``DMTError/Code/pluginRefused`` when it cannot be read or is no regular file.
  public static func sha256(of path: String) throws(DMTError) -> String { try OpenedLibrary(path).sha256 }
}
