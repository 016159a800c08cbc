internal import DMTCore

extension FlowInference {
  func allToAll(_ edge: Values, _ group: RankGroup, at index: Int) throws(DMTError) -> Values {
    for rank in ranks {
      for block in edge.blocks[rank] {
        if let slice = block.columns.first(where: { $0.rows != nil }) {
          throw error(
            index, "rank \(rank) has partial sums: \(text(slice))",
            remedy: "sum them with reduce_scatter before other ranks get them")
        }
      }
    }
    return Values(blocks: try dealt(edge, group, at: index))
  }

  func reduceScatter(_ edge: Values, _ group: RankGroup, at index: Int) throws(DMTError) -> Values {
    // Members have the same blocks but for their rows, so each one's samples may be taken from one member.
    var sums = edge
    for (first, members) in parts(group) {
      try checkMembersAgree(edge, members, isSum: true, at: index)
      for rank in members where rank != first { sums.blocks[rank] = [] }
      for (place, block) in edge.blocks[first].enumerated() {
        for (column, slice) in block.columns.enumerated() {
          let ranges = members.map { edge.blocks[$0][place].columns[column].rows }
          try checkTiles(ranges, slice, members, at: index)
          sums.blocks[first][place].columns[column].rows = nil
        }
      }
    }
    return Values(blocks: try dealt(sums, group, at: index))
  }

  func allGather(_ edge: Values, _ group: RankGroup, at index: Int) throws(DMTError) -> Values {
    var result = [[FlowBlock]](repeating: [], count: ranks.count)
    for (first, members) in parts(group) {
      try checkMembersAgree(edge, members, isSum: false, at: index)
      let gathered = edge.blocks[first].enumerated().map { place, block in
        FlowBlock(samples: members.flatMap { edge.blocks[$0][place].samples }, columns: block.columns)
      }
      for block in gathered where Set(block.samples).count < block.samples.count {
        throw error(
          index, "ranks \(members) have the same samples: \(block.samples)",
          remedy: "an all_gather joins samples of different ranks")
      }
      for rank in members { result[rank] = gathered }
    }
    return Values(blocks: result)
  }

  /// Every group with its first rank.
  private func parts(_ group: RankGroup) -> [(first: Int, members: [Int])] {
    ranks.compactMap { rank in
      let members = groups.members(of: group, with: rank)
      return members.first == rank ? (rank, members) : nil
    }
  }

  /// The blocks after every sample went to its destination in the group of the rank that had it.
  private func dealt(_ edge: Values, _ group: RankGroup, at index: Int) throws(DMTError) -> [[FlowBlock]] {
    var result = [[FlowBlock]](repeating: [], count: ranks.count)
    // In ascending order of the ranks, so that everyone's blocks are in that order.
    for rank in ranks {
      for block in edge.blocks[rank] where !block.columns.isEmpty {
        var samples: [Int: [Int]] = [:]
        for source in block.samples {
          guard let destination = groups.destination(ofSamplesFrom: source, in: group, with: rank) else {
            throw error(
              index,
              "rank \(rank) has samples of rank \(source), which group '\(group)' does not carry: rank \(source) is at "
                + "place \(groups.place(of: source)) of its tower group, rank \(rank) at \(groups.place(of: rank))",
              remedy: "bring samples to their place with a collective in the tower group first")
          }
          samples[destination, default: []].append(source)
        }
        for (destination, samples) in samples {
          result[destination].append(FlowBlock(samples: samples, columns: block.columns))
        }
      }
    }
    return result
  }

  private func checkMembersAgree(_ edge: Values, _ members: [Int], isSum: Bool, at index: Int) throws(DMTError) {
    func kinds(_ block: FlowBlock) -> [ColumnSlice] {
      guard isSum else { return block.columns }
      return block.columns.map {
        ColumnSlice($0.source, columns: $0.columns, isUnscaled: $0.isUnscaled)
      }
    }
    guard let first = members.first else { return }
    let expected = edge.blocks[first]
    for rank in members.dropFirst() {
      let found = edge.blocks[rank]
      guard found.count == expected.count else {
        throw error(
          index, "rank \(rank) has \(found.count) blocks, rank \(first) \(expected.count)",
          remedy: "the members of a group have the same columns here; cut every table over the whole group")
      }
      for (a, b) in zip(expected, found) {
        if isSum, a.samples != b.samples {
          throw error(index, "rank \(first) has the samples of ranks \(a.samples), rank \(rank) of \(b.samples)")
        }
        let (mine, theirs) = (kinds(a), kinds(b))
        guard mine != theirs else { continue }
        let place = zip(mine, theirs).prefix { $0 == $1 }.count
        let texts = [mine, theirs].map { $0.indices.contains(place) ? text($0[place]) : "no further columns" }
        throw error(
          index, "rank \(first) has \(texts[0]) where rank \(rank) has \(texts[1])",
          remedy: "the members of a group have the same columns here; cut every table over the whole group")
      }
    }
  }

  private func checkTiles(
    _ ranges: [Range<Int>?], _ slice: ColumnSlice, _ members: [Int], at index: Int
  ) throws(DMTError) {
    let all = rows(slice)
    // Outputs of towers have no rows, they are whole.
    if all == nil, members.count == 1 { return }
    guard let all else {
      throw error(index, "the members sum \(text(slice)), which is whole", remedy: "use all_to_all for whole sums")
    }
    let sorted = ranges.map { $0 ?? 0..<all }.filter { !$0.isEmpty }.sorted { $0.lowerBound < $1.lowerBound }
    var row = 0
    for range in sorted {
      guard range.lowerBound == row else { break }
      row = range.upperBound
    }
    guard row == all, sorted.reduce(0, { $0 + $1.count }) == all else {
      throw error(
        index,
        "ranks \(members) sum columns \(slice.columns) of \(name(slice.source)) over rows "
          + ranges.map { "\($0 ?? 0..<all)" }.joined(separator: ", ") + ", expected each of \(all) rows once",
        remedy: "cut the rows of a table over the ranks of this group, all of them and each once")
    }
  }
}
