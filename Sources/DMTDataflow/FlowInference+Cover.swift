internal import DMTCore

extension FlowInference {
  /// Columns of a feature's embedding or of a tower's output.
  private func width(_ source: ColumnSlice.Source) -> Int {
    switch source {
    case .feature(let feature): request.tables[request.features[feature].table].dim
    case .tower(let tower): request.towers[tower].outputColumns
    }
  }

  /// Every sample has every column exactly once after the last step.
  func checkCover() throws(DMTError) {
    let hasTowers = steps.contains { if case .tower = $0 { true } else { false } }
    var wanted: [ColumnSlice.Source] = []
    for (index, feature) in request.features.enumerated() where !hasTowers || feature.tower == nil {
      wanted.append(.feature(index))
    }
    if hasTowers { wanted += request.towers.indices.map { .tower($0) } }
    guard let last = steps.indices.last else {
      if wanted.isEmpty { return }
      throw DMTError(
        .pluginFailed, "dataflow: it has no steps, and the model wants \(wanted.count) features",
        remedy: "look every feature up and bring it to the rank whose samples they are")
    }
    let edge = try value(last, at: last)
    guard edge.forward == .native, edge.backward == .native else {
      throw error(last, "the last step leaves numbers cast for the wire", remedy: "cast before a collective only")
    }
    // Copies of samples that an all_gather made are dropped here; nobody else may leave any.
    let dropsSamples = isGathered(last)
    for rank in ranks {
      for block in edge.blocks[rank]
      where block.samples != [rank] && !(dropsSamples && block.samples.contains(rank)) {
        throw error(
          last, "the last step leaves samples of ranks \(block.samples) on rank \(rank), expected its own alone",
          remedy: "send samples back to their rank with a collective")
      }
      try checkColumns(
        edge.blocks[rank].flatMap(\.columns), wanted: wanted, for: "its own samples after the last step", rank: rank,
        at: last)
    }
  }

  /// Whether a step's result has copies of samples that an all_gather made.
  private func isGathered(_ step: Int) -> Bool {
    if case .allGather = steps[step] { return true }
    return steps[step].inputs.contains { isGathered($0) }
  }

  /// Refuses columns that are not those of `wanted`, whole and each once, in any order.
  func checkColumns(
    _ columns: [ColumnSlice], wanted: [ColumnSlice.Source], for purpose: String, rank: Int, at index: Int
  ) throws(DMTError) {
    for slice in columns where slice.rows != nil || slice.isUnscaled {
      throw error(
        index,
        "rank \(rank) has \(slice.rows != nil ? "partial" : "undivided") sums for \(purpose): \(text(slice))",
        remedy: slice.rows != nil ? "sum them with reduce_scatter" : "divide by the bags' lengths with scale")
    }
    let found = Dictionary(grouping: columns, by: \.source)
    let expected = Set(wanted)
    if let slice = columns.first(where: { !expected.contains($0.source) }) {
      throw error(
        index, "rank \(rank) has \(text(slice)), which \(purpose) has no use for",
        remedy: "every sample gets every column once, and towers get their own features alone")
    }
    for source in wanted {
      var end = 0
      for slice in (found[source] ?? []).sorted(by: { $0.columns.lowerBound < $1.columns.lowerBound }) {
        let begin = slice.columns.lowerBound
        if begin > end { throw missing(end..<begin, source, purpose, rank, index) }
        if begin < end {
          throw error(
            index,
            "rank \(rank) has columns \(begin..<min(end, slice.columns.upperBound)) of "
              + "\(name(source)) more than once for \(purpose)", remedy: "look a feature up once, in one branch")
        }
        end = slice.columns.upperBound
      }
      if end < width(source) { throw missing(end..<width(source), source, purpose, rank, index) }
    }
  }

  private func missing(
    _ columns: Range<Int>, _ source: ColumnSlice.Source, _ purpose: String, _ rank: Int, _ index: Int
  ) -> DMTError {
    error(
      index, "rank \(rank) lacks columns \(columns) of \(name(source)) for \(purpose)",
      remedy: "look every feature up and bring all its columns to every rank that needs them")
  }
}
