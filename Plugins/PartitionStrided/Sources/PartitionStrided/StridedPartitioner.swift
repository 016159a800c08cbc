import DMTPluginKit

/// `strided`: feature i goes to tower i mod T, so that sizes are floor(F / T) and ceil(F / T).
///
/// The naive partition that a learned one is compared with: 26 features in 8 towers are {0, 8, 16, 24}, {1, 9, 17, 25},
/// {2, 10, 18} .. {7, 15, 23}. It reads neither affinity nor seed. A capacity it does not keep is an error, because there
/// is no other strided partition. Source: DMT, arXiv 2403.00877, section 5.
public struct StridedPartitioner: TowerPartitioner {
  public let name = "strided"
  public let strategies = [
    PartitionStrategy("strided", summary: "Feature i goes to tower i modulo T.", needsAffinity: false)
  ]

  public init() {}

  public func partition(_ request: PartitionRequest) throws(DMTError) -> TowerPartition {
    let count = request.features.count
    let assignment = (0..<count).map { $0 % request.towers }
    let (smallest, remainder) = count.quotientAndRemainder(dividingBy: request.towers)
    let largest = remainder == 0 ? smallest : smallest + 1
    guard request.sizeRanges.contains(where: { $0.contains(smallest) && $0.contains(largest) }) else {
      throw DMTError(
        .invalidArgument,
        "dealt in turn, towers have \(smallest) and \(largest) features, which a balance of \(request.balance) does not "
          + "allow", remedy: "use a balance of 1, or of at least \(Double(largest) / Double(smallest))")
    }
    if let loads = request.loads {
      var sums = [Double](repeating: 0, count: request.towers)
      for (feature, tower) in assignment.enumerated() { sums[tower] += loads.of[feature] }
      if let tower = sums.indices.first(where: { sums[$0] > loads.limit * (1 + 1e-9) }) {
        throw DMTError(
          .invalidArgument,
          "dealt in turn, tower \(tower) has a load of \(sums[tower]), it carries at most \(loads.limit)",
          remedy: "raise the capacity, change the order of the features, or use a learned strategy")
      }
    }
    return TowerPartition(
      assignment: assignment, figures: [],
      explanation: "Feature i goes to tower i modulo \(request.towers); no data were looked at.")
  }
}
