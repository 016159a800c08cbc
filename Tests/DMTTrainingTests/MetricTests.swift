import DMTCore
import DMTTraining
import Foundation
import Testing

@Suite("Metrics")
struct MetricTests {
  /// All pairs, counted one by one.
  private func bruteForceAUC(_ scores: [Float], _ labels: [Float]) -> Double? {
    var wins = 0.0
    var pairs = 0.0
    for (p, positive) in zip(scores, labels) where positive == 1 {
      for (n, negative) in zip(scores, labels) where negative == 0 {
        pairs += 1
        wins += p > n ? 1 : p == n ? 0.5 : 0
      }
    }
    return pairs == 0 ? nil : wins / pairs
  }

  private func evaluate(
    _ predictions: [Float], _ labels: [Float], scale: MetricAccumulator.Scale = .logits, groups: [Int64]? = nil,
    chunk: Int = .max
  ) throws -> EvaluationResult {
    var accumulator = MetricAccumulator(scale: scale, isGrouped: groups != nil)
    var start = 0
    while start < predictions.count {
      let count = min(chunk, predictions.count - start)
      let (a, b) = (Array(predictions[start..<start + count]), Array(labels[start..<start + count]))
      let c = groups.map { Array($0[start..<start + count]) }
      try accumulator.add(a, labels: b, groups: c, count: count)
      start += count
    }
    return accumulator.result()
  }

  @Test("AUC equals the count over all pairs, with many ties, few and none")
  func aucAgainstBruteForce() throws {
    var random = SeededGenerator(state: 7)
    for levels in [1, 2, 3, 10, 100_000] {
      for count in [2, 3, 17, 200] {
        let scores = (0..<count).map { _ in Float(Int.random(in: 0..<levels, using: &random)) - 1 }
        let labels = (0..<count).map { _ in Float(Int.random(in: 0...1, using: &random)) }
        #expect(try evaluate(scores, labels).auc == bruteForceAUC(scores, labels))
      }
    }
  }

  @Test("AUC of a perfect, a reversed and a constant score is 1, 0 and one half")
  func aucEnds() throws {
    #expect(try evaluate([-1, -2, 3, 4], [0, 0, 1, 1]).auc == 1)
    #expect(try evaluate([4, 3, -1, -2], [0, 0, 1, 1]).auc == 0)
    #expect(try evaluate([2, 2, 2], [0, 1, 0]).auc == 0.5)
  }

  @Test("AUC ranks large logits that have the same probability")
  func aucOfLargeLogits() throws {
    #expect(try evaluate([100, 200], [0, 1]).auc == 1)
    #expect(try evaluate([1, 1], [0, 1], scale: .probabilities).auc == 0.5)
  }

  @Test("a set of one class has no AUC and no NE, and an empty set has nothing")
  func undefined() throws {
    let positives = try evaluate([0, 1], [1, 1])
    #expect(positives.auc == nil && positives.ne == nil)
    #expect(positives.logloss != nil && positives.calibration != nil)
    let negatives = try evaluate([0, 1], [0, 0])
    #expect(negatives.auc == nil && negatives.ne == nil && negatives.calibration == nil)
    let empty = try evaluate([], [])
    #expect(empty == EvaluationResult(examples: 0))
  }

  @Test("logloss, NE and calibration are what their formulas give by hand")
  func byHand() throws {
    let result = try evaluate([0.5, 0.25, 0.75, 0.5], [1, 0, 1, 0], scale: .probabilities)
    let loss = -(log(0.5) + log(0.75) + log(0.75) + log(0.5)) / 4
    #expect(abs(try #require(result.logloss) - loss) < 1e-15)
    #expect(abs(try #require(result.ne) - loss / log(2)) < 1e-15)
    #expect(result.calibration == 1)
    #expect(result.examples == 4)
    #expect(result.auc == 0.875)
  }

  @Test("predicting the base rate has NE 1 and calibration 1")
  func baseRate() throws {
    let labels: [Float] = [1, 0, 0, 0]
    let result = try evaluate([Float](repeating: 0.25, count: 4), labels, scale: .probabilities)
    #expect(abs(try #require(result.ne) - 1) < 1e-15)
    #expect(result.calibration == 1)
  }

  @Test("a certain and wrong prediction costs -ln(1e-7), not infinity")
  func clipped() throws {
    let result = try evaluate([1, 0], [0, 1], scale: .probabilities)
    #expect(abs(try #require(result.logloss) + log(1e-7)) < 1e-9)
    let logits = try evaluate([-1e30, 1e30], [1, 0])
    #expect(abs(try #require(logits.logloss) + log(1e-7)) < 1e-9)
  }

  @Test("the chunks in which samples come do not change one bit of the result")
  func chunks() throws {
    var random = SeededGenerator(state: 3)
    let logits = (0..<1000).map { _ in Float.random(in: -4...4, using: &random) }
    let labels = (0..<1000).map { _ in Float(Int.random(in: 0...1, using: &random)) }
    let whole = try evaluate(logits, labels)
    for chunk in [1, 7, 333, 999] { #expect(try evaluate(logits, labels, chunk: chunk) == whole) }
  }

  @Test("GAUC weights the groups' AUCs by their samples and leaves out groups of one class")
  func grouped() throws {
    // Group 5: AUC 1 over 2 samples; group 9: AUC 0.5 over 4; group 1: one class.
    let scores: [Float] = [2, 1, 3, 3, 3, 3, 9]
    let labels: [Float] = [1, 0, 1, 0, 1, 0, 1]
    let groups: [Int64] = [5, 5, 9, 9, 9, 9, 1]
    let result = try evaluate(scores, labels, groups: groups, chunk: 3)
    #expect(result.gauc == (1.0 * 2 + 0.5 * 4) / 6)
    #expect(result.auc == bruteForceAUC(scores, labels))
    #expect(try evaluate([1, 2], [1, 1], groups: [1, 1]).gauc == nil)
  }

  @Test("a prediction that is NaN, a label of 2 and a probability of 1.5 are errors that name the sample")
  func badValues() throws {
    let nan = try error { _ = try evaluate([0, .nan], [0, 1]) }
    #expect(nan.code == .notFinite && nan.message.contains("sample 1"))
    let label = try error { _ = try evaluate([0, 0, 0], [0, 1, 2]) }
    #expect(label.code == .invalidData && label.message.contains("sample 2"))
    let probability = try error { _ = try evaluate([1.5], [1], scale: .probabilities) }
    #expect(probability.code == .invalidData)
  }

  @Test("JSON holds null for what is undefined, and reads back equal")
  func json() throws {
    let result = try evaluate([0, 1], [1, 1])
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let data = try encoder.encode(result)
    let text = String(decoding: data, as: UTF8.self)
    #expect(text.hasPrefix(#"{"auc":null,"calibration":"#) && text.contains(#""ne":null"#) && !text.contains("gauc"))
    #expect(try JSONDecoder().decode(EvaluationResult.self, from: data) == result)
  }

  @Test("a metric is known by name, with a suggestion for a wrong one, and knows its direction")
  func metricNames() throws {
    #expect(try EvaluationMetric(named: "logloss") == .logloss)
    let wrong = try error { _ = try EvaluationMetric(named: "lgloss") }
    #expect(wrong.code == .invalidManifest && wrong.remedy == "did you mean 'logloss'?")
    #expect(EvaluationMetric.auc.isBetter(0.8, than: 0.7) && !EvaluationMetric.auc.isBetter(0.7, than: 0.7))
    #expect(EvaluationMetric.ne.isBetter(0.7, than: 0.8) && !EvaluationMetric.ne.isBetter(0.8, than: 0.8))
  }
}
