import ArgumentParser
import DMTCore
import DMTData
import DMTManifest
import DMTTraining

/// A run folder and how its model is served.
struct RunOptions: ParsableArguments {
  @Argument(help: "The run folder that `dmt train` made.", completion: .directory)
  var folder: String

  @OptionGroup var backends: BackendOptions
  @OptionGroup var plugins: PluginOptions

  /// The run with its best weights.
  ///
  /// - Parameter locked: refuse what is not in the run's lock.
  func open(locked: Bool = false) throws -> SavedRun {
    let folder = RunFolder(path: folder)
    _ = try folder.record()
    let installation = try Installation.load(plugins, threads: backends.threads, manifest: folder.manifestPath)
    try backends.check(installation.components)
    let loaded = try installation.manifest(path: folder.manifestPath, overrides: [])
    let policy = installation.policy(backends, loaded.manifest)
    if locked { _ = try installation.requireLocked(loaded, policy: policy) }
    return try SavedRun(
      folder, catalog: installation.catalog, components: installation.components, policy: policy,
      threads: backends.threads)
  }
}

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Measures a trained model: AUC, logloss, NE, calibration.",
    discussion: """
      The weights are the best ones where early stopping kept them, else the last ones.

      EXAMPLES
        dmt eval runs/first
        dmt eval runs/first --split valid --json
        dmt eval runs/first --backend reference
      """)

  @OptionGroup var source: RunOptions

  @Option(help: "Which samples: train, valid or test.")
  var split: String = "test"

  @Flag(help: "Refuse plugins and operators other than those that the run was locked to.") var locked = false
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    try Console.reporting {
      guard let name = SplitName(rawValue: split) else {
        throw DMTError(
          .invalidArgument, "there is no split '\(split)'",
          remedy: Spelling.suggestion(for: split, in: SplitName.allCases.map(\.rawValue)))
      }
      InterruptFlag.install()
      let saved = try source.open(locked: locked)
      let result = try saved.evaluate(name)
      if json {
        Console.print(try Console.json(result))
      } else {
        Console.print("\(saved.weightsPath), step \(saved.state.step), split \(name):")
        Console.print(
          "AUC \(Format.fixed(result.auc, 5))  logloss \(Format.fixed(result.logloss, 5))  "
            + "NE \(Format.fixed(result.ne, 5))  calibration \(Format.fixed(result.calibration, 5))  "
            + "(\(Format.count(result.examples)) examples)")
      }
    }
  }
}

struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes the probability of every row of a file.",
    discussion: """
      The file has the columns of the training data; the label column may be missing. Categories that training never saw \
      share one row of their table.

      EXAMPLES
        dmt predict runs/first --input new.csv > probabilities.csv
        dmt predict runs/first --input new.csv.xz --output probabilities.csv --plain
      """)

  @OptionGroup var source: RunOptions

  @Option(help: ArgumentHelp("The rows, in the layout of the training data.", valueName: "file"), completion: .file())
  var input: String

  @Option(help: ArgumentHelp("Where to write; the default is standard output.", valueName: "file"))
  var output: String?

  @Flag(help: "A column of probabilities alone, without row numbers.") var plain = false

  func run() throws {
    try Console.reporting {
      InterruptFlag.install()
      let saved = try source.open()
      let count = try saved.predict(
        input: input, to: output.map { .file($0) } ?? .descriptor(1),
        columns: plain ? .probability : .rowAndProbability)
      if let output { Console.note("wrote \(Format.count(count)) probabilities to \(output)") }
    }
  }
}
