package import DMTCore
public import DMTManifest

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Makes samples with known structure: Zipf indices, bags of several, planted groups of features that interact.
///
/// Every row of every table has a weight w and a latent vector z of two numbers, both scaled by 1 / sqrt(1 + rank), the
/// row's rank in the Zipf law: frequent rows matter most, so that what a sample's label hangs on can be learnt from as few
/// samples as there are. A bag's w and z are the sums over its row numbers. With n(.) scaling each part to variance 1 (for
/// independent features), the logit of a sample is
///
///     bias + 2.0 n(sum of w) + 2.5 n(sum over groups, over pairs i < j of the group, of z_i . z_j)
///          + 1.0 n(sum of v_k d_k) + noise
///
/// so two features interact exactly when they share a group. Everything is a function of the seed.
package struct SyntheticGenerator {
  private static let latents = 2
  private let spec: SyntheticSpec
  private let place: DMTError.Place
  private let zipf: ZipfSampler
  private let permutations: [SeededPermutation]
  private let groups: [[Int]]
  private let weightKeys: [UInt64]
  private let latentKeys: [[UInt64]]
  private let denseWeights: [Double]
  /// The mean of 1 / (1 + rank) under the Zipf law.
  private let meanShrinkage: Double

  package init(_ spec: SyntheticSpec, place: DMTError.Place) throws(DMTError) {
    func require(_ isGood: Bool, _ message: String) throws(DMTError) {
      if !isGood { throw DMTError(.invalidManifest, "synthetic data: \(message)", place: place) }
    }
    try require(spec.samples > 0, "samples must be positive, found \(spec.samples)")
    try require(spec.samples < Int(UInt32.max), "samples must be below \(UInt32.max), found \(spec.samples)")
    try require(spec.features >= 0 && spec.features <= 10_000, "features must be 0...10000, found \(spec.features)")
    try require(spec.dense >= 0 && spec.dense <= 10_000, "dense must be 0...10000, found \(spec.dense)")
    try require(spec.features + spec.dense > 0, "there must be a feature")
    try require(spec.rows > 0 && spec.rows < Int(Int32.max), "rows must be in 1..<\(Int32.max), found \(spec.rows)")
    try require(spec.pooling > 0 && spec.pooling <= 10_000, "pooling must be 1...10000, found \(spec.pooling)")
    try require(spec.zipf >= 0 && spec.zipf <= 10, "zipf must be 0...10, found \(spec.zipf)")
    try require(spec.noise >= 0 && spec.noise.isFinite, "noise must not be negative, found \(spec.noise)")
    try require(spec.groups > 0, "groups must be positive, found \(spec.groups)")
    self.spec = spec
    self.place = place
    zipf = ZipfSampler(count: spec.rows, exponent: spec.zipf)
    func key(_ stream: UInt64, _ index: Int) -> UInt64 {
      StableHash.key(StableHash.key(spec.seed, stream), UInt64(index))
    }
    permutations = (0..<spec.features).map { SeededPermutation(count: spec.rows, key: key(1, $0)) }
    weightKeys = (0..<spec.features).map { key(2, $0) }
    latentKeys = (0..<spec.features).map { feature in (0..<Self.latents).map { key(3, feature * Self.latents + $0) } }
    denseWeights = (0..<spec.dense).map { key(4, $0).nearlyNormal }
    groups = spec.plantedGroups
    var total = 0.0
    var shrunk = 0.0
    for rank in 0..<spec.rows {
      let probability = pow(Double(rank + 1), -spec.zipf)
      total += probability
      shrunk += probability / Double(rank + 1)
    }
    meanShrinkage = shrunk / total
  }

  /// The samples of `spec`, with the columns that `plan` asks for.
  func table(plan: ColumnPlan) throws(DMTError) -> RawTable {
    try check(plan)
    let table = RawTable()
    let bias = try pilotBias()
    var sample = Sample(spec)
    var codes = [[UInt32]](repeating: [], count: spec.features)
    var offsets = [[Int]](repeating: [0], count: spec.features)
    var dense = [[Double]](repeating: [], count: spec.dense)
    for feature in 0..<spec.features { codes[feature].reserveCapacity(spec.samples * (spec.pooling + 1) / 2) }
    table.labels.reserveCapacity(spec.samples)
    for row in 0..<spec.samples {
      draw(&sample, stream: 5, row)
      let logit = bias + structure(ranks: sample.ranks, dense: sample.dense) + spec.noise * sample.random.normal()
      table.labels.append(sample.random.unit() < 1 / (1 + exp(-logit)) ? 1 : 0)
      table.splits.append(SplitName.byRowRule(row, hasTestFile: false))
      table.rowNumbers.append(UInt32(row))
      for feature in 0..<spec.features {
        for rank in sample.ranks[feature] { codes[feature].append(UInt32(permutations[feature](Int(rank)))) }
        if spec.pooling > 1 { offsets[feature].append(codes[feature].count) }
      }
      for column in 0..<spec.dense { dense[column].append(sample.dense[column]) }
    }
    table.count = spec.samples
    let decimals = Self.decimals(spec.rows)
    for name in plan.order {
      guard let (kind, index) = Self.parse(name) else { continue }
      if kind == "f" {
        table.text[name] = TextColumn(
          dictionary: decimals, codes: codes[index], offsets: spec.pooling > 1 ? offsets[index] : nil)
      } else if plan.numbers[name] != nil {
        table.numbers[name] = NumberColumn(feature: plan.numbers[name] ?? name, values: dense[index])
      }
      if kind == "d", plan.text[name] != nil {
        let column = TextColumn()
        for value in dense[index] {
          var text = "\(value)"
          if let code = text.withUTF8({ column.code(for: $0) }) { column.append(code) }
        }
        table.text[name] = column
      }
    }
    return table
  }

  // MARK: One sample

  private struct Sample {
    /// Every bag as Zipf ranks; a seeded permutation makes row numbers of them.
    var ranks: [[UInt32]]
    var dense: [Double]
    var random = RandomStream(key: 0)

    init(_ spec: SyntheticSpec) {
      ranks = [[UInt32]](repeating: [], count: spec.features)
      dense = [Double](repeating: 0, count: spec.dense)
    }
  }

  private func draw(_ sample: inout Sample, stream: UInt64, _ row: Int) {
    var random = RandomStream(key: StableHash.key(StableHash.key(spec.seed, stream), UInt64(row)))
    for feature in 0..<spec.features {
      sample.ranks[feature].removeAll(keepingCapacity: true)
      let length = spec.pooling == 1 ? 1 : 1 + random.below(spec.pooling)
      for _ in 0..<length { sample.ranks[feature].append(UInt32(zipf.rank(&random))) }
    }
    for column in 0..<spec.dense { sample.dense[column] = random.normal() }
    sample.random = random
  }

  /// The logit without bias and noise.
  package func structure(ranks: [[UInt32]], dense: [Double]) -> Double {
    let meanLength = (Double(spec.pooling) + 1) / 2
    var linear = 0.0
    var pairs = 0.0
    for group in groups {
      // The sum over pairs of dots is (|sum of z|^2 - sum of |z|^2) / 2.
      var total = SIMD2<Double>.zero
      var squares = 0.0
      for feature in group {
        var latent = SIMD2<Double>.zero
        for rank in ranks[feature] {
          let amplitude = 1 / (Double(rank + 1) * meanShrinkage).squareRoot()
          linear += amplitude * StableHash.word(key: weightKeys[feature], counter: UInt64(rank)).nearlyNormal
          for index in 0..<Self.latents {
            latent[index] +=
              amplitude * StableHash.word(key: latentKeys[feature][index], counter: UInt64(rank)).nearlyNormal
          }
        }
        latent /= meanLength.squareRoot()
        total += latent
        squares += (latent * latent).sum()
      }
      pairs += ((total * total).sum() - squares) / 2
    }
    var value = 0.0
    if spec.features > 0 { value += 2 * linear / (Double(spec.features) * meanLength).squareRoot() }
    let pairCount = groups.reduce(0) { $0 + $1.count * ($1.count - 1) / 2 }
    if pairCount > 0 { value += 2.5 * pairs / (Double(pairCount) * Double(Self.latents)).squareRoot() }
    if spec.dense > 0 {
      var sum = 0.0
      for column in 0..<spec.dense { sum += denseWeights[column] * dense[column] }
      value += sum / Double(spec.dense).squareRoot()
    }
    return value
  }

  /// The bias that centres the logits, from samples that are not handed out.
  private func pilotBias() throws(DMTError) -> Double {
    var sample = Sample(spec)
    var sum = 0.0
    for row in 0..<1024 {
      draw(&sample, stream: 6, row)
      sum += structure(ranks: sample.ranks, dense: sample.dense)
    }
    return -sum / 1024
  }

  // MARK: Columns

  private static func parse(_ name: String) -> (kind: Character, index: Int)? {
    guard let kind = name.first, kind == "f" || kind == "d", let index = Int(name.dropFirst()),
      index >= 0, String(index) == name.dropFirst()
    else { return nil }
    return (kind, index)
  }

  private func check(_ plan: ColumnPlan) throws(DMTError) {
    for name in plan.order {
      let reason = plan.reasons[name] ?? "the manifest"
      guard let (kind, index) = Self.parse(name), index < (kind == "f" ? spec.features : spec.dense) else {
        throw ColumnPlan.missing(
          name, for: reason,
          among: (0..<spec.features).map { "f\($0)" } + (0..<spec.dense).map { "d\($0)" } + ["label"],
          file: "the synthetic data", place: place)
      }
      if kind == "f", plan.numbers[name] != nil {
        throw DMTError(
          .invalidManifest, "\(reason) reads column '\(name)', which holds row numbers, as numeric", place: place)
      }
      for case .index(let feature, let rows, _) in plan.text[name] ?? [] where kind == "d" || rows < spec.rows {
        throw DMTError(
          .invalidData,
          "feature '\(feature)' has \(rows) rows, and column '\(name)' of the synthetic data holds "
            + (kind == "d" ? "fractions" : "row numbers up to \(spec.rows - 1)"), place: place)
      }
    }
  }

  private static func decimals(_ count: Int) -> ByteDictionary {
    var dictionary = ByteDictionary()
    for number in 0..<count {
      var text = String(number)
      _ = text.withUTF8 { dictionary.insert($0) }
    }
    return dictionary
  }
}

extension SyntheticSpec {
  /// The planted groups: lists of feature numbers, a seeded deal of all features into `groups` hands of nearly equal size.
  ///
  /// This is the structure a learned tower partition should find.
  public var plantedGroups: [[Int]] {
    let permutation = SeededPermutation(count: features, key: StableHash.key(seed, 7))
    var hands = [[Int]](repeating: [], count: max(1, min(groups, features)))
    for position in 0..<features { hands[position % hands.count].append(permutation(position)) }
    return hands.map { $0.sorted() }
  }
}
