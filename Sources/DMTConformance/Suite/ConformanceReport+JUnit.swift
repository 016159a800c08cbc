extension ConformanceReport {
  /// As JUnit's XML: a test suite a plugin, a test case a test of a component.
  public var junit: String {
    var lines = [#"<?xml version="1.0" encoding="UTF-8"?>"#, "<testsuites name=\"dmt plugin check\">"]
    for plugin in plugins {
      let seconds = plugin.results.reduce(0) { $0 + $1.seconds }
      lines.append(
        "  <testsuite name=\"\(Self.escaped(plugin.id ?? plugin.path))\" tests=\"\(plugin.results.count)\" "
          + "failures=\"\(plugin.count(.failed))\" skipped=\"\(plugin.count(.skipped))\" time=\"\(Self.time(seconds))\">"
      )
      lines.append("    <properties><property name=\"seed\" value=\"\(seed)\"/></properties>")
      for result in plugin.results { lines += Self.lines(of: result) }
      lines.append("  </testsuite>")
    }
    lines.append("</testsuites>")
    return lines.joined(separator: "\n")
  }

  private static func lines(of result: TestResult) -> [String] {
    let head =
      "    <testcase classname=\"\(escaped(result.component?.description ?? "library"))\" "
      + "name=\"\(escaped(result.test))\" time=\"\(time(result.seconds))\""
    let text = escaped(result.outcome.reasons.joined(separator: "; "))
    var inner: [String] = []
    switch result.outcome.status {
    case .passed: break
    case .failed: inner.append("      <failure message=\"\(text)\"/>")
    case .skipped: inner.append("      <skipped message=\"\(text)\"/>")
    }
    if !result.outcome.notes.isEmpty {
      inner.append("      <system-out>\(escaped(result.outcome.notes.joined(separator: "\n")))</system-out>")
    }
    return inner.isEmpty ? [head + "/>"] : [head + ">"] + inner + ["    </testcase>"]
  }

  /// Milliseconds are as fine as a process can be measured.
  private static func time(_ seconds: Double) -> String {
    let milliseconds = Int((seconds * 1000).rounded())
    let rest = String(milliseconds % 1000)
    return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      // XML has no way to write most control characters.
      case "\n", "\t": result.unicodeScalars.append(scalar)
      case let scalar where scalar.value < 32: result += "?"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
