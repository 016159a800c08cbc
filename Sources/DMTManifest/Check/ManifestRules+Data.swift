import DMTCore

extension ManifestRules {
  mutating func checkData() {
    guard let data = root["data"] else { return }
    if let delimiter = data["delimiter"], let bytes = text(delimiter)?.utf8 {
      let forbidden = [UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r")]
      if bytes.count != 1 || bytes.allSatisfy(forbidden.contains) {
        errors.add(
          "data.delimiter is \(delimiter.phrase), expected one byte that is not a quote or a line end",
          at: delimiter.origin, remedy: #"write a comma as ",", a tab as "\t""#)
      }
    }
    checkColumnNames(data)
    checkSplit(data)
  }

  private mutating func checkColumnNames(_ data: ManifestNode) {
    var seen: Set<String> = []
    for column in data["columns"]?.elements ?? [] {
      guard let name = text(column), !seen.insert(name).inserted else { continue }
      errors.add("data.columns names '\(name)' twice", at: column.origin)
    }
  }

  private mutating func checkSplit(_ data: ManifestNode) {
    guard let split = data["split"] else { return }
    let valid = data["valid_path"].flatMap { $0.isNull ? nil : $0 }
    let test = data["test_path"].flatMap { $0.isNull ? nil : $0 }
    switch text(split) {
    case "files":
      if valid == nil, test == nil {
        errors.add(
          "data.split is files, but neither valid_path nor test_path is given", at: split.origin,
          remedy: "name the files, or use split: rows")
      }
    case "rows":
      if let valid {
        errors.add(
          "data.valid_path is given, but data.split is rows", at: valid.origin,
          remedy: "write split: files, or remove valid_path")
      }
    default:
      if let given = valid ?? test {
        errors.add(
          "data.split is by a column, but a file of its own is given for one part", at: given.origin,
          remedy: "write split: files, or remove valid_path and test_path")
      }
      checkColumnSplit(split)
    }
  }

  /// No text may stand for two parts.
  private mutating func checkColumnSplit(_ split: ManifestNode) {
    var seen: [String: String] = [:]
    for part in ["train", "valid", "test"] {
      for value in split[part]?.elements ?? [] {
        guard let text = text(value), let other = seen.updateValue(part, forKey: text) else { continue }
        errors.add(
          "data.split gives '\(text)' to \(other) and to \(part)", at: value.origin, remedy: "keep one of them")
      }
    }
  }

  /// The columns of the data as far as the manifest alone tells, or nil: a CSV header or a side table has them.
  var knownColumns: [String]? {
    guard let data = root["data"], let format = text(data["format"]) else { return nil }
    switch DataSection.Format(rawValue: format) {
    case .csv:
      guard let columns = data["columns"]?.elements, data["join"]?.elements?.isEmpty == true else { return nil }
      return columns.compactMap { text($0) }
    case .synthetic:
      guard let features = number(data["features"]), let dense = number(data["dense"]) else { return nil }
      return (0..<Int(features)).map { "f\($0)" } + (0..<Int(dense)).map { "d\($0)" }
    case .criteo:
      return (1...13).map { "I\($0)" } + (1...26).map { "C\($0)" }
    default:
      return nil
    }
  }
}
