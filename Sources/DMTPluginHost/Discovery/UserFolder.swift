/// A folder of the user, as the XDG base directory specification places it.
package enum UserFolder {
  case configuration
  case cache
  case data

  /// The folder; nil when the environment names neither it nor a home. Paths that are not absolute are passed over.
  package func path(in environment: [String: String]) -> String? {
    let (variable, usual) =
      switch self {
      case .configuration: ("XDG_CONFIG_HOME", ".config")
      case .cache: ("XDG_CACHE_HOME", ".cache")
      case .data: ("XDG_DATA_HOME", ".local/share")
      }
    if let folder = environment[variable], folder.hasPrefix("/") { return folder }
    if let home = environment["HOME"], home.hasPrefix("/") { return home + "/" + usual }
    return nil
  }
}
