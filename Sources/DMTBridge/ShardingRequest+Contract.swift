public import CDMTPlugin
public import DMTCore

/// Tables, features and towers of one request, and ranks of a piece, are believed up to this number.
private let maximumCount = 1 << 20

extension ContractArena {
  /// A sharding request as the contract writes it; the planner is the caller's to add.
  public func request(_ request: ShardingRequest) -> dmt_sharding_request {
    var result = dmt_sharding_request()
    result.struct_size = SizedStruct.size(of: dmt_sharding_request.self)
    result.flags = request.runsTowers ? DMT_SHARDING_RUNS_TOWERS : 0
    result.hosts = Int32(clamping: request.groups.topology.hosts)
    result.ranks_per_host = Int32(clamping: request.groups.topology.ranksPerHost)
    result.tower_group_size = Int32(clamping: request.groups.size)
    result.forward_wire = request.forwardWire.rawValue
    result.backward_wire = request.backwardWire.rawValue
    result.table_count = Int32(clamping: request.tables.count)
    result.feature_count = Int32(clamping: request.features.count)
    result.tower_count = Int32(clamping: request.towers.count)
    result.tables = array(
      request.tables.map {
        dmt_sharding_table(
          name: text($0.name), rows: Int64($0.rows), dim: Int64($0.dim), row_bytes: $0.rowBytes,
          sharding: $0.sharding.rawValue, reserved: 0)
      })
    result.features = array(
      request.features.map {
        dmt_sharding_feature(
          name: text($0.name), table: Int32(clamping: $0.table), pooling: $0.pooling.rawValue, lookups: $0.lookups,
          tower: Int32(clamping: $0.tower ?? -1), reserved: 0)
      })
    result.towers = array(
      request.towers.map {
        dmt_sharding_tower(
          name: text($0.name), output_columns: Int64($0.outputColumns), group: Int32(clamping: $0.group), reserved: 0)
      })
    result.batch = Int64(request.batch)
    return result
  }

  /// Pieces of work for the planner as the contract writes them.
  public func candidates(_ pieces: [ShardCandidate]) -> UnsafePointer<dmt_shard_candidate>? {
    array(
      pieces.map {
        dmt_shard_candidate(
          cost: $0.cost, bytes: $0.bytes, ranks: array($0.ranks.map { Int32(clamping: $0) }),
          rank_count: Int64($0.ranks.count))
      })
  }
}

extension ShardingRequest {
  /// A copy of a request from the other side, every count and index checked.
  ///
  /// - Parameter planner: what stands behind the request's `assign`.
  /// - Throws: ``DMTError/Code/invalidArgument`` for what breaks the contract.
  public init(copying request: dmt_sharding_request, planner: any ShardPlanner) throws(DMTError) {
    func check(_ count: Int32, _ isThere: Bool, _ what: String) throws(DMTError) {
      guard count >= 0, count <= maximumCount, isThere || count == 0 else {
        throw DMTError(
          .invalidArgument,
          "a sharding request has \(count) \(what)" + (isThere ? "" : " at NULL") + ", expected 0 to \(maximumCount)")
      }
    }
    try check(request.table_count, request.tables != nil, "tables")
    try check(request.feature_count, request.features != nil, "features")
    try check(request.tower_count, request.towers != nil, "towers")
    let topology = try Topology(hosts: Int(request.hosts), ranksPerHost: Int(request.ranks_per_host))
    let groups = try TowerGroups(topology, size: Int(request.tower_group_size))
    guard let forward = WireType(rawValue: request.forward_wire),
      let backward = WireType(rawValue: request.backward_wire), request.batch >= 0
    else {
      throw DMTError(
        .invalidArgument,
        "a sharding request has wire types \(request.forward_wire) and \(request.backward_wire) and a batch of "
          + "\(request.batch)")
    }
    var tables: [ShardingTable] = []
    for index in 0..<Int(request.table_count) {
      tables.append(try ShardingTable(copying: request.tables[index], index))
    }
    var towers: [ShardingTower] = []
    for index in 0..<Int(request.tower_count) {
      towers.append(try ShardingTower(copying: request.towers[index], index, groups: groups.count))
    }
    var features: [ShardingFeature] = []
    for index in 0..<Int(request.feature_count) {
      features.append(
        try ShardingFeature(copying: request.features[index], index, tables: tables.count, towers: towers.count))
    }
    self.init(
      groups: groups, tables: tables, features: features, towers: towers, batch: Int(request.batch),
      forwardWire: forward, backwardWire: backward, runsTowers: request.flags & DMT_SHARDING_RUNS_TOWERS != 0,
      planner: planner)
  }
}

extension ShardingTable {
  fileprivate init(copying table: dmt_sharding_table, _ index: Int) throws(DMTError) {
    guard table.rows >= 0, table.dim >= 1, let sharding = TableSharding(rawValue: table.sharding) else {
      throw DMTError(
        .invalidArgument, "table \(index) has \(table.rows) rows of \(table.dim) columns and sharding \(table.sharding)"
      )
    }
    self.init(
      name: try String(copying: table.name, "the name of table \(index)"), rows: Int(table.rows), dim: Int(table.dim),
      rowBytes: table.row_bytes, sharding: sharding)
  }
}

extension ShardingFeature {
  fileprivate init(copying feature: dmt_sharding_feature, _ index: Int, tables: Int, towers: Int) throws(DMTError) {
    guard (0..<tables).contains(Int(feature.table)), (-1..<towers).contains(Int(feature.tower)),
      let pooling = Pooling(rawValue: feature.pooling)
    else {
      throw DMTError(
        .invalidArgument,
        "feature \(index) has table \(feature.table) of \(tables), tower \(feature.tower) of \(towers) and pooling "
          + "\(feature.pooling)")
    }
    self.init(
      name: try String(copying: feature.name, "the name of feature \(index)"), table: Int(feature.table),
      pooling: pooling, lookups: feature.lookups, tower: feature.tower < 0 ? nil : Int(feature.tower))
  }
}

extension ShardingTower {
  fileprivate init(copying tower: dmt_sharding_tower, _ index: Int, groups: Int) throws(DMTError) {
    guard tower.output_columns >= 0, (0..<groups).contains(Int(tower.group)) else {
      throw DMTError(
        .invalidArgument,
        "tower \(index) has \(tower.output_columns) output columns and tower group \(tower.group) of \(groups)")
    }
    self.init(
      name: try String(copying: tower.name, "the name of tower \(index)"), outputColumns: Int(tower.output_columns),
      group: Int(tower.group))
  }
}

extension ShardCandidate {
  /// Copies of pieces from the other side.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for counts out of bounds and for arrays at NULL.
  public static func copying(
    _ pieces: UnsafePointer<dmt_shard_candidate>?, count: Int64
  ) throws(DMTError) -> [ShardCandidate] {
    guard (0...Int64(maximumCount)).contains(count), pieces != nil || count == 0 else {
      throw DMTError(
        .invalidArgument,
        "\(count) pieces" + (pieces == nil ? " at NULL" : "") + ", expected 0 to \(maximumCount)")
    }
    var result: [ShardCandidate] = []
    for index in 0..<Int(count) {
      guard let piece = pieces?[index] else { break }
      guard (1...Int64(Topology.maximumRanks)).contains(piece.rank_count), let ranks = piece.ranks else {
        throw DMTError(.invalidArgument, "piece \(index) has \(piece.rank_count) ranks, expected 1 or more")
      }
      result.append(
        ShardCandidate(
          cost: piece.cost, bytes: piece.bytes,
          ranks: UnsafeBufferPointer(start: ranks, count: Int(piece.rank_count)).map(Int.init)))
    }
    return result
  }
}
