public import DMTCore
import DMTData
import DMTTraining
import Foundation

extension Comparison {
  /// Reads what the runs came to and tests every manifest against the first.
  ///
  /// - Parameter failures: the errors of runs that failed, by the path of their folder.
  /// - Throws: errors of reading the runs' records.
  public func report(program: String, failures: [String: DMTError] = [:]) throws(DMTError) -> ComparisonReport {
    var warnings = self.warnings
    var entries: [ComparisonReport.Entry] = []
    for (index, contestant) in contestants.enumerated() {
      var results: [ComparisonReport.Run] = []
      var first: RunRecord?
      for run in runs where run.contestant == index {
        let (result, record) = try self.result(of: run, failure: failures[run.folder.path])
        results.append(result)
        guard let record else { continue }
        if let first { warnings += difference(of: run, record, from: first) } else { first = record }
      }
      entries.append(Self.entry(contestant, results))
    }
    return ComparisonReport(
      program: program, metric: settings.metric, higherIsBetter: settings.metric.isBetter(1, than: 0),
      split: settings.split.rawValue, seeds: settings.seeds, overrides: settings.overrides, manifests: entries,
      tests: try Self.tests(entries), warnings: warnings)
  }

  private func result(
    of run: PlannedRun, failure: DMTError?
  ) throws(DMTError) -> (ComparisonReport.Run, RunRecord?) {
    var result = ComparisonReport.Run(seed: run.seed, folder: run.folder.path)
    guard case .finished(let record, let outcome) = try run.state() else {
      result.error = failure?.message ?? "the run is not finished"
      return (result, nil)
    }
    result.reason = outcome.reason.rawValue
    result.step = outcome.step
    result.valid = outcome.valid
    result.test = outcome.test
    let measured = settings.split == .test ? outcome.test : outcome.valid
    result.value = measured.flatMap { settings.metric.value(in: $0) }
    if result.value?.isFinite != true {
      result.value = nil
      result.error = "\(settings.metric.rawValue) is not defined on \(settings.split) of this run"
    }
    return (result, record)
  }

  /// Runs that are to be compared are made by the same kernels.
  private func difference(of run: PlannedRun, _ record: RunRecord, from first: RunRecord) -> [String] {
    var record = record
    record.threads = first.threads
    let differences = first.differences(from: record)
    guard !differences.isEmpty else { return [] }
    return [
      "\(run.folder.path) was not made as the manifest's first run: \(differences.joined(separator: "; "))"
    ]
  }

  private static func entry(
    _ contestant: Contestant, _ runs: [ComparisonReport.Run]
  ) -> ComparisonReport.Entry {
    let summary = SampleSummary(runs.compactMap(\.value))
    return ComparisonReport.Entry(
      name: contestant.name, manifest: contestant.path, examples: contestant.examples, n: summary.count,
      median: summary.median, mean: summary.mean, standardDeviation: summary.standardDeviation,
      minimum: summary.minimum, lowerQuartile: summary.lowerQuartile, upperQuartile: summary.upperQuartile,
      maximum: summary.maximum, runs: runs)
  }

  private static func tests(_ entries: [ComparisonReport.Entry]) throws(DMTError) -> [ComparisonReport.Test] {
    guard let baseline = entries.first else { return [] }
    let reference = ComparisonReport.values(baseline)
    var tests: [ComparisonReport.Test] = []
    for entry in entries.dropFirst() {
      let values = ComparisonReport.values(entry)
      var test = ComparisonReport.Test(name: entry.name, baseline: baseline.name)
      if let median = entry.median, let other = baseline.median { test.medianDifference = median - other }
      test.shift = SampleSummary.shift(values, over: reference)
      if min(values.count, reference.count) < 2 {
        test.note = "p needs at least 2 runs of each manifest, there are \(values.count) and \(reference.count)"
      } else {
        let result = try MannWhitney(values, reference)
        test.u = result.u
        test.superiority = result.superiority
        test.pTwoSided = result.pTwoSided
        test.pLess = result.pLess
        test.pGreater = result.pGreater
        test.method = result.method
        test.pSmallest = MannWhitney.smallestP(values.count, reference.count)
      }
      tests.append(test)
    }
    let tested = tests.indices.filter { tests[$0].pTwoSided != nil }
    let corrected = HolmCorrection.corrected(tested.compactMap { tests[$0].pTwoSided })
    for (index, p) in zip(tested, corrected) { tests[index].pHolm = p }
    return tests
  }
}
