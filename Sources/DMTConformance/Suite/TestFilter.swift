/// Which tests are run: patterns with `*` and `?` on names of tests and components.
public struct TestFilter: Sendable {
  private let patterns: [String]

  /// - Parameter patterns: none: every test.
  public init(_ patterns: [String] = []) { self.patterns = patterns }

  /// Whether a pattern matches the test's name, the component's id or kind, or `TEST@COMPONENT`.
  func admits(test: String, component: TestedComponent?) -> Bool {
    if patterns.isEmpty { return true }
    var names = [test]
    if let component { names += [component.id, component.kind, test + "@" + component.id] }
    return patterns.contains { pattern in
      names.contains { Self.matches(Array(pattern.utf8)[...], Array($0.utf8)[...]) }
    }
  }

  private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
    guard let first = pattern.first else { return text.isEmpty }
    let rest = pattern.dropFirst()
    switch first {
    case UInt8(ascii: "*"):
      return matches(rest, text) || (!text.isEmpty && matches(pattern, text.dropFirst()))
    case UInt8(ascii: "?"): return !text.isEmpty && matches(rest, text.dropFirst())
    default: return text.first == first && matches(rest, text.dropFirst())
    }
  }
}
