public import DMTCore
import Foundation

/// The results of many cases, to be printed.
public struct CaseReport: Sendable, Codable {
  public var results: [CaseResult]

  public init(_ results: [CaseResult] = []) { self.results = results }

  /// True when there are results and every one passed.
  public var passed: Bool { !results.isEmpty && results.allSatisfy(\.passed) }

  /// The number of cases with that end.
  public func count(_ outcome: CaseResult.Outcome) -> Int { results.count { $0.outcome == outcome } }

  /// A line a case: verdict, name, who served, worst tensor, its error and how much of the tolerance that is; then a sum.
  public func table() -> String {
    let rows = results.map { Self.row($0) }
    let header = ["", "case", "served by", "worst tensor", "abs error", "rel error", "of tolerance"]
    let widths = header.indices.map { column in ([header] + rows.map(\.cells)).map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      let padded = zip(cells, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
      return padded.joined(separator: "  ").trimmingTrailingBlanks
    }
    var lines = [line(header)]
    for row in rows {
      lines.append(line(row.cells))
      if let message = row.message {
        lines += message.split(separator: "\n").map { "      \($0)" }
      }
    }
    lines.append(summary)
    return lines.joined(separator: "\n")
  }

  /// `391 cases: 380 passed, 4 missed, 5 not served, 2 failed`.
  public var summary: String {
    var text = "\(results.count) case\(results.count == 1 ? "" : "s"): \(count(.passed)) passed"
    for (outcome, word) in [(CaseResult.Outcome.missed, "missed"), (.notServed, "not served"), (.failed, "failed")]
    where count(outcome) > 0 {
      text += ", \(count(outcome)) \(word)"
    }
    return text
  }

  /// The report as JSON: `passed`, and `results` with every tensor.
  ///
  /// - Throws: ``DMTError/Code/internalError`` when the encoder refuses.
  public func json() throws(DMTError) -> String {
    struct Document: Encodable {
      let passed: Bool
      let summary: String
      let results: [CaseResult]
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      let data = try encoder.encode(Document(passed: passed, summary: summary, results: results))
      return String(decoding: data, as: UTF8.self)
    } catch {
      throw DMTError(.internalError, "the report cannot be written as JSON: \(error)")
    }
  }

  private static func row(_ result: CaseResult) -> (cells: [String], message: String?) {
    let worst = result.worst
    let cells = [
      result.passed ? "pass" : "FAIL", result.name,
      result.servedBy.isEmpty ? "-" : result.servedBy.joined(separator: "+"), worst?.tensor ?? "-",
      worst.map { number($0.absoluteError) } ?? "-", worst.map { number($0.relativeError) } ?? "-",
      worst.map { number($0.toleranceUsed) } ?? "-",
    ]
    return (cells, result.message)
  }

  private static func number(_ value: Double) -> String {
    value == .greatestFiniteMagnitude ? "not finite" : String(format: "%.1e", value)
  }
}

extension String {
  fileprivate var trimmingTrailingBlanks: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
