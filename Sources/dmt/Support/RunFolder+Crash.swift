import DMTPluginHost
import DMTTraining

extension RunFolder {
  /// Lets the report of a crash say how the run goes on.
  func adviseAfterCrash() {
    CrashReport.advise("the last checkpoint in \(path), if there is one, is whole: --resume \(path) goes on from it")
  }
}
