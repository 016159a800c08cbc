/// What a tower partitioner is asked: deal F features into T towers.
public struct PartitionRequest: Sendable {
  /// A feature, or a part of its columns that is a table of its own.
  public struct Feature: Sendable, Hashable {
    public var name: String
    /// Rows of its table.
    public var rows: Int
    /// Width of its embedding.
    public var dim: Int
    /// Elements that a sample reads: mean bag length times `dim`.
    public var lookupCost: Double
    /// Bytes of its table.
    public var bytes: Int

    public init(name: String, rows: Int, dim: Int, lookupCost: Double, bytes: Int) {
      self.name = name
      self.rows = rows
      self.dim = dim
      self.lookupCost = lookupCost
      self.bytes = bytes
    }
  }

  /// The most that one tower may carry.
  public enum Capacity: Sendable, Hashable {
    /// Of ``Feature/lookupCost``.
    case lookups(Double)
    /// Of ``Feature/bytes``.
    case bytes(Double)
  }

  public var features: [Feature]
  /// [F, F], row-major: how alike two features are, 0 to 1, symmetric; nil: not known.
  public var affinity: [Double]?
  /// T.
  public var towers: Int
  /// R: the largest tower has at most R times as many features as the smallest; at 1 sizes differ by at most one.
  public var balance: Double
  public var capacity: Capacity?
  public var strategy: String
  public var seed: UInt64

  public init(
    features: [Feature], affinity: [Double]? = nil, towers: Int, balance: Double = 1, capacity: Capacity? = nil,
    strategy: String, seed: UInt64 = 1
  ) {
    self.features = features
    self.affinity = affinity
    self.towers = towers
    self.balance = balance
    self.capacity = capacity
    self.strategy = strategy
    self.seed = seed
  }

  /// What each feature adds to its tower's load, and the most that a tower may carry; nil without a capacity.
  public var loads: (of: [Double], limit: Double)? {
    switch capacity {
    case nil: nil
    case .lookups(let limit): (features.map(\.lookupCost), limit)
    case .bytes(let limit): (features.map { Double($0.bytes) }, limit)
    }
  }

  /// The sizes that balance allows: every tower's size lies in one of these ranges, the same one for all towers.
  ///
  /// At R = 1 floor(F / T) ... ceil(F / T); above, n ... floor(R n) for every n for which T such towers can hold F features.
  public var sizeRanges: [ClosedRange<Int>] {
    let count = features.count
    guard towers >= 1, towers <= count, balance >= 1 else { return [] }
    let floor = count / towers
    if balance == 1 { return [floor...(count % towers == 0 ? floor : floor + 1)] }
    var ranges: [ClosedRange<Int>] = []
    for smallest in 1...floor {
      // A hair more than the product, so that 3 * (4 / 3) holds 4.
      let product = (Double(smallest) * balance * (1 + 1e-12)).rounded(.down)
      let largest = product >= Double(count) ? count : Int(product)
      let (room, overflow) = largest.multipliedReportingOverflow(by: towers)
      if overflow || room >= count { ranges.append(smallest...largest) }
    }
    return ranges
  }

  /// Refuses what no partitioner can answer.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for more towers than features, a balance that cannot hold, a capacity
  ///   that cannot; ``DMTError/Code/notFinite`` for an affinity that is not a number, with the features' names.
  public func check() throws(DMTError) {
    guard !features.isEmpty else { throw DMTError(.invalidArgument, "there is no feature to deal into towers") }
    guard towers >= 1 else { throw DMTError(.invalidArgument, "\(towers) towers are asked for, expected 1 or more") }
    guard towers <= features.count else {
      throw DMTError(
        .invalidArgument, "\(towers) towers of \(features.count) features, expected at most one tower a feature",
        remedy: "ask for \(features.count) towers or fewer, or split the features' columns")
    }
    var names: Set<String> = []
    for feature in features {
      guard names.insert(feature.name).inserted else {
        throw DMTError(.invalidArgument, "feature '\(feature.name)' is named twice", remedy: "keep one of them")
      }
      guard feature.lookupCost.isFinite, feature.lookupCost >= 0, feature.bytes >= 0 else {
        throw DMTError(
          .invalidArgument,
          "feature '\(feature.name)' costs \(feature.lookupCost) and has \(feature.bytes) bytes, expected 0 or more")
      }
    }
    try checkBalance()
    try checkCapacity()
    try checkAffinity()
  }

  private func checkBalance() throws(DMTError) {
    guard balance.isFinite, balance >= 1 else {
      throw DMTError(
        .invalidArgument, "the balance is \(balance), expected 1 or more",
        remedy: "1 makes towers as equal as they can be")
    }
    guard sizeRanges.isEmpty else { return }
    let floor = features.count / towers
    throw DMTError(
      .invalidArgument,
      "no \(towers) towers of \(features.count) features have sizes within a factor of \(balance) of each other",
      remedy: "use a balance of 1, which allows sizes \(floor) and \(floor + 1), or of at least "
        + "\(Double(floor + 1) / Double(floor))")
  }

  private func checkCapacity() throws(DMTError) {
    guard let loads else { return }
    guard loads.limit.isFinite, loads.limit > 0 else {
      throw DMTError(.invalidArgument, "the capacity of a tower is \(loads.limit), expected more than 0")
    }
    for (feature, load) in zip(features, loads.of) where load > loads.limit {
      throw DMTError(
        .invalidArgument,
        "feature '\(feature.name)' alone has a load of \(load), a tower carries at most \(loads.limit)",
        remedy: "raise the capacity, or ask for more towers than features so that columns are split")
    }
    let total = loads.of.reduce(0, +)
    guard total <= loads.limit * Double(towers) * (1 + 1e-12) else {
      throw DMTError(
        .invalidArgument,
        "the features have a load of \(total), \(towers) towers carry \(loads.limit * Double(towers))",
        remedy: "raise the capacity to at least \(total / Double(towers)), or ask for more towers")
    }
  }

  private func checkAffinity() throws(DMTError) {
    guard let affinity else { return }
    let count = features.count
    guard affinity.count == count * count else {
      throw DMTError(
        .shapeMismatch, "the affinity has \(affinity.count) elements, expected \(count) x \(count)")
    }
    for i in 0..<count {
      for j in 0..<count {
        let value = affinity[i * count + j]
        guard value.isFinite else {
          throw DMTError(
            .notFinite,
            "the affinity of '\(features[i].name)' and '\(features[j].name)' is \(value), expected a number",
            remedy: "look for a table that is not trained, or whose weights are not numbers")
        }
        guard value >= -1e-9, value <= 1 + 1e-9, abs(value - affinity[j * count + i]) <= 1e-9 else {
          throw DMTError(
            .invalidArgument,
            "the affinity of '\(features[i].name)' and '\(features[j].name)' is \(value), the other way round "
              + "\(affinity[j * count + i]), expected equal numbers from 0 to 1")
        }
      }
    }
  }
}
