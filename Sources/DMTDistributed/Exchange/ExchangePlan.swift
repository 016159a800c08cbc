import DMTCore
import DMTDataflow

/// The bags of one feature as a rank needs them: all their row numbers, or those in the rows of its shards.
struct ExchangeEntry: Hashable {
  /// Feature of the request.
  var feature: Int
  /// Rows of the table that the receiver holds; nil: all.
  var rows: Range<Int>?
  /// The number of row numbers differs from bag to bag, so it is sent.
  var hasLengths: Bool
  /// The receiver divides by the full length of the bag, which is sent beside.
  var hasFullLengths: Bool
}

/// Who gets which bags in an exchange, the same on every rank.
struct ExchangePlan {
  /// What every member of the group receives, in the order in which it is sent.
  let entries: [[ExchangeEntry]]
  /// The order of the source ranks' samples at the receiver.
  let order: [Int]
  /// Row numbers take 64 bits instead of 32.
  let isWide: Bool
  /// For every receiver the ranks that send it the numbers of their samples, because its towers run on them.
  let numberSources: [Set<Int>]
  /// Lengths of messages depend on the data.
  let isVariable: Bool

  /// - Parameters:
  ///   - step: an exchange of the flow.
  ///   - isSingle: for each feature of the request, whether every bag holds exactly one row number.
  ///   - isFirst: the flow's first exchange, which carries the sample numbers.
  init(flow: CheckedFlow, step: Int, isSingle: [Bool], isFirst: Bool) throws(DMTError) {
    guard case .exchange(let features, let group, _) = flow.plan.dataflow.steps[step],
      case .indices(_, _, let order) = flow.types[step], group == .world
    else {
      throw DMTError(
        .unsupported, "step \(step) exchanges row numbers inside a group", remedy: "exchange them over the world")
    }
    self.order = order
    let request = flow.request
    let ranks = request.groups.topology.rankCount
    numberSources = (0..<ranks).map { isFirst && flow.runsTowers ? Set(flow.towerSamples[$0]) : [] }
    isWide = features.contains { request.tables[request.features[$0].table].rows > Int(Int32.max) }
    // Which of the features are looked up from this exchange, on which ranks and in which rows.
    var entries = [[ExchangeEntry]](repeating: [], count: ranks)
    for feature in features {
      let table = request.features[feature].table
      let isPartial = flow.plan.placement.shards.contains {
        $0.table == table && $0.rows != 0..<request.tables[table].rows
      }
      let isMean = request.features[feature].pooling == .mean
      for shard in flow.plan.placement.shards where shard.table == table {
        let entry = ExchangeEntry(
          feature: feature, rows: isPartial ? shard.rows : nil, hasLengths: isPartial || !isSingle[feature],
          hasFullLengths: isPartial && isMean && !isSingle[feature])
        // Shards of the same rows, cut by columns, share the bags.
        if !entries[shard.rank].contains(entry) { entries[shard.rank].append(entry) }
      }
    }
    self.entries = entries
    isVariable = entries.contains { $0.contains(where: \.hasLengths) }
  }
}
