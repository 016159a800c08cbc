internal import DMTCore

extension FlowInference {
  func permute(_ edge: Values, _ order: SampleOrder) -> Values {
    var position = Array(ranks)
    if order == .peers { for (place, rank) in groups.peerOrder.enumerated() { position[rank] = place } }
    var result = edge
    for rank in ranks {
      for block in result.blocks[rank].indices {
        result.blocks[rank][block].samples.sort { position[$0] < position[$1] }
      }
    }
    return result
  }

  /// One block a rank, of the blocks of one or several edges.
  func join(_ edges: [Values], at index: Int) throws(DMTError) -> Values {
    var result = edges[0]
    for edge in edges.dropFirst() where edge.forward != result.forward || edge.backward != result.backward {
      throw error(
        index,
        "it joins numbers that travel as \(result.forward.name) and \(edge.forward.name), their gradients as "
          + "\(result.backward.name) and \(edge.backward.name)", remedy: "cast after the join, or all of them before")
    }
    for rank in ranks {
      let blocks = edges.flatMap { $0.blocks[rank] }
      guard let first = blocks.first else { continue }
      for block in blocks where block.samples != first.samples {
        throw error(
          index,
          "rank \(rank) has blocks with the samples of ranks \(first.samples) and of ranks \(block.samples)",
          remedy: "columns lie side by side only for the same samples in the same order")
      }
      result.blocks[rank] = [FlowBlock(samples: first.samples, columns: blocks.flatMap(\.columns))]
    }
    return result
  }

  func scale(_ edge: Values, at index: Int) throws(DMTError) -> Values {
    var result = edge
    for rank in ranks {
      for block in edge.blocks[rank].indices {
        for column in edge.blocks[rank][block].columns.indices {
          let slice = edge.blocks[rank][block].columns[column]
          guard slice.rows == nil else {
            throw error(
              index, "rank \(rank) has partial sums: \(text(slice))", remedy: "sum them with reduce_scatter first")
          }
          result.blocks[rank][block].columns[column].isUnscaled = false
        }
      }
    }
    return result
  }

  func tower(_ edge: Values, at index: Int) throws(DMTError) -> Values {
    guard request.runsTowers else {
      throw error(
        index, "towers are not to run inside the flow", remedy: "leave the step out where the request says so")
    }
    var result = edge
    for rank in ranks {
      let group = groups.group(of: rank)
      let served = request.towers.indices.filter { request.towers[$0].group == group }
      let wanted = request.features.indices.filter { request.features[$0].tower.map(served.contains) ?? false }
      let names = served.map { "'\(request.towers[$0].name)'" }.joined(separator: ", ")
      let blocks = edge.blocks[rank]
      guard blocks.count <= 1 else {
        throw error(
          index, "rank \(rank) has \(blocks.count) blocks", remedy: "make them one with transpose or join first")
      }
      try checkColumns(
        blocks.first?.columns ?? [], wanted: wanted.map { .feature($0) },
        for: "tower group \(group) (\(names.isEmpty ? "no towers" : names))", rank: rank, at: index)
      result.blocks[rank] = served.map { tower in
        FlowBlock(
          samples: blocks.first?.samples ?? [],
          columns: [ColumnSlice(.tower(tower), columns: 0..<request.towers[tower].outputColumns)])
      }
    }
    return result
  }
}
