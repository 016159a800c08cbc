import DMTCore
import DMTDataflow
import DMTRuntime

/// Turns a checked dataflow into a rank's stages.
struct FlowCompiler {
  let flow: CheckedFlow
  let parts: RankFlow.Parts
  let links: RankLinks
  /// A run of the same flow, whose tables and exchanges are taken.
  let twin: FlowRun?
  let received = RankFlow.Received()

  private(set) var stages: [FlowStage] = []
  /// By stage: it waits for no other collective, nor for a tower.
  private(set) var isEarly: [Bool] = []
  /// By step, where this rank looks something up.
  private(set) var lookups: [Int: LookupStage] = [:]
  private(set) var exchanges: [IndexExchange] = []

  /// An edge as this rank has it: where its blocks lie, and how they are to be cast.
  private struct Edge {
    var blocks: [LocatedBlock]
    var forward = WireType.native
    var backward = WireType.native
  }

  private var edges: [Edge] = []
  /// By step, index in ``exchanges``.
  private var exchangeOfStep: [Int: Int] = [:]

  init(flow: CheckedFlow, parts: RankFlow.Parts, links: RankLinks, twin: FlowRun?) {
    self.flow = flow
    self.parts = parts
    self.links = links
    self.twin = twin
  }

  private var rank: Int { links.rank }
  private var dtype: DType { parts.settings.dtype }

  mutating func compile() throws(DMTError) {
    for (index, step) in flow.plan.dataflow.steps.enumerated() {
      do throws(DMTError) {
        edges.append(try edge(of: step, at: index))
        while isEarly.count < stages.count { isEarly.append(isEarlyStep(index)) }
      } catch {
        throw error.at(.init(phase: "step \(index), \(step.name)"))
      }
    }
    try finish()
    while isEarly.count < stages.count { isEarly.append(false) }
  }

  /// Whether a step is a lookup, or a collective of looked-up rows alone; the same on every rank.
  private func isEarlyStep(_ index: Int) -> Bool {
    switch flow.plan.dataflow.steps[index] {
    case .lookup: true
    case .allToAll(let input, _), .reduceScatter(let input, _), .allGather(let input, _): isLookedUp(input)
    default: false
    }
  }

  /// Whether a step's result was looked up and, at most, renamed since.
  private func isLookedUp(_ index: Int) -> Bool {
    let step = flow.plan.dataflow.steps[index]
    switch step {
    case .lookup: return true
    case .permute, .transpose, .join, .cast: return step.inputs.allSatisfy { isLookedUp($0) }
    default: return false
    }
  }

  /// The same stage of the twin.
  private func twinStage<Stage: FlowStage>(as: Stage.Type) -> Stage? { twin?.stages[stages.count] as? Stage }

  private mutating func edge(of step: DataflowStep, at index: Int) throws(DMTError) -> Edge {
    switch step {
    case .exchange:
      try addExchange(at: index)
      return Edge(blocks: [])
    case .lookup(_, let exchange):
      return try lookup(exchange, at: index)
    case .permute(let input, _):
      var edge = edges[input]
      let types = flow.blocks(ofStep: index, rank: rank)
      for place in edge.blocks.indices { edge.blocks[place].samples = types[place].samples }
      return edge
    case .transpose(let input):
      return Edge(blocks: joined([edges[input]]), forward: edges[input].forward, backward: edges[input].backward)
    case .join(let inputs):
      guard let first = inputs.first else { return Edge(blocks: []) }
      return Edge(
        blocks: joined(inputs.map { edges[$0] }), forward: edges[first].forward, backward: edges[first].backward)
    case .cast(let input, let forward, let backward):
      return Edge(blocks: edges[input].blocks, forward: forward, backward: backward)
    case .allToAll(let input, let group):
      return try collective(input, group, isSum: false, at: index)
    case .reduceScatter(let input, let group):
      return try collective(input, group, isSum: true, at: index)
    case .allGather(let input, let group):
      return try gather(input, group, at: index)
    case .scale(let input):
      return try scale(input, at: index)
    case .tower(let input):
      return try tower(input)
    }
  }

  // MARK: - Row numbers and lookups

  private mutating func addExchange(at index: Int) throws(DMTError) {
    let plan = parts.plan
    let exchangePlan = try ExchangePlan(
      flow: flow, step: index, isSingle: plan.batchFeatures.map { parts.isSingle[$0] },
      isFirst: exchanges.isEmpty)
    exchangeOfStep[index] = exchanges.count
    if let twin {
      exchanges.append(twin.exchanges[exchanges.count])
    } else {
      exchanges.append(
        try IndexExchange(
          exchangePlan, step: index, request: flow.request, batchFeatures: plan.batchFeatures, links: links))
    }
    received.slots.append(nil)
  }

  private mutating func lookup(_ exchange: Int?, at index: Int) throws(DMTError) -> Edge {
    let pieces = flow.pieces(ofLookup: index, rank: rank)
    guard let block = flow.blocks(ofStep: index, rank: rank).first, !pieces.isEmpty else { return Edge(blocks: []) }
    let source = exchange.flatMap { exchangeOfStep[$0] }
    let layout = try lookupLayout(pieces, block: block, exchange: source.map { exchanges[$0] })
    let received = received
    let stage = try LookupStage(
      layout: layout, block: block, exchange: source.map { exchanges[$0] },
      received: { source.flatMap { received.slots[$0] } }, settings: parts.settings, components: parts.components,
      sharesEngine: parts.lookup == .semiSynchronous, twin: twinStage(as: LookupStage.self))
    stages.append(stage)
    lookups[index] = stage
    var column = 0
    let columns = block.columns.map { slice in
      defer { column += slice.columns.count }
      return PieceColumns(piece: stage.piece, column: column, slice: slice)
    }
    return Edge(blocks: [LocatedBlock(samples: block.samples, columns: columns)])
  }

  /// The tables and features of a lookup: each shard a table, features of one table next to each other.
  private func lookupLayout(
    _ pieces: [LookupPiece], block: FlowBlock, exchange: IndexExchange?
  ) throws(DMTError) -> EmbeddingLayout {
    let plan = parts.plan
    var layout = EmbeddingLayout(
      tables: [], features: [], batchFeatures: [], featureNames: exchange == nil ? plan.featureNames : [],
      outputColumns: [block.width])
    if let exchange { layout.featureNames = exchange.entries.map { flow.request.features[$0.feature].name } }
    var tableOfShard: [Int: Int] = [:]
    var entries: [(table: Int, feature: EmbeddingFeature, batchFeature: Int)] = []
    var column = 0
    for (piece, slice) in zip(pieces, block.columns) {
      let shard = piece.shard.map { flow.plan.placement.shards[$0] }
      // A replicated table is known by its own number, which no shard has.
      let key = piece.shard ?? -1 - piece.table
      if tableOfShard[key] == nil {
        tableOfShard[key] = layout.tables.count
        var table = plan.tables[piece.table]
        if let shard {
          let region = TableRegion(rows: shard.rows, columns: shard.columns, whole: table.shape)
          table.region = region
          table.shape = TableShape(rows: max(region.rows.count, 1), dim: region.columns.count)
          if region.rows.isEmpty { table.initializer = .zeros }
        }
        layout.tables.append(table)
      }
      guard let table = tableOfShard[key] else { continue }
      let isPartial = slice.rows != nil
      let batchFeature: Int
      if let exchange {
        guard
          let entry = exchange.entries.firstIndex(where: {
            $0.feature == piece.feature && ($0.rows ?? 0..<plan.tables[piece.table].shape.rows) == shard?.rows
          })
        else {
          throw DMTError(
            .internalError, "feature '\(flow.request.features[piece.feature].name)' is looked up and not exchanged")
        }
        batchFeature = entry
      } else {
        batchFeature = plan.batchFeatures[piece.feature]
      }
      let pooling = isPartial ? .sum : flow.request.features[piece.feature].pooling
      entries.append(
        (table, EmbeddingFeature(table: table, pooling: pooling, output: 0, column: column), batchFeature))
      column += slice.columns.count
    }
    for entry in entries.enumerated().sorted(by: { ($0.element.table, $0.offset) < ($1.element.table, $1.offset) }) {
      layout.features.append(entry.element.feature)
      layout.batchFeatures.append(entry.element.batchFeature)
    }
    return layout
  }

  // MARK: - Moving and renaming

  private func joined(_ edges: [Edge]) -> [LocatedBlock] {
    let blocks = edges.flatMap(\.blocks)
    guard let first = blocks.first else { return [] }
    return [LocatedBlock(samples: first.samples, columns: blocks.flatMap(\.columns))]
  }

  private mutating func collective(
    _ input: Int, _ group: RankGroup, isSum: Bool, at index: Int
  ) throws(DMTError) -> Edge {
    let members = links.groups.members(of: group, with: rank)
    let edge = edges[input]
    let stage = try CollectiveStage(
      edge: edge.blocks, blocksOfMember: members.map { flow.blocks(ofStep: input, rank: $0) }, group: group,
      isSum: isSum, forward: edge.forward, backward: edge.backward, dtype: dtype, links: links,
      purpose: "\(isSum ? "reduce_scatter" : "all_to_all") of step \(index)", dropsSamples: flow.dropsSamples,
      twin: twinStage(as: CollectiveStage.self))
    stages.append(stage)
    return try located(stage.results, at: index)
  }

  private mutating func gather(_ input: Int, _ group: RankGroup, at index: Int) throws(DMTError) -> Edge {
    let edge = edges[input]
    let stage = try GatherStage(
      edge: edge.blocks,
      blocksOfMember: links.groups.members(of: group, with: rank).map { flow.blocks(ofStep: input, rank: $0) },
      group: group, forward: edge.forward, backward: edge.backward, dtype: dtype, links: links,
      purpose: "all_gather of step \(index)", twin: twinStage(as: GatherStage.self))
    stages.append(stage)
    return try located(stage.results, at: index)
  }

  /// The blocks of a step's type in the pieces that hold them.
  private func located(_ pieces: [Piece], at index: Int) throws(DMTError) -> Edge {
    let types = flow.blocks(ofStep: index, rank: rank).filter { !$0.columns.isEmpty && !$0.samples.isEmpty }
    guard types.count == pieces.count else {
      throw DMTError(.internalError, "a rank has \(pieces.count) blocks, the type says \(types.count)")
    }
    var blocks: [LocatedBlock] = []
    for (type, piece) in zip(types, pieces) {
      guard type.samples == piece.samples, type.width == piece.width else {
        throw DMTError(
          .internalError,
          "a block has samples \(piece.samples) and \(piece.width) columns, the type says \(type.samples) and \(type.width)"
        )
      }
      var column = 0
      blocks.append(
        LocatedBlock(
          samples: type.samples,
          columns: type.columns.map { slice in
            defer { column += slice.columns.count }
            return PieceColumns(piece: piece, column: column, slice: slice)
          }))
    }
    return Edge(blocks: blocks)
  }

  private mutating func scale(_ input: Int, at index: Int) throws(DMTError) -> Edge {
    var edge = edges[input]
    let (received, exchanges, rank) = (received, exchanges, rank)
    let batchFeatures = parts.plan.batchFeatures
    let singles = batchFeatures.map { parts.isSingle[$0] }
    stages.append(
      try ScaleStage(edge.blocks, dtype: dtype) { feature, source in
        if singles[feature] { return .ones }
        if source == rank {
          return received.batch.map { batch in
            batch.jagged(feature: batchFeatures[feature]).offsets.map(BagLengths.offsets) ?? .ones
          }
        }
        for (index, exchange) in exchanges.enumerated() {
          guard let entry = exchange.entries.firstIndex(where: { $0.feature == feature && $0.hasFullLengths }),
            let slot = received.slots[index], let lengths = slot.fullLengths[entry]
          else { continue }
          return .counts(lengths + slot.start(of: source, in: exchange.plan.order))
        }
        return nil
      })
    for block in edge.blocks.indices {
      for column in edge.blocks[block].columns.indices { edge.blocks[block].columns[column].slice.isUnscaled = false }
    }
    return edge
  }

  // MARK: - Towers and the end

  private mutating func tower(_ input: Int) throws(DMTError) -> Edge {
    let plan = parts.plan
    let group = links.groups.group(of: rank)
    var members: [(tower: Int, plan: ModelPlan.Tower, unit: DenseUnit, columns: [Int: Int])] = []
    for (index, tower) in flow.request.towers.enumerated() where tower.group == group {
      guard let unit = parts.towers[index] else {
        throw DMTError(.internalError, "tower '\(tower.name)' has no module on rank \(rank)")
      }
      var columns: [Int: Int] = [:]
      for (feature, entry) in plan.features.enumerated() where entry.output == plan.towers[index].input {
        columns[feature] = entry.column
      }
      members.append((index, plan.towers[index], unit, columns))
    }
    guard !members.isEmpty else { return Edge(blocks: []) }
    let received = received
    let order = exchanges.first?.plan.order ?? []
    let outputs = members.map { plan.embeddingOutputs[$0.plan.input] }
    let stage = try TowerStage(
      edge: edges[input].blocks, towers: members, inputs: outputs, dtype: dtype, order: order,
      dropsSamples: flow.dropsSamples, received: received)
    stages.append(stage)
    return Edge(
      blocks: zip(members, stage.results).map { member, piece in
        LocatedBlock(
          samples: piece.samples,
          columns: [
            PieceColumns(
              piece: piece, column: 0, slice: ColumnSlice(.tower(member.tower), columns: 0..<member.plan.columns))
          ])
      })
  }

  private mutating func finish() throws(DMTError) {
    let plan = parts.plan
    let runsTowers = flow.runsTowers
    var targets: [SinkStage.Target] = []
    var targetOfOutput: [Int: Int] = [:]
    var targetOfTower: [Int: Int] = [:]
    func add(_ whole: Int, width: Int, output: Int? = nil) throws(DMTError) -> Int {
      guard let value = parts.overArch.value(whole) else {
        throw DMTError(.internalError, "the over-arch does not read value \(whole)")
      }
      targets.append(SinkStage.Target(value: value, width: width, output: output))
      return targets.count - 1
    }
    let towerInputs = Set(plan.towers.map(\.input))
    for (index, output) in plan.embeddingOutputs.enumerated() where !runsTowers || !towerInputs.contains(index) {
      targetOfOutput[index] = try add(output.value, width: output.columns, output: index)
    }
    if runsTowers {
      for (index, tower) in plan.towers.enumerated() {
        targetOfTower[index] = try add(tower.output, width: tower.columns)
      }
    }
    stages.append(
      try SinkStage(
        edge: edges.last?.blocks ?? [], rank: rank, targets: targets, unit: parts.overArch, dtype: dtype,
        received: received
      ) { slice in
        switch slice.source {
        case .feature(let feature):
          guard let target = targetOfOutput[plan.features[feature].output] else { return nil }
          return (target, plan.features[feature].column + slice.columns.lowerBound)
        case .tower(let tower):
          return targetOfTower[tower].map { ($0, slice.columns.lowerBound) }
        }
      })
  }
}

extension IndexExchange.Slot {
  /// The first sample of a source rank in what was received.
  func start(of source: Int, in order: [Int]) -> Int {
    order.prefix { $0 != source }.reduce(0) { $0 + samples(of: $1) }
  }
}
