internal import DMTCore

/// A plan carried out on all ranks in one place, a sample a rank, on numbers instead of types.
///
/// It knows the meaning of the steps alone, not how the host checks or executes them, so that it is a second opinion on both.
struct FlowSimulation {
  /// A column of a block: what it belongs to, and a number for each sample.
  struct Column {
    var source: FlowSource
    var nodes: [LinearTape.Node]
    /// To be divided by the bag's length.
    var isUnscaled = false
  }

  struct Block {
    var samples: [Int]
    var columns: [Column]
  }

  private let request: ShardingRequest
  private let plan: ShardingPlan
  let data: FlowData
  private(set) var tape = LinearTape()
  /// By table, row and column.
  private(set) var leaves: [FlowElement: LinearTape.Node] = [:]
  private var results: [[[Block]]] = []
  private var orders: [Int: [Int]] = [:]

  init(_ request: ShardingRequest, _ plan: ShardingPlan, _ data: FlowData) {
    self.request = request
    self.plan = plan
    self.data = data
  }

  private var ranks: Range<Int> { 0..<request.groups.topology.rankCount }

  /// What every rank has at the end; every block's samples are to be its own.
  mutating func run() -> [[Block]] {
    for (index, step) in plan.dataflow.steps.enumerated() {
      let edge = perform(step, at: index)
      results.append(edge)
    }
    return results.last ?? ranks.map { _ in [] }
  }

  private mutating func perform(_ step: DataflowStep, at index: Int) -> [[Block]] {
    let given = step.inputs.map { results[$0] }
    let first = given.first ?? []
    var edge = [[Block]](repeating: [], count: ranks.count)
    switch step {
    case .exchange(_, _, let order): orders[index] = order == .ranks ? Array(ranks) : request.groups.peerOrder
    case .lookup(let features, let exchange):
      let order = exchange.flatMap { orders[$0] }
      for rank in ranks { edge[rank] = lookup(features, order: order, rank: rank) }
    case .permute(_, let order):
      let wanted = order == .ranks ? Array(ranks) : request.groups.peerOrder
      edge = first.map { $0.map { Self.reordered($0, by: wanted) } }
    case .allToAll(_, let group): edge = dealt(first, group)
    case .reduceScatter(_, let group):
      let sums = summed(first, group)
      edge = dealt(sums, group)
    case .allGather(_, let group):
      for rank in ranks { edge[rank] = gathered(first, request.groups.members(of: group, with: rank)) }
    case .transpose: edge = first.map(Self.joined)
    case .join: for rank in ranks { edge[rank] = Self.joined(given.flatMap { $0[rank] }) }
    case .scale: for rank in ranks { for block in first[rank] { edge[rank].append(scaled(block)) } }
    case .tower: for rank in ranks { edge[rank] = towers(first[rank], rank: rank) }
    case .cast: edge = first
    }
    return edge
  }

  // MARK: Steps

  /// - Parameter order: nil: the rank's own sample, in tables that every rank holds.
  private mutating func lookup(_ features: [Int], order: [Int]?, rank: Int) -> [Block] {
    let samples = order ?? [rank]
    var columns: [Column] = []
    for feature in features {
      let (table, pooling) = (request.features[feature].table, request.features[feature].pooling)
      let all = plan.placement.shards.filter { $0.table == table }
      let isCut = all.contains { $0.rows != 0..<request.tables[table].rows }
      let whole = TableShard(
        table: table, rank: rank, rows: 0..<request.tables[table].rows, columns: 0..<request.tables[table].dim)
      let own = order == nil ? [whole] : all.filter { $0.rank == rank }
      for shard in own.sorted(by: {
        ($0.columns.lowerBound, $0.rows.lowerBound) < ($1.columns.lowerBound, $1.rows.lowerBound)
      }) {
        for column in shard.columns {
          var nodes: [LinearTape.Node] = []
          for sample in samples {
            let bag = data.bag(feature: feature, sample: sample)
            let factor = pooling == .mean && !isCut ? 1 / Double(max(1, bag.count)) : 1
            var parts: [(node: LinearTape.Node, factor: Double)] = []
            for row in bag where shard.rows.contains(row) {
              parts.append((leaf(FlowElement(table: table, row: row, column: column)), factor))
            }
            nodes.append(tape.sum(parts))
          }
          columns.append(
            Column(
              source: FlowSource(kind: .feature, index: feature, column: column), nodes: nodes,
              isUnscaled: pooling == .mean && isCut))
        }
      }
    }
    return columns.isEmpty ? [] : [Block(samples: samples, columns: columns)]
  }

  private mutating func leaf(_ element: FlowElement) -> LinearTape.Node {
    if let known = leaves[element] { return known }
    let node = tape.leaf(data.value(element))
    leaves[element] = node
    return node
  }

  private func dealt(_ edge: [[Block]], _ group: RankGroup) -> [[Block]] {
    var result = [[Block]](repeating: [], count: ranks.count)
    for rank in ranks {
      for block in edge[rank] {
        var places: [Int: [Int]] = [:]
        for (place, sample) in block.samples.enumerated() {
          guard let target = request.groups.destination(ofSamplesFrom: sample, in: group, with: rank) else { continue }
          places[target, default: []].append(place)
        }
        for (target, places) in places {
          result[target].append(
            Block(
              samples: places.map { block.samples[$0] },
              columns: block.columns.map { column in
                var part = column
                part.nodes = places.map { column.nodes[$0] }
                return part
              }))
        }
      }
    }
    return result
  }

  /// The first member of each group has the sums, the others nothing.
  private mutating func summed(_ edge: [[Block]], _ group: RankGroup) -> [[Block]] {
    var result = [[Block]](repeating: [], count: ranks.count)
    for rank in ranks {
      let members = request.groups.members(of: group, with: rank)
      guard members.first == rank else { continue }
      var blocks = edge[rank]
      for place in blocks.indices {
        for column in blocks[place].columns.indices {
          for sample in blocks[place].samples.indices {
            let parts = members.map { (node: edge[$0][place].columns[column].nodes[sample], factor: 1.0) }
            blocks[place].columns[column].nodes[sample] = tape.sum(parts)
          }
        }
      }
      result[rank] = blocks
    }
    return result
  }

  private func gathered(_ edge: [[Block]], _ members: [Int]) -> [Block] {
    guard let first = members.first else { return [] }
    return edge[first].indices.map { place in
      var block = Block(samples: members.flatMap { edge[$0][place].samples }, columns: edge[first][place].columns)
      for column in block.columns.indices {
        block.columns[column].nodes = members.flatMap { edge[$0][place].columns[column].nodes }
      }
      return block
    }
  }

  private mutating func scaled(_ block: Block) -> Block {
    var result = block
    for column in block.columns.indices where block.columns[column].isUnscaled {
      for (place, sample) in block.samples.enumerated() {
        let length = data.bag(feature: block.columns[column].source.index, sample: sample).count
        result.columns[column].nodes[place] = tape.sum([
          (block.columns[column].nodes[place], 1 / Double(max(1, length)))
        ])
      }
      result.columns[column].isUnscaled = false
    }
    return result
  }

  /// Every tower is a sum of its features' columns with factors of its own.
  private mutating func towers(_ blocks: [Block], rank: Int) -> [Block] {
    let group = request.groups.group(of: rank)
    var result: [Block] = []
    for (tower, description) in request.towers.enumerated() where description.group == group {
      guard let block = blocks.first else { continue }
      let inputs = block.columns.filter { request.features[$0.source.index].tower == tower }
      var columns: [Column] = []
      for output in 0..<description.outputColumns {
        var column = Column(source: FlowSource(kind: .tower, index: tower, column: output), nodes: [])
        for place in block.samples.indices {
          let parts = inputs.map {
            (node: $0.nodes[place], factor: data.factor(tower: tower, output: output, $0.source))
          }
          column.nodes.append(tape.sum(parts))
        }
        columns.append(column)
      }
      result.append(Block(samples: block.samples, columns: columns))
    }
    return result
  }

  private static func reordered(_ block: Block, by order: [Int]) -> Block {
    var position = [Int](repeating: 0, count: order.count)
    for (place, rank) in order.enumerated() { position[rank] = place }
    let places = block.samples.indices.sorted { position[block.samples[$0]] < position[block.samples[$1]] }
    var result = block
    result.samples = places.map { block.samples[$0] }
    for column in block.columns.indices {
      result.columns[column].nodes = places.map { block.columns[column].nodes[$0] }
    }
    return result
  }

  private static func joined(_ blocks: [Block]) -> [Block] {
    guard let first = blocks.first else { return [] }
    return [Block(samples: first.samples, columns: blocks.flatMap(\.columns))]
  }
}
