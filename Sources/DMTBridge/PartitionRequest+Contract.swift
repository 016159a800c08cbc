public import CDMTPlugin
public import DMTCore

/// Features and towers of one request are believed up to this number.
private let maximumFeatures = 1 << 16

extension ContractArena {
  /// A partition request as the contract writes it.
  public func request(_ request: PartitionRequest) -> dmt_partition_request {
    var result = dmt_partition_request()
    result.struct_size = SizedStruct.size(of: dmt_partition_request.self)
    result.feature_count = Int64(request.features.count)
    result.features = array(
      request.features.map {
        dmt_partition_feature(
          name: text($0.name), rows: Int64($0.rows), dim: Int64($0.dim), lookup_cost: $0.lookupCost,
          bytes: Int64($0.bytes))
      })
    result.affinity = request.affinity.flatMap { array($0) }
    result.tower_count = Int64(request.towers)
    result.balance = request.balance
    switch request.capacity {
    case nil: result.capacity_kind = DMT_CAPACITY_NONE
    case .lookups(let limit):
      result.capacity_kind = DMT_CAPACITY_LOOKUPS
      result.capacity = limit
    case .bytes(let limit):
      result.capacity_kind = DMT_CAPACITY_BYTES
      result.capacity = limit
    }
    result.strategy = text(request.strategy)
    result.seed = request.seed
    return result
  }

  /// Strategies as the contract writes them.
  public func strategies(_ strategies: [PartitionStrategy]) -> UnsafePointer<dmt_partition_strategy>? {
    array(
      strategies.map {
        dmt_partition_strategy(
          name: text($0.name), summary: text($0.summary),
          flags: $0.needsAffinity ? DMT_PARTITION_NEEDS_AFFINITY : 0, reserved: 0)
      })
  }
}

extension PartitionRequest {
  /// A copy of a request from the other side, every count checked.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for what breaks the contract; not for what ``check()`` refuses.
  public init(copying pointer: UnsafePointer<dmt_partition_request>?) throws(DMTError) {
    let request = try SizedStruct.read(pointer, "the partition request")
    guard request.feature_count >= 0, request.feature_count <= maximumFeatures,
      request.features != nil || request.feature_count == 0
    else {
      throw DMTError(
        .invalidArgument,
        "a partition request has \(request.feature_count) features" + (request.features == nil ? " at NULL" : "")
          + ", expected 0 to \(maximumFeatures)")
    }
    let count = Int(request.feature_count)
    var features: [Feature] = []
    for index in 0..<count {
      let feature = request.features[index]
      features.append(
        Feature(
          name: try String(copying: feature.name, "the name of feature \(index)"), rows: Int(feature.rows),
          dim: Int(feature.dim), lookupCost: feature.lookup_cost, bytes: Int(feature.bytes)))
    }
    let capacity: Capacity? =
      switch request.capacity_kind {
      case DMT_CAPACITY_NONE: nil
      case DMT_CAPACITY_LOOKUPS: .lookups(request.capacity)
      case DMT_CAPACITY_BYTES: .bytes(request.capacity)
      default:
        throw DMTError(.invalidArgument, "the request's capacity is of kind \(request.capacity_kind), expected 0 to 2")
      }
    self.init(
      features: features,
      affinity: request.affinity.map { Array(UnsafeBufferPointer(start: $0, count: count * count)) },
      towers: Int(request.tower_count), balance: request.balance, capacity: capacity,
      strategy: try String(copying: request.strategy, "the strategy's name"), seed: request.seed)
  }
}

extension PartitionStrategy {
  /// Copies of a component's strategies.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for none, for too many and for one without a name.
  public static func copying(
    _ strategies: UnsafePointer<dmt_partition_strategy>?, count: Int64
  ) throws(DMTError) -> [PartitionStrategy] {
    guard let strategies, (1...256).contains(count) else {
      throw DMTError(
        .invalidArgument,
        "it has \(count) strategies" + (strategies == nil ? " at NULL" : "") + ", expected 1 to 256")
    }
    var result: [PartitionStrategy] = []
    for index in 0..<Int(count) {
      let name = try String(copying: strategies[index].name, "the name of strategy \(index)")
      guard !name.isEmpty, !result.contains(where: { $0.name == name }) else {
        throw DMTError(.invalidArgument, "strategy \(index) is named '\(name)', expected a name of its own")
      }
      result.append(
        PartitionStrategy(
          name, summary: try String(copying: strategies[index].summary, "the summary of strategy '\(name)'"),
          needsAffinity: strategies[index].flags & DMT_PARTITION_NEEDS_AFFINITY != 0))
    }
    return result
  }
}
