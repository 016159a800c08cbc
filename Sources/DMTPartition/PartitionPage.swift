import DMTCore
import DMTPicture

/// Draws a partition: the plane coloured by tower, the affinity matrix ordered by tower, sizes and loads as bars.
public struct PartitionPage {
  private static let margin = 40.0
  private static let panel = 520.0
  private static let gap = 60.0
  private static let top = 118.0
  private static let grey = "#6e7781"

  private let report: PartitionReport
  private let order: [Int]
  private var picture = SVG()

  private init(_ report: PartitionReport) {
    self.report = report
    order = report.features.indices.sorted {
      (report.features[$0].tower, $0) < (report.features[$1].tower, $1)
    }
  }

  /// The page as SVG text; it needs no other file.
  public static func svg(_ report: PartitionReport) -> String {
    var page = PartitionPage(report)
    return page.draw()
  }

  private mutating func draw() -> String {
    let hasPlane = report.features.allSatisfy { $0.x != nil && $0.y != nil }
    let width = 2 * Self.margin + 2 * Self.panel + Self.gap
    let name = report.name
    picture.text(
      "\(name): \(report.features.count) features in \(report.towers.count) towers, \(report.strategy)", x: Self.margin,
      y: 48, size: 24, weight: 600)
    picture.text(subtitle, x: Self.margin, y: 74, size: 13, fill: Self.grey)
    var bottom = Self.top
    let right = Self.margin + Self.panel + Self.gap
    if hasPlane {
      drawPlane(x: Self.margin, y: Self.top)
      bottom = Self.top + Self.panel + 40
    }
    if let affinity = report.affinity {
      drawMatrix(affinity, x: hasPlane ? right : Self.margin, y: Self.top)
      bottom = Self.top + Self.panel + 40
    }
    bottom = drawBars(y: bottom + 30, width: width - 2 * Self.margin)
    bottom = drawLists(y: bottom + 30, width: width - 2 * Self.margin)
    return picture.document(width: width, height: bottom + 24, title: "Tower partition of \(name)")
  }

  private var subtitle: String {
    let known = [
      ("stress_per_pair", "stress per pair"), ("objective", "objective"), ("affinity_inside", "affinity inside towers"),
      ("affinity_across", "across"),
    ]
    var parts = known.compactMap { key, label in report.figures[key].map { "\(label) \(short($0))" } }
    parts.append("seed \(report.seed)")
    if let index = report.adjustedRandIndex { parts.append("agreement with the planted groups (ARI) \(short(index))") }
    return parts.joined(separator: "  ·  ")
  }

  // MARK: The plane

  private mutating func drawPlane(x left: Double, y top: Double) {
    picture.text("The plane", x: left, y: top - 12, size: 15, weight: 600)
    picture.rectangle(
      x: left, y: top, width: Self.panel, height: Self.panel, fill: "#f6f8fa", radius: 6, stroke: "#d8dee4")
    let xs = report.features.compactMap(\.x)
    let ys = report.features.compactMap(\.y)
    guard let minX = xs.min(), let maxX = xs.max(), let minY = ys.min(), let maxY = ys.max() else { return }
    // One scale for both axes: distances are what the plane is about.
    let inset = 44.0
    let span = max(maxX - minX, maxY - minY, 1e-9)
    let scale = (Self.panel - 2 * inset) / span
    let places = zip(xs, ys).map { x, y in
      (
        x: left + Self.panel / 2 + (x - (minX + maxX) / 2) * scale,
        y: top + Self.panel / 2 + (y - (minY + maxY) / 2) * scale
      )
    }
    let radius = report.features.count > 300 ? 3.0 : report.features.count > 80 ? 4.5 : 7
    for (feature, place) in zip(report.features, places) {
      picture.circle(
        x: place.x, y: place.y, radius: radius, fill: Palette.tower(feature.tower),
        title: "\(feature.name), tower\(feature.tower)")
    }
    drawLabels(places, radius: radius, left: left, top: top)
  }

  /// Names beside their points, left out where every place around is taken.
  private mutating func drawLabels(
    _ places: [(x: Double, y: Double)], radius: Double, left: Double, top: Double
  ) {
    let size = report.features.count > 80 ? 9.0 : 11
    var taken = places.map { (x: $0.x - radius, y: $0.y - radius, w: 2 * radius, h: 2 * radius) }
    for (feature, place) in zip(report.features, places) {
      let width = Double(feature.name.count) * size * 0.6
      let candidates = [
        (x: place.x + radius + 3, y: place.y - size / 2), (x: place.x - radius - 3 - width, y: place.y - size / 2),
        (x: place.x - width / 2, y: place.y - radius - size - 2), (x: place.x - width / 2, y: place.y + radius + 2),
        (x: place.x + radius, y: place.y - radius - size), (x: place.x + radius, y: place.y + radius),
        (x: place.x - radius - width, y: place.y - radius - size), (x: place.x - radius - width, y: place.y + radius),
      ]
      let free = candidates.first { box in
        box.x > left + 2 && box.x + width < left + Self.panel - 2 && box.y > top + 2
          && box.y + size < top + Self.panel - 2
          && !taken.contains {
            box.x < $0.x + $0.w && $0.x < box.x + width && box.y < $0.y + $0.h && $0.y < box.y + size
          }
      }
      guard let free else { continue }
      taken.append((x: free.x, y: free.y, w: width, h: size))
      picture.text(feature.name, x: free.x, y: free.y + size * 0.85, size: size)
    }
  }

  // MARK: The matrix

  private mutating func drawMatrix(_ affinity: PartitionReport.AffinityMatrix, x left: Double, y top: Double) {
    let count = order.count
    // The diagonal is 1 by definition and would wash out everything else.
    var highest = 0.0
    var lowest = 1.0
    for i in 0..<count {
      for j in 0..<i {
        highest = max(highest, affinity.matrix[i][j])
        lowest = min(lowest, affinity.matrix[i][j])
      }
    }
    let range = max(highest - lowest, 1e-9)
    picture.text("Affinity, ordered by tower", x: left, y: top - 12, size: 15, weight: 600)
    picture.text(
      "\(affinity.kind), \(affinity.samples) samples; white \(short(lowest)) to dark \(short(highest))",
      x: left, y: top + Self.panel + 26, size: 11, fill: Self.grey)
    let bins = min(count, 160)
    let cell = Self.panel / Double(bins)
    let levels = 24
    var paths = [String](repeating: "", count: levels)
    for row in 0..<bins {
      for column in 0..<bins {
        guard let mean = mean(affinity.matrix, row: row, column: column, bins: bins) else { continue }
        let level = min(levels - 1, Int((mean - lowest) / range * Double(levels)))
        let (x, y) = (left + Double(column) * cell, top + Double(row) * cell)
        let side = SVG.number(cell + 0.2)
        paths[max(0, level)] += "M\(SVG.number(x)) \(SVG.number(y))h\(side)v\(side)h-\(side)z"
      }
    }
    picture.rectangle(x: left, y: top, width: Self.panel, height: Self.panel, fill: "#eaeef2")
    for (level, path) in paths.enumerated() {
      picture.path(path, fill: Palette.shade((Double(level) + 0.5) / Double(levels)))
    }
    drawBorders(x: left, y: top)
  }

  /// The mean over the cells that fall into a bin, the diagonal left out; nil when only the diagonal does.
  private func mean(_ matrix: [[Double]], row: Int, column: Int, bins: Int) -> Double? {
    let count = order.count
    var sum = 0.0
    var cells = 0
    for i in row * count / bins..<(row + 1) * count / bins {
      for j in column * count / bins..<(column + 1) * count / bins where i != j {
        sum += matrix[order[i]][order[j]]
        cells += 1
      }
    }
    return cells > 0 ? sum / Double(cells) : nil
  }

  private mutating func drawBorders(x left: Double, y top: Double) {
    let step = Self.panel / Double(max(1, order.count))
    var start = 0.0
    for (index, tower) in report.towers.enumerated() {
      let length = Double(tower.size) * step
      let color = Palette.tower(index)
      picture.rectangle(x: left - 10, y: top + start, width: 6, height: max(1, length - 1), fill: color, radius: 2)
      picture.rectangle(
        x: left + start, y: top + Self.panel + 4, width: max(1, length - 1), height: 6, fill: color, radius: 2)
      if index > 0 {
        let width = report.towers.count > 24 ? 0.6 : 1.4
        picture.line(
          x1: left, y1: top + start, x2: left + Self.panel, y2: top + start, stroke: "#ffffff", width: width)
        picture.line(
          x1: left + start, y1: top, x2: left + start, y2: top + Self.panel, stroke: "#ffffff", width: width)
      }
      start += length
    }
  }

  // MARK: Sizes and loads

  private mutating func drawBars(y top: Double, width: Double) -> Double {
    let measures: [(String, [Double], (Double) -> String)] = [
      ("Features", report.towers.map { Double($0.size) }, { SVG.number($0) }),
      ("Elements looked up a sample", report.towers.map(\.lookupCost), { SVG.number(($0 * 10).rounded() / 10) }),
      ("Bytes of tables", report.towers.map { Double($0.bytes) }, { Self.bytes($0) }),
    ]
    let each = (width - 2 * 30) / 3
    let height = 110.0
    for (index, measure) in measures.enumerated() {
      let left = Self.margin + Double(index) * (each + 30)
      picture.text(measure.0, x: left, y: top, size: 15, weight: 600)
      let highest = measure.1.max() ?? 0
      let slot = min(56, each / Double(max(1, measure.1.count)))
      for (tower, value) in measure.1.enumerated() {
        let bar = highest > 0 ? height * value / highest : 0
        let x = left + Double(tower) * slot
        picture.rectangle(
          x: x, y: top + 32 + height - bar, width: max(0.8, slot - min(6, slot * 0.2)), height: max(bar, 0.5),
          fill: Palette.tower(tower), radius: slot > 12 ? 2 : 0, title: "tower\(tower): \(measure.2(value))")
        guard report.towers.count <= 8 else { continue }
        let middle = x + (slot - min(6, slot * 0.2)) / 2
        picture.text(measure.2(value), x: middle, y: top + 27 + height - bar, size: 10, anchor: "middle")
        picture.text("\(tower)", x: middle, y: top + 46 + height, size: 10, fill: Self.grey, anchor: "middle")
      }
      if report.towers.count > 8 {
        picture.text(
          "\(measure.2(measure.1.min() ?? 0)) to \(measure.2(highest)) a tower", x: left, y: top + 20, size: 11,
          fill: Self.grey)
      }
      picture.line(x1: left, y1: top + 32 + height, x2: left + each, y2: top + 32 + height, stroke: "#d8dee4")
    }
    return top + height + 54
  }

  // MARK: Members

  /// Every tower's features; many towers stand in three columns.
  private mutating func drawLists(y top: Double, width: Double) -> Double {
    picture.text("Towers", x: Self.margin, y: top, size: 15, weight: 600)
    let columns = report.towers.count > 12 ? 3 : 1
    let columnWidth = width / Double(columns)
    let rows = (report.towers.count + columns - 1) / columns
    var bottom = top
    for column in 0..<columns {
      let left = Self.margin + Double(column) * columnWidth
      var y = top + 10
      for index in column * rows..<max(column * rows, min((column + 1) * rows, report.towers.count)) {
        let tower = report.towers[index]
        y += 20
        picture.rectangle(x: left, y: y - 10, width: 12, height: 12, fill: Palette.tower(index), radius: 2)
        picture.text(tower.name, x: left + 20, y: y, size: 12, weight: 600)
        for line in Self.wrapped(tower.features, columns: Int((columnWidth - 100) / 6.6)) {
          picture.text(line, x: left + 90, y: y, size: 12)
          y += 16
        }
        y -= 16
      }
      bottom = max(bottom, y)
    }
    return bottom
  }

  /// Names in lines of at most `columns` characters; a longer name stands alone.
  private static func wrapped(_ names: [String], columns: Int) -> [String] {
    var lines: [String] = []
    for name in names {
      if let last = lines.last, last.count + name.count + 2 <= columns {
        lines[lines.count - 1] = last + ", " + name
      } else {
        lines.append(name)
      }
    }
    return lines
  }

  // MARK: Numbers

  private func short(_ value: Double) -> String {
    guard value.isFinite else { return "-" }
    let thousandths = Int((min(abs(value), 1e9) * 1000).rounded())
    let digits = String(thousandths % 1000)
    let fraction = String(repeating: "0", count: 3 - digits.count) + digits
    return "\(value < 0 && thousandths > 0 ? "-" : "")\(thousandths / 1000).\(fraction)"
  }

  private static func bytes(_ value: Double) -> String {
    var value = value
    for unit in ["B", "KiB", "MiB", "GiB"] {
      if value < 1024 { return SVG.number((value * 10).rounded() / 10) + " " + unit }
      value /= 1024
    }
    return SVG.number((value * 10).rounded() / 10) + " TiB"
  }
}
