public import DMTCore

/// Where a value of the manifest was written.
public enum ManifestOrigin: Sendable, Hashable {
  /// In a file, at a line and a column from 1.
  case file(String, line: Int, column: Int)
  /// By an override; the payload is its text, `path=value`.
  case override(String)
  /// Nowhere: it is the default.
  case defaultValue

  /// The place of an error about this value.
  public var place: DMTError.Place {
    switch self {
    case .file(let path, let line, let column): DMTError.Place(file: path, line: line, column: column)
    case .override(let text): DMTError.Place(file: "--set \(text)")
    case .defaultValue: DMTError.Place()
    }
  }

  /// The origin as `dmt config` prints it: `FILE:LINE:COLUMN`, `--set` or `default`.
  public var comment: String {
    switch self {
    case .file(let path, let line, let column): "\(path):\(line):\(column)"
    case .override: "--set"
    case .defaultValue: "default"
    }
  }
}
