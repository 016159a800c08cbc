/// Columns of text, each as wide as its widest cell.
enum TextTable {
  /// Lines of `rows` under `header`; columns in `rightAligned` end flush.
  static func lines(header: [String], rows: [[String]], rightAligned: Set<Int> = []) -> [String] {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { cells in
      var line = ""
      for (column, cell) in cells.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        line += rightAligned.contains(column) ? padding + cell : cell + padding
        if column < cells.count - 1 { line += "  " }
      }
      while line.hasSuffix(" ") { line.removeLast() }
      return line
    }
  }
}

/// Numbers as people read them.
enum Format {
  /// 1234567 as `1,234,567`.
  static func count(_ value: Int) -> String {
    let digits = Array(String(value.magnitude))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return value < 0 ? "-" + text : text
  }

  /// Bytes as `12.3 MiB`.
  static func bytes(_ value: Int) -> String {
    var number = Double(value)
    for unit in ["B", "KiB", "MiB", "GiB"] {
      if number < 1024 { return unit == "B" ? "\(value) B" : fixed(number, 1) + " " + unit }
      number /= 1024
    }
    return fixed(number, 1) + " TiB"
  }

  /// `value` with `digits` behind the point; `-` for none.
  static func fixed(_ value: Double?, _ digits: Int) -> String {
    guard let value, value.isFinite else { return "-" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 1e15 else { return String(value) }
    let whole = Int(scaled) / Int(scale)
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return sign + String(whole) }
    let fraction = String(Int(scaled) % Int(scale))
    return sign + String(whole) + "." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}
