import DMTConformance

/// Reports of `dmt plugin check` for people.
enum ConformanceText {
  /// A plugin's head line and its tests as a table.
  static func lines(of report: PluginReport, onlyFailures: Bool) -> [String] {
    let results = report.results.filter { !onlyFailures || $0.outcome.status == .failed }
    if onlyFailures && results.isEmpty { return [] }
    let title = report.id.map { "\($0) \(report.version ?? "")" } ?? "no plugin that can be read"
    var rows: [[String]] = []
    for result in results {
      let texts = result.outcome.reasons + (onlyFailures ? [] : result.outcome.notes)
      rows.append([
        result.component?.description ?? "library", result.test, word(result.outcome.status), texts.first ?? "",
      ])
      for text in texts.dropFirst() { rows.append(["", "", "", text]) }
    }
    var lines = ["\(report.path): \(title)"]
    lines += TextTable.lines(header: ["component", "test", "", ""], rows: rows).dropFirst().map { "  " + $0 }
    if report.isCutShort { lines.append("  the other tests make no sense without this one") }
    return lines
  }

  private static func word(_ status: TestOutcome.Status) -> String {
    switch status {
    case .passed: "ok"
    case .failed: "FAILED"
    case .skipped: "skipped"
    }
  }

  /// A line a plugin, and how to repeat the run.
  static func summary(_ report: ConformanceReport) -> [String] {
    let rows = report.plugins.map { plugin in
      [
        plugin.path, plugin.passed ? "ok" : "FAILED", "\(plugin.count(.passed)) passed",
        "\(plugin.count(.failed)) failed",
        "\(plugin.count(.skipped)) skipped", Format.fixed(plugin.results.reduce(0) { $0 + $1.seconds }, 1) + " s",
      ]
    }
    var lines = [""]
    lines += TextTable.lines(header: ["", "", "", "", "", ""], rows: rows, rightAligned: [2, 3, 4, 5]).dropFirst()
    lines.append("seed \(report.seed); the same inputs again: --reproduce \(report.seed)")
    return lines
  }
}
