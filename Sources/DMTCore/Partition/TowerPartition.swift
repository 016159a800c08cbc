/// Features dealt into towers: what a tower partitioner answers.
public struct TowerPartition: Sendable, Equatable {
  /// A number about the partition: `stress`, `objective`.
  public struct Figure: Sendable, Equatable {
    public var name: String
    public var value: Double
    public init(_ name: String, _ value: Double) {
      self.name = name
      self.value = value
    }
  }

  /// A place in the plane.
  public struct Point: Sendable, Equatable {
    public var x: Double
    public var y: Double
    public init(x: Double, y: Double) {
      self.x = x
      self.y = y
    }
  }

  /// The tower of each feature, 0..<T.
  public var assignment: [Int]
  /// Each feature's place in the plane, where the strategy has one.
  public var coordinates: [Point]?
  public var figures: [Figure]
  /// How it was found, in a sentence or two.
  public var explanation: String

  public init(assignment: [Int], coordinates: [Point]? = nil, figures: [Figure] = [], explanation: String = "") {
    self.assignment = assignment
    self.coordinates = coordinates
    self.figures = figures
    self.explanation = explanation
  }

  /// The features of each of `count` towers, ascending.
  public func groups(_ count: Int) -> [[Int]] {
    var groups = [[Int]](repeating: [], count: count)
    for (feature, tower) in assignment.enumerated() where groups.indices.contains(tower) {
      groups[tower].append(feature)
    }
    return groups
  }

  /// Refuses an answer that does not cover every feature exactly once, or breaks balance or capacity.
  ///
  /// - Throws: ``DMTError/Code/pluginFailed``.
  public func check(against request: PartitionRequest) throws(DMTError) {
    func broken(_ message: String) -> DMTError {
      DMTError(.pluginFailed, "strategy '\(request.strategy)': \(message)")
    }
    guard assignment.count == request.features.count else {
      throw broken("\(assignment.count) features are assigned, expected \(request.features.count)")
    }
    for (feature, tower) in zip(request.features, assignment) where tower < 0 || tower >= request.towers {
      throw broken("feature '\(feature.name)' is in tower \(tower), expected 0 to \(request.towers - 1)")
    }
    let groups = groups(request.towers)
    if let empty = groups.firstIndex(where: \.isEmpty) { throw broken("tower \(empty) has no feature") }
    let sizes = groups.map(\.count)
    guard request.sizeRanges.contains(where: { range in sizes.allSatisfy(range.contains) }) else {
      throw broken("towers have sizes \(sizes), which a balance of \(request.balance) does not allow")
    }
    if let loads = request.loads {
      for (tower, group) in groups.enumerated() {
        let load = group.reduce(0) { $0 + loads.of[$1] }
        guard load <= loads.limit * (1 + 1e-9) else {
          throw broken("tower \(tower) carries \(load), expected at most \(loads.limit)")
        }
      }
    }
    if let coordinates {
      guard coordinates.count == assignment.count, coordinates.allSatisfy({ $0.x.isFinite && $0.y.isFinite }) else {
        throw broken("there are \(coordinates.count) places in the plane, expected a finite one for every feature")
      }
    }
  }
}
