/// Writes a tree as YAML that reads back as the same tree.
struct YAMLWriter {
  private let withOrigins: Bool
  private var lines: [(text: String, origin: ManifestOrigin?)] = []

  private init(withOrigins: Bool) { self.withOrigins = withOrigins }

  /// The text of `node`, a mapping; with `withOrigins`, every value is followed by a comment that says where it is from.
  static func write(_ node: ManifestNode, withOrigins: Bool) -> String {
    var writer = YAMLWriter(withOrigins: withOrigins)
    writer.writeEntries(node.entries ?? [], indentation: "")
    return writer.text
  }

  private var text: String {
    let widest = lines.filter { $0.origin != nil }.map(\.text.count).max() ?? 0
    let column = min(widest, 60)
    var text = ""
    for line in lines {
      text += line.text
      if withOrigins, let origin = line.origin {
        text += String(repeating: " ", count: max(0, column - line.text.count)) + "  # " + origin.comment
      }
      text += "\n"
    }
    return text
  }

  private mutating func writeEntries(_ entries: [ManifestNode.Entry], indentation: String) {
    for entry in entries {
      write(entry.value, after: indentation + Self.quoted(entry.key) + ":", indentation: indentation)
    }
  }

  private mutating func write(_ node: ManifestNode, after prefix: String, indentation: String) {
    if let flow = Self.flow(node) {
      lines.append((prefix + " " + flow, node.origin))
      return
    }
    lines.append((prefix, nil))
    switch node.content {
    case .mapping(let entries): writeEntries(entries, indentation: indentation + "  ")
    case .sequence(let elements):
      for element in elements { writeElement(element, indentation: indentation + "  ") }
    case .scalar: break
    }
  }

  private mutating func writeElement(_ element: ManifestNode, indentation: String) {
    guard let entries = element.entries, !entries.isEmpty else {
      write(element, after: indentation + "-", indentation: indentation)
      return
    }
    let start = lines.count
    writeEntries(entries, indentation: indentation + "  ")
    let first = lines[start].text
    lines[start].text = indentation + "- " + first.dropFirst(indentation.count + 2)
  }

  /// The node on one line, when all of it is from one place: a scalar, an empty list or mapping, a list of scalars.
  private static func flow(_ node: ManifestNode) -> String? {
    switch node.content {
    case .scalar(let scalar): return written(scalar)
    case .mapping(let entries): return entries.isEmpty ? "{}" : nil
    case .sequence(let elements):
      var texts: [String] = []
      for element in elements {
        guard let scalar = element.scalar, element.origin.isSameSource(as: node.origin) else { return nil }
        texts.append(written(scalar))
      }
      return "[" + texts.joined(separator: ", ") + "]"
    }
  }

  private static func written(_ scalar: ManifestScalar) -> String {
    switch scalar.value {
    case .null: "null"
    case .text(let text): quoted(text)
    case .bool, .int, .double: scalar.text
    }
  }

  /// The text plain where that is safe in a block and in a flow list, by YAML 1.1 and 1.2; in double quotes otherwise.
  static func quoted(_ text: String) -> String {
    isSafePlain(text) ? text : "\"" + text.unicodeScalars.map(escaped).joined() + "\""
  }

  private static func isSafePlain(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, first == "_" || first.properties.isAlphabetic else { return false }
    let safe = text.unicodeScalars.allSatisfy { scalar in
      scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789_-./".unicodeScalars.contains(scalar))
    }
    // Words that YAML 1.1 reads as something else than a text.
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
    return safe && !words.contains(text.lowercased())
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"": return "\\\""
    case "\\": return "\\\\"
    case "\n": return "\\n"
    case "\t": return "\\t"
    case "\r": return "\\r"
    default: break
    }
    let isPrintable =
      (scalar.value >= 0x20 && scalar.value < 0x7F) || scalar.properties.isAlphabetic
      || scalar.properties.numericType != nil
    if isPrintable { return String(scalar) }
    let digits = String(scalar.value, radix: 16, uppercase: true)
    let width = scalar.value <= 0xFF ? 2 : scalar.value <= 0xFFFF ? 4 : 8
    let letter = width == 2 ? "x" : width == 4 ? "u" : "U"
    return "\\" + letter + String(repeating: "0", count: width - digits.count) + digits
  }
}

extension ManifestOrigin {
  /// Both in the same file, both by the same override, or both defaults.
  func isSameSource(as other: ManifestOrigin) -> Bool {
    switch (self, other) {
    case (.file(let path, _, _), .file(let otherPath, _, _)): path == otherPath
    case (.override(let text), .override(let otherText)): text == otherText
    case (.defaultValue, .defaultValue): true
    default: false
    }
  }
}
