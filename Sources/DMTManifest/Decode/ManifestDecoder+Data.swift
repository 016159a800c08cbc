import DMTCore

extension ManifestDecoder {
  func data(_ reader: NodeReader) throws(DMTError) -> DataSection {
    let name = try reader.required("format").text()
    let component = catalog.readers[name]
    let format: DataSection.Format =
      if component == nil { try Self.choice(reader.required("format")) } else { .reader }
    var section = DataSection(format: format, place: reader.place)
    section.cachePath = try reader.child("cache")?.text()
    if format == .synthetic {
      section.synthetic = try synthetic(reader)
      return section
    }
    section.path = try reader.required("path").text()
    section.validPath = try reader.child("valid_path")?.text()
    section.testPath = try reader.child("test_path")?.text()
    if let component {
      section.reader = .init(component, attributes: try reader.attributes(component.attributes, except: []))
      section.missing = try reader.required("missing").texts()
    } else {
      section.skipLines = try reader.required("skip_lines").int()
      section.testSkipLines = try reader.required("test_skip_lines").int()
    }
    section.maxBadRows = try reader.required("max_bad_rows").int()
    section.split = try split(reader.required("split"))
    let label = try reader.required("label")
    section.labelColumn = try label.required("column").text()
    section.labelRule = try labelRule(label)
    if format == .csv {
      section.columns = try reader.child("columns")?.texts()
      section.delimiter = try reader.required("delimiter").text()
      section.missing = try reader.required("missing").texts()
      section.trim = try reader.required("trim").bool()
      for join in try reader.required("join").elements { section.joins.append(try self.join(join)) }
    }
    return section
  }

  private func join(_ reader: NodeReader) throws(DMTError) -> DataSection.Join {
    DataSection.Join(
      path: try reader.required("path").text(), key: try reader.required("key").text(),
      on: try reader.required("on").text(), place: reader.place)
  }

  private func labelRule(_ label: NodeReader) throws(DMTError) -> DataSection.LabelRule {
    if let least = label.child("at_least") { return .atLeast(try least.number()) }
    if let texts = label.child("one_of") { return .oneOf(try texts.texts()) }
    return .binary
  }

  private func split(_ reader: NodeReader) throws(DMTError) -> DataSection.Split {
    guard reader.node.scalar == nil else { return try reader.text() == "files" ? .files : .rows }
    return .column(
      try reader.required("column").text(), train: try reader.required("train").texts(),
      valid: try reader.required("valid").texts(), test: try reader.required("test").texts())
  }

  private func synthetic(_ reader: NodeReader) throws(DMTError) -> SyntheticSpec {
    SyntheticSpec(
      samples: try reader.required("samples").int(), features: try reader.required("features").int(),
      rows: try reader.required("rows").int(), zipf: try reader.required("zipf").number(),
      pooling: try reader.required("pooling").int(), dense: try reader.required("dense").int(),
      groups: try reader.required("groups").int(), noise: try reader.required("noise").number(),
      seed: UInt64(clamping: try reader.required("seed").int()))
  }
}
