import DMTCore
import DMTManifest
import DMTTraining
import Foundation
import Testing

@Suite("Learning-rate schedules, plateau and early stopping")
struct ScheduleTests {
  private func multipliers(
    _ kind: TrainSection.Schedule, warmup: Int = 0, stepsPerEpoch: Int, epochs: Int
  ) throws -> [Double] {
    let schedule = try LearningRateSchedule(kind, warmupSteps: warmup, stepsPerEpoch: stepsPerEpoch, epochs: epochs)
    return (0..<schedule.totalSteps).map(schedule.multiplier)
  }

  @Test("linear falls from 1 by equal parts towards its final value")
  func linear() throws {
    #expect(try multipliers(.linear(final: 0), stepsPerEpoch: 2, epochs: 2) == [1, 0.75, 0.5, 0.25])
    #expect(try multipliers(.linear(final: 0.5), stepsPerEpoch: 4, epochs: 1) == [1, 0.875, 0.75, 0.625])
    let schedule = try LearningRateSchedule(.linear(final: 0), stepsPerEpoch: 2, epochs: 2)
    #expect(schedule.multiplier(atStep: 4) == 0 && schedule.multiplier(atStep: 400) == 0)
  }

  @Test("cosine starts at 1, is halfway in the middle and ends at its final value")
  func cosine() throws {
    let schedule = try LearningRateSchedule(.cosine(final: 0.2), stepsPerEpoch: 50, epochs: 2)
    #expect(schedule.multiplier(atStep: 0) == 1)
    #expect(abs(schedule.multiplier(atStep: 50) - 0.6) < 1e-12)
    #expect(abs(schedule.multiplier(atStep: 25) - (0.2 + 0.8 * (1 + 0.5.squareRoot()) / 2)) < 1e-12)
    #expect(abs(schedule.multiplier(atStep: 100) - 0.2) < 1e-12)
  }

  @Test("step falls every so many epochs, whole or broken")
  func step() throws {
    #expect(
      try multipliers(.step(every: 1, factor: 0.5), stepsPerEpoch: 2, epochs: 3) == [1, 1, 0.5, 0.5, 0.25, 0.25])
    let tenth = try multipliers(.step(every: 0.1, factor: 0.5), stepsPerEpoch: 30, epochs: 1)
    #expect(tenth[0...2].allSatisfy { $0 == 1 } && tenth[3] == 0.5 && tenth[9] == 0.125 && tenth[8] == 0.25)
  }

  @Test("warm-up rises by equal parts to the full rate and multiplies the schedule")
  func warmup() throws {
    #expect(try multipliers(.constant, warmup: 4, stepsPerEpoch: 6, epochs: 1) == [0.25, 0.5, 0.75, 1, 1, 1])
    let linear = try multipliers(.linear(final: 0), warmup: 2, stepsPerEpoch: 4, epochs: 1)
    #expect(linear == [0.5, 0.75, 0.5, 0.25])
  }

  @Test(
    "numbers out of range are refused",
    arguments: [
      TrainSection.Schedule.linear(final: -0.1), .cosine(final: .nan), .step(every: 0, factor: 0.5),
      .step(every: 1, factor: .infinity), .plateau(factor: 1, patience: 2), .plateau(factor: 0.1, patience: -1),
    ])
  func refused(kind: TrainSection.Schedule) throws {
    #expect(try error { _ = try LearningRateSchedule(kind, stepsPerEpoch: 1, epochs: 1) }.code == .invalidManifest)
  }

  @Test("a number of epochs whose steps overflow is refused, not trapped")
  func overflow() throws {
    let failure = try error { _ = try LearningRateSchedule(.constant, stepsPerEpoch: 1 << 40, epochs: 1 << 40) }
    #expect(failure.code == .invalidManifest)
  }

  private func result(_ auc: Double?) -> EvaluationResult { EvaluationResult(auc: auc, examples: 1) }

  @Test("plateau falls after its patience of evaluations without a gain, and counts anew after a fall and a gain")
  func plateau() throws {
    var state = PlateauState(metric: .auc, factor: 0.1, patience: 2)
    let falls = [0.7, 0.7, 0.69, 0.71, 0.7, nil, 0.7, 0.7].map { state.update(result($0)) }
    #expect(falls == [false, false, true, false, false, true, false, true])
    #expect(abs(state.multiplier - 0.001) < 1e-15)
    let copy = try JSONDecoder().decode(PlateauState.self, from: JSONEncoder().encode(state))
    #expect(copy == state)
  }

  @Test("early stopping keeps the best evaluation and stops after its patience")
  func earlyStopping() throws {
    var state = EarlyStoppingState(metric: .auc, patience: 2)
    #expect(state.update(result(0.7), step: 10, epoch: 1) == .gain)
    #expect(state.update(result(0.6), step: 20, epoch: 2) == .noGain)
    #expect(state.update(result(0.8), step: 30, epoch: 3) == .gain)
    #expect(state.update(result(0.8), step: 40, epoch: 4) == .noGain)
    let copy = try JSONDecoder().decode(EarlyStoppingState.self, from: JSONEncoder().encode(state))
    #expect(copy == state)
    #expect(state.update(result(nil), step: 50, epoch: 5) == .stop)
    #expect(state.best == BestMetric(metric: .auc, value: 0.8, step: 30, epoch: 3))
  }

  @Test("for logloss, smaller is better")
  func lowerIsBetter() {
    var state = EarlyStoppingState(metric: .logloss, patience: 1)
    #expect(state.update(EvaluationResult(logloss: 0.5, examples: 1), step: 1, epoch: 1) == .gain)
    #expect(state.update(EvaluationResult(logloss: 0.4, examples: 1), step: 2, epoch: 2) == .gain)
    #expect(state.update(EvaluationResult(logloss: 0.45, examples: 1), step: 3, epoch: 3) == .stop)
  }
}
