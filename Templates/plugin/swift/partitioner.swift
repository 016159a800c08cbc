import DMTPluginKit

/// `@COMPONENT@`: features by falling lookup cost, each to the tower that carries least so far.
///
/// Towers have floor(F / T) or ceil(F / T) features. Where the towers' capacity is in bytes, bytes take the cost's place.
struct @EXAMPLE@: TowerPartitioner {
  let name = "@COMPONENT@"
  let strategies = [
    PartitionStrategy(
      "@NAME@", summary: "The heaviest feature first, to the tower that carries least.", needsAffinity: false)
  ]

  func partition(_ request: PartitionRequest) throws(DMTError) -> TowerPartition {
    let loads = request.loads?.of ?? request.features.map(\.lookupCost)
    // Equal ones stay in their order, so that the same request gives the same answer.
    let order = loads.indices.sorted { (loads[$1], $0) < (loads[$0], $1) }
    let smallest = loads.count / request.towers
    var larger = loads.count % request.towers  // so many towers hold one more
    var assignment = [Int](repeating: 0, count: loads.count)
    var carried = [Double](repeating: 0, count: request.towers)
    var sizes = [Int](repeating: 0, count: request.towers)
    for feature in order {
      let open = sizes.indices.filter { sizes[$0] < smallest || (sizes[$0] == smallest && larger > 0) }
      guard let tower = open.min(by: { (carried[$0], $0) < (carried[$1], $1) }) else { break }
      if sizes[tower] == smallest { larger -= 1 }
      sizes[tower] += 1
      carried[tower] += loads[feature]
      assignment[feature] = tower
    }
    let heaviest = carried.max() ?? 0
    if let limit = request.loads?.limit, heaviest > limit * (1 + 1e-9) {
      throw DMTError(
        .invalidArgument, "a tower would carry \(heaviest), it carries at most \(limit)", remedy: "raise the capacity")
    }
    let mean = carried.reduce(0, +) / Double(request.towers)
    return TowerPartition(
      assignment: assignment, figures: [.init("heaviest", mean > 0 ? heaviest / mean : 1)],
      explanation: "Features by falling lookup cost, each to the tower that carries least; `heaviest` is the largest "
        + "load over the mean.")
  }
}
