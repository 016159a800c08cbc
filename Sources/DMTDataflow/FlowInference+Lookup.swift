internal import DMTCore

extension FlowInference {
  func exchange(
    _ features: [Int], _ group: RankGroup, _ order: SampleOrder, at index: Int
  ) throws(DMTError) -> FlowType {
    try checkFeatures(features, at: index)
    for feature in features {
      let (name, table) = (request.features[feature].name, request.features[feature].table)
      guard !placement.replicated.contains(table) else {
        throw error(
          index, "feature '\(name)' reads table '\(request.tables[table].name)', which every rank holds",
          remedy: "look up replicated tables without an exchange")
      }
      for holder in placement.holders[table] where group != .world {
        guard let source = ranks.first(where: { !reaches(group, from: $0, to: holder) }) else { continue }
        throw error(
          index,
          "rank \(holder) holds a shard of table '\(request.tables[table].name)', and rank \(source), which has bags of "
            + "feature '\(name)', is not in its group '\(group)'", remedy: "exchange row numbers over the world")
      }
    }
    return .indices(
      features: features, group: group, order: order == .ranks ? Array(ranks) : groups.peerOrder)
  }

  private func reaches(_ group: RankGroup, from source: Int, to holder: Int) -> Bool {
    switch group {
    case .world: true
    case .tower: groups.group(of: source) == groups.group(of: holder)
    case .peers: groups.place(of: source) == groups.place(of: holder)
    }
  }

  func lookup(_ features: [Int], _ exchange: Int?, at index: Int) throws(DMTError) -> Values {
    try checkFeatures(features, at: index)
    guard let exchange else { return try replicatedLookup(features, at: index) }
    guard case .indices(let exchanged, _, let order) = types[exchange] else {
      throw error(
        index, "it reads step \(exchange) (\(steps[exchange].name)), which gives no row numbers",
        remedy: "let it read an exchange, or nothing where the tables are replicated")
    }
    if let feature = features.first(where: { !exchanged.contains($0) }) {
      throw error(
        index, "it looks up feature '\(request.features[feature].name)', which step \(exchange) does not exchange")
    }
    let partial = features.map { placement.isCutByRows[request.features[$0].table] }
    if let whole = partial.firstIndex(of: false), let cut = partial.firstIndex(of: true) {
      throw error(
        index,
        "feature '\(request.features[features[whole]].name)' gives whole sums, feature "
          + "'\(request.features[features[cut]].name)' partial ones, because its table is cut by rows",
        remedy: "use a lookup for each of the two")
    }
    var blocks = [[FlowBlock]](repeating: [], count: ranks.count)
    for rank in ranks {
      var columns: [ColumnSlice] = []
      for (feature, isPartial) in zip(features, partial) {
        let isUnscaled = isPartial && request.features[feature].pooling == .mean
        for shard in placement.shards(ofTable: request.features[feature].table, rank: rank) {
          let shard = placement.shards[shard]
          columns.append(
            ColumnSlice(
              .feature(feature), columns: shard.columns, rows: isPartial ? shard.rows : nil, isUnscaled: isUnscaled))
        }
      }
      if !columns.isEmpty { blocks[rank] = [FlowBlock(samples: order, columns: columns)] }
    }
    return Values(blocks: blocks)
  }

  private func replicatedLookup(_ features: [Int], at index: Int) throws(DMTError) -> Values {
    for feature in features where !placement.replicated.contains(request.features[feature].table) {
      throw error(
        index,
        "it looks up feature '\(request.features[feature].name)' without an exchange, and table "
          + "'\(request.tables[request.features[feature].table].name)' is not replicated")
    }
    let columns = features.map {
      ColumnSlice(.feature($0), columns: 0..<request.tables[request.features[$0].table].dim)
    }
    return Values(blocks: ranks.map { [FlowBlock(samples: [$0], columns: columns)] })
  }

  private func checkFeatures(_ features: [Int], at index: Int) throws(DMTError) {
    guard !features.isEmpty else { throw error(index, "it has no features") }
    var seen: Set<Int> = []
    for feature in features {
      guard request.features.indices.contains(feature) else {
        throw error(index, "it has feature \(feature), expected 0 to \(request.features.count - 1)")
      }
      guard seen.insert(feature).inserted else {
        throw error(index, "it has feature '\(request.features[feature].name)' twice")
      }
    }
  }
}
