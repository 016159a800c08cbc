import ArgumentParser
import DMTTraining
import Foundation

/// A run to begin or to go on with: what `train` and `launch` share.
struct NewRunOptions: ParsableArguments {
  @Argument(help: "The manifest, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  var manifest: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Change a value of the manifest: train.batch=1024.", valueName: "path=value"))
  var overrides: [String] = []

  @Option(help: ArgumentHelp("The run folder; the default is runs/NAME-TIME.", valueName: "folder"))
  var out: String?

  @Option(help: ArgumentHelp("Go on with the run in this folder, at any number of ranks.", valueName: "folder"))
  var resume: String?

  @Option(help: ArgumentHelp("The seed; the same as --set train.seed=N.", valueName: "n"))
  var seed: UInt64?

  @Option(help: ArgumentHelp("Stop after this many steps in all.", valueName: "n"))
  var maxSteps: Int?

  @Flag(help: "Refuse plugins and operators other than those that `dmt lock` wrote down.") var locked = false
  @Flag(help: "Replace the run that the folder holds.") var replace = false
  @Flag(help: "Print the outcome as JSON.") var json = false

  func validate() throws {
    if manifest == nil, resume == nil { throw ValidationError("name a manifest, or a run folder with --resume") }
    if manifest != nil, resume != nil {
      throw ValidationError("--resume takes the manifest from the run folder; do not name another one")
    }
    if resume != nil, out != nil || seed != nil || replace {
      throw ValidationError("--out, --seed and --replace start a new run; they do not go with --resume")
    }
    if let maxSteps, maxSteps < 1 { throw ValidationError("--max-steps is \(maxSteps), expected 1 or more") }
  }

  /// The manifest's file: the one that was named, or the run folder's.
  var manifestPath: String { resume.map { RunFolder(path: $0).manifestPath } ?? manifest ?? "" }

  /// All changes of the manifest's values, those that have an option of their own included.
  func changes(_ backends: BackendOptions) -> [String] {
    var changes = overrides
    if let seed { changes.append("train.seed=\(seed)") }
    if let threads = backends.threads { changes.append("train.threads=\(threads)") }
    return changes
  }

  /// The run folder of a manifest called `name`: the one that was named, or `runs/NAME-TIME`.
  func folder(name: String) -> RunFolder {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyyMMdd-HHmmss"
    return RunFolder(path: resume ?? out ?? "runs/\(name)-\(formatter.string(from: Date()))")
  }
}
