import DMTCore
import DMTData
import DMTManifest
import Foundation
import Testing

@Suite("Synthetic data")
struct SyntheticTests {
  private func load(_ spec: SyntheticSpec, dense: Bool = true) throws -> Dataset {
    let scratch = try Scratch()
    return try scratch.load(
      DataSection(format: .synthetic, synthetic: spec),
      (0..<spec.features).map { feature("f\($0)", .text, .index(rows: spec.rows)) },
      dense: dense ? (0..<spec.dense).map { DenseSpec(name: "d\($0)", column: "d\($0)") } : [])
  }

  @Test("a seed gives the same samples every time, another seed others")
  func deterministic() throws {
    let spec = SyntheticSpec(samples: 2000, features: 4, rows: 50, pooling: 3, dense: 2, groups: 2, seed: 5)
    let first = try load(spec).samples(of: .train)
    let again = try load(spec).samples(of: .train)
    var other = spec
    other.seed = 6
    let third = try load(other).samples(of: .train)
    #expect(bags(first, 2) == bags(again, 2) && labels(first) == labels(again) && dense(first) == dense(again))
    #expect(bags(first, 2) != bags(third, 2) && dense(first) != dense(third))
  }

  @Test("counts, bag lengths and the split are those asked for")
  func shapes() throws {
    let dataset = try load(
      SyntheticSpec(samples: 5000, features: 3, rows: 40, pooling: 4, dense: 2, groups: 1, seed: 1))
    #expect(SplitName.allCases.reduce(0) { $0 + dataset.count(of: $1) } == 5000)
    #expect(abs(Double(dataset.trainCount) / 5000 - 0.8) < 0.02)
    #expect(dataset.features.allSatisfy { !$0.isSingle && $0.rows == 40 })
    let lengths = bags(dataset.samples(of: .train), 0).map(\.count)
    #expect(Set(lengths) == [1, 2, 3, 4])
    #expect(abs(Double(lengths.reduce(0, +)) / Double(lengths.count) - 2.5) < 0.1)
    #expect(bags(dataset.samples(of: .train), 1).joined().allSatisfy { $0 >= 0 && $0 < 40 })
    #expect(abs(dataset.positiveRate(of: .train) - 0.5) < 0.15)
    let single = try load(SyntheticSpec(samples: 100, features: 2, rows: 40, pooling: 1, dense: 0, groups: 1, seed: 1))
    #expect(single.features.map(\.isSingle) == [true, true])
  }

  @Test(
    "indices follow the Zipf law, and which rows are frequent differs from feature to feature",
    arguments: [0.0, 0.8, 1.0, 1.3])
  func zipf(exponent: Double) throws {
    let rows = 100
    let sampler = ZipfSampler(count: rows, exponent: exponent)
    var random = RandomStream(key: 3)
    var counts = [Int](repeating: 0, count: rows)
    let draws = 200_000
    for _ in 0..<draws { counts[sampler.rank(&random)] += 1 }
    var weights: [Double] = []
    for rank in 1...rows { weights.append(pow(Double(rank), -exponent)) }
    let total = weights.reduce(0, +)
    for rank in [0, 1, 2, 5, 20, 99] {
      let expected = weights[rank] / total * Double(draws)
      #expect(abs(Double(counts[rank]) - expected) < 6 * expected.squareRoot(), "rank \(rank)")
    }
    for count in [1, 2, 7, 64, 1000] {
      let permutation = SeededPermutation(count: count, key: 11)
      #expect(Set((0..<count).map { permutation($0) }) == Set(0..<count))
    }
    #expect(SeededPermutation(count: 1000, key: 1)(0) != SeededPermutation(count: 1000, key: 2)(0))
  }

  @Test("features interact exactly when they share a planted group")
  func groups() throws {
    let spec = SyntheticSpec(samples: 10, features: 7, rows: 30, pooling: 1, dense: 1, groups: 3, seed: 4)
    let groups = spec.plantedGroups
    #expect(groups.flatMap { $0 }.sorted() == Array(0..<7) && groups.map(\.count).sorted() == [2, 2, 3])
    let generator = try SyntheticGenerator(spec, place: .init())
    func logit(_ change: [Int: UInt32]) -> Double {
      generator.structure(ranks: (0..<7).map { [change[$0] ?? 0] }, dense: [0.5])
    }
    for a in 0..<7 {
      for b in 0..<a {
        // The mixed second difference is zero for features that do not interact.
        let mixed = logit([a: 9, b: 17]) - logit([a: 9]) - logit([b: 17]) + logit([:])
        let together = groups.contains { $0.contains(a) && $0.contains(b) }
        #expect((abs(mixed) > 1e-6) == together, "\(a) and \(b): \(mixed)")
      }
    }
  }

  @Test("columns that are not made and impossible settings are refused")
  func refused() throws {
    let scratch = try Scratch()
    func error(_ spec: SyntheticSpec?, _ features: [FeatureSpec] = [feature("f0")]) -> DMTError? {
      failure { _ = try scratch.load(DataSection(format: .synthetic, synthetic: spec), features) }
    }
    let spec = SyntheticSpec(samples: 100, features: 2, rows: 10, dense: 1)
    #expect(error(nil)?.code == .invalidManifest)
    #expect(error(spec, [feature("f2")])?.message.contains("f0, f1, d0, label") == true)
    #expect(error(spec, [feature("f1", .text, .index(rows: 9))])?.message.contains("row numbers up to 9") == true)
    for change: (inout SyntheticSpec) -> Void in [
      { $0.samples = 0 }, { $0.rows = 0 }, { $0.pooling = 0 }, { $0.groups = 0 }, { $0.zipf = -1 }, { $0.noise = .nan },
      { $0.features = -1 },
    ] {
      var bad = spec
      change(&bad)
      #expect(error(bad)?.code == .invalidManifest)
    }
  }
}
