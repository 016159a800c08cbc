import DMTCore
import Yams

/// Gives the parser's complaints the form and the place of this project's errors.
enum YAMLSyntaxError {
  /// `error` of parsing `text` as an error with line and column.
  static func located(
    _ error: any Error, text: String, origin: (_ line: Int, _ column: Int) -> ManifestOrigin
  ) -> DMTError {
    func failure(_ message: String, _ line: Int, _ column: Int, remedy: String? = nil) -> DMTError {
      DMTError(.invalidManifest, message, place: origin(line, column).place, remedy: remedy)
    }
    guard let error = error as? YamlError else { return failure("not YAML: \(error)", 1, 1) }
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
      return failure("not YAML: \(sentence(context, problem))", mark.line, mark.column, remedy: remedy(for: problem))
    case .composer(_, let problem, let mark, _):
      return failure("not YAML: \(problem)", mark.line, mark.column)
    case .reader(let problem, let offset, _, _):
      let (line, column) = position(offset: offset ?? 0, in: text)
      return failure(
        "not YAML: \(problem)", line, column, remedy: "remove the character, or write it as an escape in quotes")
    case .duplicatedKeysInMapping(let keys, let context):
      let first = context.mark
      let key = keys.first ?? ""
      let second = secondPlace(of: key, after: first, in: text) ?? (first.line, first.column)
      return failure(
        "key '\(key)' is given twice, first at \(origin(first.line, first.column).comment)", second.0, second.1,
        remedy: "keep one of them")
    case .memory:
      return failure("not YAML: lists and mappings are nested too deeply", 1, 1)
    default:
      return failure("not YAML: \(error)", 1, 1)
    }
  }

  private static func sentence(_ context: YamlError.Context?, _ problem: String) -> String {
    guard let context, !context.text.isEmpty else { return problem }
    return "\(problem), \(context.text) from line \(context.mark.line), column \(context.mark.column)"
  }

  private static func remedy(for problem: String) -> String? {
    if problem.contains("cannot start any token") {
      return "indent with blanks, not tabs; put a text that starts with a special character in quotes"
    }
    if problem.contains("mapping values are not allowed") { return "put a text that holds ': ' in quotes" }
    return nil
  }

  private static func position(offset: Int, in text: String) -> (line: Int, column: Int) {
    var line = 1
    var column = 1
    for character in text.prefix(offset) {
      if character.isNewline { (line, column) = (line + 1, 1) } else { column += 1 }
    }
    return (line, column)
  }

  /// Where `key` is given for the second time.
  ///
  /// The parser names only the first place. The second is where renaming the key makes the parser's complaint go away
  /// or change.
  private static func secondPlace(of key: String, after first: Mark, in text: String) -> (Int, Int)? {
    let maximumTrials = 100
    guard !key.isEmpty else { return nil }
    var line = 1
    var lineStart = text.startIndex
    var search = text.startIndex
    var trials = 0
    while trials < maximumTrials, let range = text[search...].firstRange(of: key) {
      while let end = text[lineStart..<range.lowerBound].firstIndex(where: \.isNewline) {
        lineStart = text.index(after: end)
        line += 1
      }
      search = range.upperBound
      let column = text[lineStart..<range.lowerBound].unicodeScalars.count + 1
      guard (line, column) > (first.line, first.column) else { continue }
      trials += 1
      let renamed = text.replacingCharacters(of: range, with: key + "_\(text.utf8.count)")
      if !hasDuplicate(key, at: first, in: renamed) { return (line, column) }
    }
    return nil
  }

  private static func hasDuplicate(_ key: String, at first: Mark, in text: String) -> Bool {
    do {
      _ = try YAMLReader.compose(text)
      return false
    } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
      return keys.contains(key) && context.mark.line == first.line && context.mark.column == first.column
    } catch {
      // The rename broke something else, so it did not hit a key.
      return true
    }
  }
}

extension String {
  fileprivate func replacingCharacters(of range: Range<String.Index>, with replacement: String) -> String {
    self[..<range.lowerBound] + replacement + self[range.upperBound...]
  }
}
