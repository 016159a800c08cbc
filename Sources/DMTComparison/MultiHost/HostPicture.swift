import DMTPicture

/// Draws the multi-host experiment: for each model and place a bar a kind, split by where the step's time went.
public struct HostPicture {
  private static let margin = 28.0
  private static let label = 96.0
  private static let width = 520.0
  private static let row = 22.0
  private static let parts: [(name: String, colour: String)] = [
    ("compute", "#4c78a8"), ("exposed embedding communication", "#e45756"),
    ("exposed dense synchronisation", "#f2b134"),
  ]
  private static let ink = "#24292f"
  private static let grey = "#6e7781"

  /// The picture as SVG text, on a ground of its own.
  public static func svg(_ settings: [HostSetting]) -> String {
    var picture = SVG()
    picture.text("step time on the slowest rank", x: margin, y: 40, size: 22, weight: 600)
    var x = margin
    for part in parts {
      picture.rectangle(x: x, y: 54, width: 12, height: 12, fill: part.colour, radius: 2)
      picture.text(part.name, x: x + 18, y: 64, size: 12.5, fill: grey)
      x += 34 + Double(part.name.count) * 6.6
    }
    var y = 96.0
    var index = 0
    while index < settings.count {
      let first = settings[index]
      var group: [HostSetting] = []
      while index < settings.count, same(settings[index], first) {
        group.append(settings[index])
        index += 1
      }
      draw(group, at: &y, in: &picture)
    }
    return picture.document(
      width: margin * 2 + label + width + 150, height: y + margin, title: "step times of the multi-host experiment")
  }

  private static func same(_ a: HostSetting, _ b: HostSetting) -> Bool {
    a.model == b.model && a.hosts == b.hosts && a.ranks == b.ranks && a.rateMbit == b.rateMbit
  }

  private static func draw(_ group: [HostSetting], at y: inout Double, in picture: inout SVG) {
    guard let first = group.first else { return }
    picture.text(
      "\(first.model.uppercased()), \(first.hosts) hosts, \(first.ranks) ranks, \(first.rateMbit) Mbit/s", x: margin,
      y: y, size: 14, weight: 600)
    y += 10
    let longest = group.map(\.stepMs).max() ?? 1
    for setting in group {
      picture.text(setting.title, x: margin, y: y + 15, size: 12.5, fill: ink)
      var x = margin + label
      for (part, value) in zip(parts, [setting.computeMs, setting.embeddingMs, setting.denseMs]) {
        let length = max(0, value) / longest * width
        picture.rectangle(
          x: x, y: y + 3, width: length, height: row - 6, fill: part.colour,
          title: "\(setting.title): \(part.name) \(SVG.number(value)) ms")
        x += length
      }
      var text = "\(SVG.number(setting.stepMs.rounded())) ms"
      if let speedup = setting.speedup, setting.kind != "flat" { text += "  \(SVG.number(speedup))x" }
      picture.text(text, x: x + 8, y: y + 15, size: 12.5, fill: ink)
      y += row
    }
    y += 26
  }
}
