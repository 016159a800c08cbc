import DMTPicture
import DMTTraining
import Foundation

/// Draws a comparison: a box for each manifest from quartile to quartile, whiskers to the extremes, every run a dot.
public struct BoxPlot {
  private static let margin = 28.0
  private static let plotWidth = 560.0
  private static let top = 96.0
  private static let row = 66.0
  private static let right = 230.0
  private static let ink = "#24292f"
  private static let grey = "#6e7781"
  private static let grid = "#d8dee4"

  private let report: ComparisonReport
  private let labelWidth: Double
  private let low: Double
  private let high: Double
  private var picture = SVG()

  private init(_ report: ComparisonReport) {
    self.report = report
    let longest = report.manifests.map { Self.label($0.name).count }.max() ?? 0
    labelWidth = min(300, max(90, Double(longest) * 7.6 + 16))
    let values = report.manifests.flatMap(ComparisonReport.values)
    let (least, most) = (values.min() ?? 0, values.max() ?? 1)
    let padding = most > least ? (most - least) * 0.06 : max(abs(most) * 1e-3, 1e-6)
    low = least - padding
    high = most + padding
  }

  /// The picture as SVG text, on a ground of its own so that it reads the same in light and dark viewers.
  public static func svg(_ report: ComparisonReport) -> String {
    var plot = BoxPlot(report)
    return plot.draw()
  }

  private var left: Double { Self.margin + labelWidth }

  private func x(_ value: Double) -> Double { left + (value - low) / (high - low) * Self.plotWidth }

  private mutating func draw() -> String {
    let bottom = Self.top + Double(report.manifests.count) * Self.row
    let (first, last) = (report.seeds.first ?? 0, report.seeds.last ?? 0)
    picture.text("\(report.metric.rawValue) on \(report.split)", x: Self.margin, y: 40, size: 22, weight: 600)
    picture.text(
      "seeds \(first) to \(last)  ·  box: quartiles and median, whiskers: extremes, a dot a run  ·  "
        + "p: two-sided Mann-Whitney U", x: Self.margin, y: 64, size: 12.5, fill: Self.grey)
    drawAxis(bottom: bottom)
    if let baseline = report.manifests.first?.median {
      var y = Self.top
      while y < bottom {
        picture.line(x1: x(baseline), y1: y, x2: x(baseline), y2: min(bottom, y + 4), stroke: Self.grey)
        y += 8
      }
    }
    for (index, entry) in report.manifests.enumerated() {
      draw(entry, index: index, middle: Self.top + (Double(index) + 0.5) * Self.row)
    }
    return picture.document(
      width: left + Self.plotWidth + Self.right + Self.margin, height: bottom + 62,
      title: "\(report.metric.rawValue) of \(report.manifests.map(\.name).joined(separator: ", "))")
  }

  private mutating func drawAxis(bottom: Double) {
    for tick in Ticks(from: low, to: high).labels {
      picture.line(x1: x(tick.value), y1: Self.top, x2: x(tick.value), y2: bottom + 5, stroke: Self.grid)
      picture.text(tick.text, x: x(tick.value), y: bottom + 20, size: 12, fill: Self.ink, anchor: "middle")
    }
    picture.line(x1: left, y1: bottom, x2: left + Self.plotWidth, y2: bottom, stroke: Self.grey)
    picture.text(
      report.higherIsBetter ? "higher is better →" : "← lower is better", x: left + Self.plotWidth / 2, y: bottom + 42,
      size: 12, fill: Self.grey, anchor: "middle")
  }

  private mutating func draw(_ entry: ComparisonReport.Entry, index: Int, middle: Double) {
    let color = Palette.tower(index)
    picture.text(
      Self.label(entry.name), x: left - 12, y: middle + 4.5, size: 13, anchor: "end", weight: index == 0 ? 600 : 400)
    drawNotes(entry, index: index, middle: middle)
    guard let minimum = entry.minimum, let maximum = entry.maximum, let median = entry.median,
      let lower = entry.lowerQuartile, let upper = entry.upperQuartile
    else { return }
    let half = 15.0
    picture.line(x1: x(minimum), y1: middle, x2: x(maximum), y2: middle, stroke: color, width: 1.6)
    for end in [minimum, maximum] {
      picture.line(x1: x(end), y1: middle - half / 2, x2: x(end), y2: middle + half / 2, stroke: color, width: 1.6)
    }
    picture.rectangle(
      x: x(lower), y: middle - half, width: max(1, x(upper) - x(lower)), height: 2 * half, fill: "#f6f8fa", radius: 3,
      stroke: color)
    picture.line(x1: x(median), y1: middle - half, x2: x(median), y2: middle + half, stroke: color, width: 3)
    // Seeds beside one another, so that equal values stay apart; the same picture every time.
    for (number, run) in entry.runs.enumerated() {
      guard let value = run.value else { continue }
      let offset = entry.runs.count > 1 ? Double(number * 5 % 9) / 8 - 0.5 : 0
      picture.circle(
        x: x(value), y: middle + offset * 20, radius: 4, fill: color,
        title: "\(entry.name), seed \(run.seed): \(FigureText.figure(value))")
    }
  }

  /// Beside the box: the median, and what the test says.
  private mutating func drawNotes(_ entry: ComparisonReport.Entry, index: Int, middle: Double) {
    let start = left + Self.plotWidth + 18
    picture.text(
      "median \(FigureText.figure(entry.median)), n \(entry.n)", x: start, y: middle - 4, size: 12, fill: Self.ink)
    var note = "baseline"
    if index > 0, report.tests.indices.contains(index - 1) {
      let test = report.tests[index - 1]
      note = "\(FigureText.difference(test.medianDifference)), p \(FigureText.p(test.pTwoSided))"
      if report.tests.count > 1 { note += ", Holm \(FigureText.p(test.pHolm))" }
    }
    picture.text(note, x: start, y: middle + 13, size: 12, fill: Self.grey)
  }

  private static func label(_ name: String) -> String { name.count > 36 ? name.prefix(35) + "…" : name }
}
