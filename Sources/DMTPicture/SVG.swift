/// Text of an SVG picture, element by element.
package struct SVG {
  private var body = ""

  /// An empty picture.
  package init() {}

  /// A number with at most two digits behind the point.
  package static func number(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "0" }
    let hundredths = Int((value * 100).rounded())
    let (whole, rest) = (abs(hundredths) / 100, abs(hundredths) % 100)
    let sign = hundredths < 0 ? "-" : ""
    if rest == 0 { return "\(sign)\(whole)" }
    return rest % 10 == 0 ? "\(sign)\(whole).\(rest / 10)" : "\(sign)\(whole).\(rest < 10 ? "0" : "")\(rest)"
  }

  /// The text with what XML reserves written out.
  package static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case _ where character.value < 0x20: result += " "
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  package mutating func rectangle(
    x: Double, y: Double, width: Double, height: Double, fill: String, radius: Double = 0, stroke: String? = nil,
    title: String? = nil
  ) {
    body += "<rect x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(width))\""
    body += " height=\"\(Self.number(height))\" fill=\"\(fill)\""
    if radius > 0 { body += " rx=\"\(Self.number(radius))\"" }
    if let stroke { body += " stroke=\"\(stroke)\"" }
    close("rect", title)
  }

  package mutating func circle(x: Double, y: Double, radius: Double, fill: String, title: String) {
    body += "<circle cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" r=\"\(Self.number(radius))\" fill=\"\(fill)\""
    body += " stroke=\"#ffffff\" stroke-width=\"1.2\""
    close("circle", title)
  }

  package mutating func line(x1: Double, y1: Double, x2: Double, y2: Double, stroke: String, width: Double = 1) {
    body += "<line x1=\"\(Self.number(x1))\" y1=\"\(Self.number(y1))\" x2=\"\(Self.number(x2))\""
    body += " y2=\"\(Self.number(y2))\" stroke=\"\(stroke)\" stroke-width=\"\(Self.number(width))\"/>\n"
  }

  package mutating func path(_ data: String, fill: String) {
    if !data.isEmpty { body += "<path d=\"\(data)\" fill=\"\(fill)\"/>\n" }
  }

  /// - Parameters:
  ///   - anchor: `start`, `middle` or `end`.
  ///   - angle: degrees clockwise about the text's own place.
  package mutating func text(
    _ text: String, x: Double, y: Double, size: Double, fill: String = "#24292f", anchor: String = "start",
    weight: Int = 400, angle: Double = 0
  ) {
    body += "<text x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" font-size=\"\(Self.number(size))\" fill=\"\(fill)\""
    if anchor != "start" { body += " text-anchor=\"\(anchor)\"" }
    if weight != 400 { body += " font-weight=\"\(weight)\"" }
    if angle != 0 { body += " transform=\"rotate(\(Self.number(angle)) \(Self.number(x)) \(Self.number(y)))\"" }
    body += ">\(Self.escaped(text))</text>\n"
  }

  /// The whole picture.
  package func document(width: Double, height: Double, title: String) -> String {
    let (w, h) = (Self.number(width), Self.number(height))
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(w) \(h)" width="\(w)" height="\(h)" \
      font-family="system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif">
      <title>\(Self.escaped(title))</title>
      <rect width="\(w)" height="\(h)" fill="#ffffff"/>
      \(body)</svg>

      """
  }

  private mutating func close(_ element: String, _ title: String?) {
    body += title.map { "><title>\(Self.escaped($0))</title></\(element)>\n" } ?? "/>\n"
  }
}
