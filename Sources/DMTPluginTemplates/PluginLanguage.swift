/// A language that packages of plugins are written in.
public enum PluginLanguage: String, Sendable, CaseIterable {
  case c
  case cpp
  case swift
  case rust

  /// As people write it.
  public var title: String {
    switch self {
    case .c: "C"
    case .cpp: "C++"
    case .swift: "Swift"
    case .rust: "Rust"
    }
  }
}
