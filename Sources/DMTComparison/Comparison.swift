public import DMTCore
import DMTData
public import DMTManifest
public import DMTRuntime
import DMTTraining
import Foundation

/// Several manifests, each trained with the same seeds: what is to be run, and what came out.
///
///     let comparison = try Comparison(["a.yaml", "b.yaml"], in: "out", settings: settings, components: components, ..)
///     let failures = try RunQueue(launch, jobs: 2).train(comparison.pending()) { .. }
///     let report = try comparison.report(program: "dmt 1.0", failures: [:])
///
/// The first manifest is the baseline: every other one is tested against it.
public struct Comparison {
  /// One of the manifests.
  public struct Contestant: Sendable {
    /// What it is called here, different from every other.
    public let name: String
    /// The manifest's path.
    public let path: String
    /// Samples in the split that is measured.
    public let examples: Int
    /// The bytes that a training of it needs at least.
    public let bytes: Int
  }

  /// The folder that holds runs and results.
  public let folder: String
  public let settings: ComparisonSettings
  /// The manifests, the baseline first.
  public let contestants: [Contestant]
  /// All runs: the first seed of every manifest, then the second one, and so on.
  public let runs: [PlannedRun]
  /// What the reader should know before trusting the numbers.
  public private(set) var warnings: [String] = []

  /// Loads every manifest, reads its data (or maps their cache) and plans its model, so that what is wrong with one is known
  /// before anything is trained.
  ///
  /// - Parameters:
  ///   - folder: nil: `comparisons/A-vs-B`.
  ///   - policy: which backends a manifest's runs ask.
  ///   - load: loads a manifest with overrides.
  /// - Throws: ``DMTError/Code/invalidArgument`` without a manifest, when two cannot be told apart, when the data of one have
  ///   no sample in the split; errors of manifests, data and models.
  public init(
    _ manifests: [String], in folder: String?, settings: ComparisonSettings, components: Components,
    policy: (Manifest) -> BackendPolicy, load: (String, [String]) throws(DMTError) -> LoadedManifest,
    progress: ((String) -> Void)? = nil
  ) throws(DMTError) {
    guard !manifests.isEmpty else { throw DMTError(.invalidArgument, "there is no manifest to compare") }
    var loaded: [[LoadedManifest]] = []
    for path in manifests {
      var variants: [LoadedManifest] = []
      for seed in settings.seeds { variants.append(try load(path, settings.overrides + ["train.seed=\(seed)"])) }
      loaded.append(variants)
    }
    let names = try ContestantNames.distinct(zip(loaded, manifests).map { ($0[0].manifest.name, $1) })
    let root = RunFolder(path: folder ?? "comparisons/" + names.joined(separator: "-vs-")).path
    var contestants: [Contestant] = []
    var planned: [[PlannedRun]] = []
    for (index, variants) in loaded.enumerated() {
      let pipeline = try Pipeline(variants[0], components: components, progress: progress)
      let examples = pipeline.dataset.count(of: settings.split)
      guard examples > 0 else {
        throw DMTError(
          .invalidArgument, "the data have no sample in \(settings.split)", place: pipeline.manifest.data.place,
          remedy: "compare on another split with --split")
      }
      contestants.append(
        Contestant(
          name: names[index], path: manifests[index], examples: examples,
          bytes: try Self.bytes(pipeline, policy: policy(pipeline.manifest))))
      planned.append(
        try zip(settings.seeds, variants).map { (seed, variant) throws(DMTError) in
          PlannedRun(
            contestant: index, name: names[index], seed: seed,
            folder: RunFolder(path: "\(root)/\(names[index])/seed-\(seed)"),
            outputPath: "\(root)/\(names[index])/seed-\(seed).log", manifestPath: manifests[index],
            manifestFingerprint: try variant.fingerprint(), dataFingerprint: pipeline.dataset.fingerprint)
        })
    }
    self.folder = root
    self.settings = settings
    self.contestants = contestants
    runs = settings.seeds.indices.flatMap { seed in planned.map { $0[seed] } }
    let counts = contestants.map(\.examples)
    if Set(counts).count > 1 {
      warnings.append(
        "the manifests are measured on \(counts.map(String.init).joined(separator: ", ")) samples of \(settings.split): "
          + "their figures are of different data")
    }
  }

  /// The runs that are not finished, in their order.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` when a folder holds a run of something else.
  public func pending() throws(DMTError) -> [PlannedRun] {
    var pending: [PlannedRun] = []
    for run in runs {
      if case .finished = try run.state() { continue }
      pending.append(run)
    }
    return pending
  }

  /// How many runs of `pending` are trained at once where nobody says: one a thread, as far as there are runs and memory.
  ///
  /// - Parameter memory: bytes that are free; nil where that is not known.
  public func defaultJobs(threads: Int, pending: [PlannedRun], memory: Int? = Self.freeMemory) -> Int {
    var jobs = min(threads, pending.count)
    if let memory, let largest = pending.map({ contestants[$0.contestant].bytes }).max(), largest > 0 {
      // A fifth stays free: for the data, for buffers, for others.
      jobs = min(jobs, memory / 5 * 4 / largest)
    }
    return max(1, jobs)
  }

  /// Bytes that programs may still take, as Linux estimates them; nil elsewhere.
  public static var freeMemory: Int? {
    guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
      let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    return kibibytes * 1024
  }

  private static func bytes(_ pipeline: Pipeline, policy: BackendPolicy) throws(DMTError) -> Int {
    let train = pipeline.manifest.train
    let settings = Model.Settings(
      dtype: pipeline.manifest.model.dtype, seed: train.seed, threads: 1, policy: policy, optimizer: train.optimizer,
      tableOptimizer: train.tableOptimizer, clipNorm: train.clipNorm)
    return try pipeline.plan.explanation(
      name: pipeline.manifest.name, batch: train.batch, settings: settings, components: pipeline.components,
      measuresActivations: true
    ).memory.total
  }
}
