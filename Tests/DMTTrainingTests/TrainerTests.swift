import DMTCore
import DMTManifest
import DMTTraining
import Foundation
import Testing

@Suite("The training loop")
struct TrainerTests {
  private func section(
    epochs: Int = 3, schedule: TrainSection.Schedule = .constant, stopping: TrainSection.EarlyStopping? = nil,
    evaluateEvery: Int? = nil, checkpointEvery: Int? = nil
  ) -> TrainSection {
    TrainSection(
      epochs: epochs, batch: 8, seed: 5, optimizer: OptimizerSpec(name: "sgd", learningRate: 0.3), schedule: schedule,
      warmupSteps: 4, earlyStopping: stopping, evaluateEvery: evaluateEvery, checkpointEvery: checkpointEvery)
  }

  @Test(
    "a run makes every step once, evaluates and keeps a checkpoint at each epoch's end, and measures test at the end")
  func whole() throws {
    let run = try TinyRun(section())
    let process = try run.process()
    let outcome = try #require(process.outcome)
    #expect(outcome.reason == .completed && outcome.step == 21 && outcome.exitCode == 0)
    #expect(process.model.steps.map(\.step) == Array(1...21))
    #expect(process.model.steps.prefix(5).map(\.scale) == [0.25, 0.5, 0.75, 1, 1])
    #expect(process.evaluations.map(\.set) == ["valid", "valid", "valid", "test"])
    #expect(process.evaluations.map(\.step) == [7, 14, 21, 21])
    #expect(process.checkpointSteps == [7, 14, 21, 21])
    #expect(process.unreturnedBatches == 0)
    #expect(outcome.valid == process.evaluations[2].result && outcome.test == process.evaluations[3].result)
    #expect(try #require(outcome.test?.auc) > 0.9 && outcome.test?.examples == 20)
    #expect(try #require(outcome.samplesPerSecond) > 0)
    #expect(try run.folder.record().outcome == outcome)
    let state = try Checkpoint(path: run.folder.checkpointPath).state
    #expect(state.isFinished && state.step == 21 && state.epoch == 3 && state.batchInEpoch == 0)
    #expect(!run.folder.hasBest)
  }

  @Test("evaluations and checkpoints come every so many steps where the manifest asks for it, and at the end")
  func everySteps() throws {
    let process = try TinyRun(section(evaluateEvery: 4, checkpointEvery: 5)).process()
    #expect(process.evaluations.map(\.step) == [4, 8, 12, 16, 20, 21, 21])
    #expect(process.checkpointSteps == [5, 10, 15, 20, 21])
  }

  @Test("the log has a line for every step with epoch, batch, loss, rates and speed, and one for every evaluation")
  func log() throws {
    let run = try TinyRun(section(epochs: 2))
    _ = try run.process()
    let lines = try String(decoding: contents(run.folder.logPath), as: UTF8.self).split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(lines.first?["event"] as? String == "start" && lines.last?["reason"] as? String == "completed")
    let steps = lines.filter { $0["event"] as? String == "step" }
    #expect(steps.map { $0["step"] as? Int } == Array(1...14))
    #expect(steps.map { $0["epoch"] as? Int } == Array(repeating: 1, count: 7) + Array(repeating: 2, count: 7))
    #expect(steps.map { $0["batch"] as? Int } == Array(1...7) + Array(1...7))
    #expect(steps.map { $0["samples"] as? Int } == [8, 8, 8, 8, 8, 8, 2, 8, 8, 8, 8, 8, 8, 2])
    #expect((steps[1]["lr"] as? NSNumber)?.floatValue == 0.15)
    #expect((steps[0]["loss"] as? NSNumber)?.floatValue == Float(0.693147180559945))
    #expect(steps.allSatisfy { (($0["samples_per_second"] as? NSNumber)?.doubleValue ?? 0) > 0 })
    #expect(lines.filter { $0["event"] as? String == "evaluation" }.count == 3)
  }

  /// A run with everything that keeps state: evaluations and checkpoints at odd steps, early stopping, a plateau.
  private var busy: TrainSection {
    section(
      epochs: 4, schedule: .plateau(factor: 0.5, patience: 1), stopping: .init(metric: "logloss", patience: 30),
      evaluateEvery: 3, checkpointEvery: 5)
  }

  /// What must be the same however often a run was stopped.
  private struct Ending: Equatable {
    var checkpoint: [UInt8]
    var best: [UInt8]
    var log: [String]
    var test: EvaluationResult?

    init(_ run: TinyRun, _ process: TinyRun.Process) throws {
      checkpoint = try contents(run.folder.checkpointPath)
      best = try contents(run.folder.bestPath)
      log = try run.logLines()
      test = process.outcome?.test
    }
  }

  @Test("a run interrupted at any moment, in evaluations too, and resumed ends with the same files, bit for bit")
  func interrupted() throws {
    let whole = try TinyRun(busy)
    let expected = try Ending(whole, try whole.process())
    var reasons: Set<RunRecord.Outcome.Reason> = []
    var stop = 1
    while true {
      let run = try TinyRun(busy)
      var process = try run.process(stopAt: stop)
      let reason = try #require(process.outcome).reason
      reasons.insert(reason)
      if reason == .interrupted {
        #expect(process.outcome?.exitCode == 130 && process.unreturnedBatches == 0)
        process = try run.process(resuming: true)
      }
      #expect(process.outcome?.reason == .completed)
      #expect(try Ending(run, process) == expected, "stopped at question \(stop)")
      if reason == .completed { break }
      stop += 1
    }
    // 28 steps, and 10 evaluations on valid and 1 on test of 4 and 3 batches.
    #expect(stop == 28 + 10 * 4 + 3 + 1)
    #expect(reasons == [.interrupted, .completed])
  }

  @Test("a run stopped again and again at random moments, and killed without a checkpoint, ends the same")
  func killed() throws {
    let whole = try TinyRun(busy)
    let expected = try Ending(whole, try whole.process())
    var random = SeededGenerator(state: 11)
    for _ in 0..<30 {
      let run = try TinyRun(busy)
      var process = try run.process(stopAt: .random(in: 1...12, using: &random))
      var attempts = 0
      while process.outcome?.reason.isFinal != true, attempts < 200 {
        attempts += 1
        if Bool.random(using: &random) {
          let deadly = Int.random(in: 1...28, using: &random)
          process = try run.process(resuming: true) { $0.deadlySteps = [deadly] }
        } else {
          process = try run.process(resuming: true, stopAt: .random(in: 1...25, using: &random))
        }
      }
      let ending = try Ending(run, process)
      #expect(ending.checkpoint == expected.checkpoint && ending.best == expected.best)
      #expect(ending.log == expected.log)
      #expect(ending.test == expected.test)
    }
  }

  @Test("a run killed after its evaluation on test, but before its outcome was written, makes that evaluation again")
  func killedAtTheEnd() throws {
    let run = try TinyRun(busy)
    let outcome = try run.process().outcome
    let expected = try run.logLines()
    try run.folder.write(run.record)
    let again = try run.process(resuming: true)
    #expect(again.outcome?.test == outcome?.test && again.outcome?.best == outcome?.best && again.model.steps.isEmpty)
    #expect(try run.logLines() == expected)
  }

  @Test("a run that was killed before its first checkpoint begins anew")
  func killedEarly() throws {
    let whole = try TinyRun(busy)
    let expected = try Ending(whole, try whole.process())
    let run = try TinyRun(busy)
    let killed = try run.process { $0.deadlySteps = [5] }
    #expect(killed.failure?.message.contains("killed") == true && !run.folder.hasCheckpoint && run.folder.hasBest)
    #expect(try run.folder.record().outcome?.reason == .failed)
    #expect(try Ending(run, try run.process(resuming: true)) == expected)
  }

  @Test("a limit on the steps ends the run with a checkpoint from which it goes on")
  func stepLimit() throws {
    let whole = try TinyRun(busy)
    let expected = try Ending(whole, try whole.process())
    let run = try TinyRun(busy)
    let first = try run.process(maxSteps: 11)
    #expect(first.outcome?.reason == .stepLimit && first.outcome?.step == 11 && first.outcome?.test == nil)
    #expect(try Checkpoint(path: run.folder.checkpointPath).state.isFinished == false)
    let second = try run.process(resuming: true, maxSteps: 20)
    #expect(second.model.steps.map(\.step) == Array(12...20))
    #expect(try Ending(run, try run.process(resuming: true)) == expected)
  }

  @Test("resuming a finished run changes nothing and gives its outcome")
  func finished() throws {
    let run = try TinyRun(busy)
    let outcome = try run.process().outcome
    let log = try contents(run.folder.logPath)
    let again = try run.process(resuming: true)
    #expect(again.outcome == outcome && again.model.steps.isEmpty)
    #expect(try contents(run.folder.logPath) == log)
  }

  @Test("early stopping ends the run, keeps the best weights, and measures test with them")
  func earlyStopping() throws {
    var run = try TinyRun(
      section(epochs: 20, stopping: .init(metric: "auc", patience: 3), evaluateEvery: 2, checkpointEvery: 100))
    run.trainFlipped = true
    // Training on contradicting labels makes valid worse from the first evaluation on.
    let process = try run.process()
    let outcome = try #require(process.outcome)
    #expect(outcome.reason == .earlyStopped)
    let best = try #require(outcome.best)
    let valid = process.evaluations.filter { $0.set == "valid" }
    #expect(outcome.step == best.step + 6 && valid.count == best.step / 2 + 3)
    #expect(valid.filter(\.isBest).last?.step == best.step)
    #expect(valid.allSatisfy { ($0.result.auc ?? 0) <= best.value })
    #expect(outcome.valid == valid.first { $0.step == best.step }?.result)
    // The model holds the best weights now, and they differ from the last ones.
    let kept = TinyModel(featureCount: MemoryBatches.columns)
    try Checkpoint(path: run.folder.bestPath).restore(kept.trainableParameters, includesOptimizer: false)
    let last = TinyModel(featureCount: MemoryBatches.columns)
    try Checkpoint(path: run.folder.checkpointPath).restore(last.trainableParameters, includesOptimizer: true)
    #expect(process.model.weights.floats == kept.weights.floats && kept.weights.floats != last.weights.floats)
    #expect(
      outcome.test == (try Evaluator.evaluate(kept, on: MemoryBatches(count: 20, size: 8, seed: 3))))
    #expect(process.model.timesChanged == 1)
  }

  @Test("a plateau lowers the rates after evaluations without a gain")
  func plateau() throws {
    var run = try TinyRun(section(epochs: 4, schedule: .plateau(factor: 0.1, patience: 1)))
    run.trainFlipped = true
    let process = try run.process()
    let fell = process.events.compactMap { if case .ratesFell(let multiplier) = $0 { multiplier } else { nil } }
    #expect(!fell.isEmpty && fell[0] == 0.1)
    #expect(try #require(process.model.steps.last).scale <= 0.1)
  }

  @Test("a loss that is NaN stops the run, names step, epoch and batch, and leaves the last checkpoint as it was")
  func nan() throws {
    let run = try TinyRun(section())
    _ = try run.process(maxSteps: 14)
    let before = try contents(run.folder.checkpointPath)
    let process = try run.process(resuming: true) { $0.nanSteps = [17] }
    let failure = try #require(process.failure)
    #expect(failure.code == .notFinite && failure.place.step == 17)
    #expect(failure.message == "the loss is nan in epoch 3, batch 3 of 7")
    #expect(failure.remedy?.contains(run.folder.checkpointPath) == true)
    #expect(failure.remedy?.contains("lower the learning rate") == true)
    #expect(try contents(run.folder.checkpointPath) == before)
    #expect(try run.folder.record().outcome?.reason == .failed)
    #expect(process.unreturnedBatches == 0)
  }

  @Test("weights that are not finite never get into a checkpoint")
  func overflow() throws {
    var run = try TinyRun(section())
    run.hasValid = false
    _ = try run.process(maxSteps: 14)
    let before = try contents(run.folder.checkpointPath)
    let process = try run.process(resuming: true) { $0.overflowSteps = [21] }
    let failure = try #require(process.failure)
    #expect(failure.code == .notFinite && failure.place.step == 21 && failure.place.node == "top.weight")
    #expect(try contents(run.folder.checkpointPath) == before)
    #expect(try Checkpoint(path: run.folder.checkpointPath).state.step == 14)
  }

  @Test("predictions that are not finite stop the run in the evaluation")
  func nanInEvaluation() throws {
    let failure = try #require(try TinyRun(section()).process { $0.overflowSteps = [7] }.failure)
    #expect(failure.code == .notFinite && failure.place.step == 7)
    #expect(failure.message.contains("the prediction of sample 0") && failure.message.hasSuffix("in epoch 1"))
  }

  @Test("the checkpoint of another manifest or seed is not continued")
  func otherRun() throws {
    var run = try TinyRun(section())
    _ = try run.process(maxSteps: 3)
    run.manifestFingerprint = "other"
    let manifest = try #require(try run.process(resuming: true).failure)
    #expect(manifest.code == .invalidArgument && manifest.message.contains("another manifest: m then, other now"))
    run.manifestFingerprint = "m"
    run.section.seed = 6
    #expect(try #require(try run.process(resuming: true).failure).message.contains("another seed: 5 then, 6 now"))
  }

  @Test("settings that make no sense are refused before anything is trained")
  func settings() throws {
    func failure(_ change: (inout TinyRun) -> Void) throws -> DMTError {
      var run = try TinyRun(section())
      change(&run)
      return try error { _ = try run.process() }
    }
    #expect(try failure { $0.section.epochs = 0 }.message == "train.epochs is 0, expected at least 1")
    #expect(try failure { $0.section.evaluateEvery = -1 }.code == .invalidManifest)
    #expect(try failure { $0.section.checkpointEvery = 0 }.code == .invalidManifest)
    #expect(try failure { $0.section.earlyStopping = .init(metric: "acu") }.remedy == "did you mean 'auc'?")
    let noValid = try failure {
      $0.section.earlyStopping = .init()
      $0.hasValid = false
    }
    #expect(noValid.code == .invalidManifest && noValid.message.contains("early_stopping watches auc on valid"))
    #expect(try failure { $0.section.schedule = .plateau(factor: 2, patience: 1) }.code == .invalidManifest)
  }

  @Test("a second trainer in the same folder is refused while the first one trains")
  func locked() throws {
    let run = try TinyRun(section())
    let log = try RunLog(path: run.folder.logPath, keepingSteps: nil)
    #expect(try run.process(resuming: true).failure?.code == .alreadyExists)
    withExtendedLifetime(log) {}
  }
}
