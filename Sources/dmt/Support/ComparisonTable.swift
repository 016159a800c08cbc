import DMTComparison
import DMTTraining

/// A comparison as lines of text: the manifests' figures, then each one against the baseline.
enum ComparisonTable {
  static func lines(_ report: ComparisonReport) -> [String] {
    let seeds = report.seeds.count == 1 ? "seed" : "seeds"
    var lines = ["\(report.metric.rawValue) on \(report.split), \(seeds) \(range(report.seeds))", ""]
    lines += TextTable.lines(
      header: ["manifest", "n", "median", "mean", "sd", "min", "max"],
      rows: report.manifests.map { entry in
        [entry.name, String(entry.n)]
          + [entry.median, entry.mean, entry.standardDeviation, entry.minimum, entry.maximum].map(FigureText.figure)
      }, rightAligned: [1, 2, 3, 4, 5, 6])
    guard let baseline = report.manifests.first, !report.tests.isEmpty else { return lines + [""] }
    let hasSeveral = report.tests.count > 1
    let direction = report.higherIsBetter ? "above 0 is better" : "below 0 is better"
    lines += ["", "against \(baseline.name) (\(direction))", ""]
    lines += TextTable.lines(
      header: ["manifest", "median", "shift", "U", "p"] + (hasSeveral ? ["p (Holm)"] : []),
      rows: report.tests.map { test in
        [
          test.name, FigureText.difference(test.medianDifference), FigureText.difference(test.shift),
          test.u.map { Format.fixed($0, 1) } ?? "-", FigureText.p(test.pTwoSided),
        ] + (hasSeveral ? [FigureText.p(test.pHolm)] : [])
      }, rightAligned: [1, 2, 3, 4, 5])
    return lines + [""] + notes(report) + [""]
  }

  /// What p is, and what keeps it from being more.
  private static func notes(_ report: ComparisonReport) -> [String] {
    var notes: [String] = []
    let methods = Set(report.tests.compactMap(\.method))
    if let method = methods.first {
      let how = methods.count > 1 ? "exact or normal" : method == .exact ? "exact" : "normal approximation"
      notes.append("p: two-sided Mann-Whitney U test, \(how)")
    }
    for test in report.tests {
      if let note = test.note { notes.append("\(test.name): \(note)") }
    }
    if let smallest = report.tests.compactMap(\.pSmallest).max(), smallest > 0.01 {
      notes.append("so few runs cannot give a p below \(FigureText.p(smallest)); the paper's protocol has 9")
    }
    let failed = report.manifests.flatMap(\.runs).count { $0.value == nil }
    if failed > 0 {
      notes.append("\(failed) of \(report.manifests.flatMap(\.runs).count) runs have no value and are not in it")
    }
    return notes + report.warnings.map { "warning: \($0)" }
  }

  private static func range(_ seeds: [UInt64]) -> String {
    guard let first = seeds.first, let last = seeds.last, first != last else {
      return seeds.first.map { "\($0)" } ?? "-"
    }
    return "\(first) to \(last)"
  }
}
