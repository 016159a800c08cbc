import DMTCore
import DMTRuntime
import DMTTraining

/// What a training run prints at its end.
enum TrainingSummary {
  /// Folder, figures and speed.
  static func print(_ outcome: RunRecord.Outcome, folder: RunFolder, on resources: String) {
    Console.print("run: \(folder.path) (\(outcome.reason.rawValue) after \(Format.count(outcome.step)) steps)")
    if let valid = outcome.valid { Console.print("valid: \(describe(valid))") }
    if let test = outcome.test { Console.print("test:  \(describe(test))") }
    if let rate = outcome.samplesPerSecond {
      Console.print("speed: \(Format.count(Int(rate))) samples/s on \(resources), evaluations left out")
    }
  }

  private static func describe(_ result: EvaluationResult) -> String {
    "AUC \(Format.fixed(result.auc, 4))  logloss \(Format.fixed(result.logloss, 4))  NE \(Format.fixed(result.ne, 4))  "
      + "calibration \(Format.fixed(result.calibration, 4))  (\(Format.count(result.examples)) examples)"
  }
}
