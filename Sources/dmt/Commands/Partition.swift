import ArgumentParser
import DMTCore
import DMTManifest
import DMTPartition
import DMTPluginHost
import DMTRuntime
import DMTTraining
import Foundation

struct Partition: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Deals a manifest's features into towers.",
    discussion: """
      A learned strategy needs a trained flat model: --from takes a run of one, otherwise the manifest is trained without its \
      towers first, into OUT/flat. OUT receives towers.yaml, which a manifest names in model.towers.from, partition.json \
      with all numbers, and partition.svg.

      EXAMPLES
        dmt partition Examples/synthetic/planted.yaml --towers 4 --strategy coherent --out towers
        dmt partition Examples/goodbooks/dcn.yaml --towers 2 --strategy diverse --from runs/flat
        dmt partition Examples/criteo-terabyte/dcn.yaml --towers 8 --strategy strided
      """)

  @OptionGroup var source: ManifestOptions

  @Option(help: ArgumentHelp("How many towers; more than features split columns.", valueName: "n"))
  var towers: Int

  @Option(help: ArgumentHelp("coherent, diverse, strided, or one of a plugin.", valueName: "name"))
  var strategy: String

  @Option(
    help: ArgumentHelp("The largest tower has at most this times as many features as the smallest.", valueName: "r"))
  var balance: Double = 1

  @Option(help: ArgumentHelp("The most elements that a tower looks up a sample.", valueName: "n"))
  var capacityLookups: Double?

  @Option(help: ArgumentHelp("The most bytes that a tower's tables have.", valueName: "n"))
  var capacityBytes: Double?

  @Option(help: ArgumentHelp("The seed of the partition.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("The run folder of a flat model.", valueName: "run"), completion: .directory)
  var from: String?

  @Option(help: ArgumentHelp("What is averaged: magnitude (|cosine|) or signed (the cosine).", valueName: "kind"))
  var affinity: String = Affinity.Kind.magnitude.rawValue

  @Option(help: ArgumentHelp("Gather the affinity from at most this many samples.", valueName: "n"))
  var samples: Int = 100_000

  @Option(help: ArgumentHelp("Where to write; the default is partitions/NAME-TOWERS-STRATEGY.", valueName: "folder"))
  var out: String?

  @Flag(help: "Print partition.json.") var json = false
  @OptionGroup var backends: BackendOptions
  @OptionGroup var plugins: PluginOptions

  func validate() throws {
    if capacityLookups != nil, capacityBytes != nil {
      throw ValidationError("--capacity-lookups and --capacity-bytes exclude each other")
    }
    if samples < 1 { throw ValidationError("--samples is \(samples), expected 1 or more") }
    if Affinity.Kind(rawValue: affinity) == nil {
      throw ValidationError(
        "--affinity is \(affinity), expected \(Affinity.Kind.allCases.map(\.rawValue).joined(separator: " or "))")
    }
  }

  func run() throws {
    try Console.reporting {
      InterruptFlag.install()
      let installation = try Installation.load(plugins, threads: backends.threads, manifest: source.manifest)
      try backends.check(installation.components)
      let (partitioner, needsAffinity) = try self.partitioner(installation.components)
      // Towers and splits of the manifest are what is to be found anew: their file need not be there yet.
      let flat = try installation.manifest(
        path: source.manifest, overrides: source.overrides + ["model.towers={}", "model.split={}"])
      let folder = out ?? "partitions/\(flat.manifest.name)-\(towers)-\(strategy)"
      let outcome = try self.outcome(
        of: flat, partitioner, needsAffinity: needsAffinity, installation, runFolder: folder + "/flat")
      let report = PartitionReport(outcome)
      try write(outcome, report, to: folder)
      if json { Console.print(try report.json()) } else { summarise(report, folder: folder) }
    }
  }

  private func partitioner(
    _ components: Components
  ) throws(DMTError) -> (any TowerPartitioner, needsAffinity: Bool) {
    for (_, partitioner) in components.partitioners.sorted(by: { $0.key < $1.key }) {
      if let found = partitioner.strategies.first(where: { $0.name == strategy }) {
        return (partitioner, found.needsAffinity)
      }
    }
    let known = components.partitioners.values.flatMap(\.strategies).map(\.name).sorted()
    throw DMTError(
      .notFound, "there is no partition strategy '\(strategy)' here",
      remedy: known.isEmpty
        ? "install a partitioner plugin; `dmt plugin list --why` shows what was found"
        : Spelling.suggestion(for: strategy, in: known))
  }

  private var settings: PartitionJob.Settings {
    PartitionJob.Settings(
      towers: towers, strategy: strategy, balance: balance,
      capacity: capacityLookups.map { .lookups($0) } ?? capacityBytes.map { .bytes($0) }, seed: seed,
      affinity: Affinity.Kind(rawValue: affinity) ?? .magnitude, maximumSamples: samples)
  }

  private func outcome(
    of flat: LoadedManifest, _ partitioner: any TowerPartitioner, needsAffinity: Bool, _ installation: Installation,
    runFolder: String
  ) throws(DMTError) -> PartitionOutcome {
    if let from {
      let saved = try SavedRun(
        RunFolder(path: from), catalog: installation.catalog, components: installation.components,
        policy: backends.policy(flat.manifest), threads: backends.threads, progress: { Console.progress($0) })
      try requireSameFeatures(saved.pipeline.manifest, as: flat.manifest, run: from)
      return try PartitionJob(saved.pipeline, settings: settings).run(partitioner, model: saved.model)
    }
    let pipeline = try Pipeline(flat, components: installation.components, progress: { Console.progress($0) })
    let job = try PartitionJob(pipeline, settings: settings)
    // What no affinity can change is refused before the training.
    try PartitionRequest(
      features: job.features, towers: towers, balance: balance, capacity: settings.capacity, strategy: strategy
    ).check()
    guard needsAffinity else { return try job.run(partitioner, model: nil) }
    let terminal = TerminalReport { Console.note($0) }
    let run: TrainingRun
    do throws(DMTError) {
      run = try TrainingRun.create(
        flat, in: RunFolder(path: runFolder), components: installation.components,
        options: TrainingOptions(
          policy: backends.policy(flat.manifest), program: "dmt \(HostServices.version)",
          plugins: installation.pluginRecords, report: { terminal.show($0) }))
    } catch {
      guard error.code == .alreadyExists else { throw error }
      throw DMTError(
        .alreadyExists, "the flat model was trained already", place: .init(file: runFolder),
        remedy: "use it with --from \(runFolder), or name another folder with --out")
    }
    guard try run.train().reason != .interrupted else {
      throw DMTError(
        .cancelled, "the training of the flat model was interrupted", place: .init(file: runFolder),
        remedy: "go on with dmt train --resume \(runFolder), then --from \(runFolder)")
    }
    return try job.run(partitioner, model: run.model)
  }

  private func requireSameFeatures(_ run: Manifest, as manifest: Manifest, run path: String) throws(DMTError) {
    let (found, wanted) = (run.features.map(\.name), manifest.features.map(\.name))
    guard found != wanted else { return try requireSameColumns(run, as: manifest, run: path) }
    let strange = found.filter { !wanted.contains($0) }
    let lacking = wanted.filter { !found.contains($0) }
    var message = "the run has other features than the manifest"
    if let name = strange.first { message += ": it has '\(name)'" }
    if let name = lacking.first { message += strange.isEmpty ? ": it lacks '\(name)'" : " and lacks '\(name)'" }
    if strange.isEmpty, lacking.isEmpty { message += ": they stand in another order" }
    throw DMTError(
      .invalidArgument, message, place: .init(file: path), remedy: "train the flat version of this manifest")
  }

  /// The same names with other columns, tables or widths are other features.
  private func requireSameColumns(_ run: Manifest, as manifest: Manifest, run path: String) throws(DMTError) {
    func isSame(_ a: FeatureSpec, _ b: FeatureSpec) -> Bool {
      var (a, b) = (a, b)
      a.place = .init()
      b.place = .init()
      return a == b && (a.dim ?? run.model.dim) == (b.dim ?? manifest.model.dim)
    }
    guard let (_, other) = zip(run.features, manifest.features).first(where: { !isSame($0, $1) }) else { return }
    throw DMTError(
      .invalidArgument,
      "feature '\(other.name)' of the run is encoded or embedded in another way than the manifest says",
      place: .init(file: path), remedy: "train the flat version of this manifest")
  }

  private func write(_ outcome: PartitionOutcome, _ report: PartitionReport, to folder: String) throws(DMTError) {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let json = try report.json()
      for (name, text) in [
        ("towers.yaml", outcome.towersFile), ("partition.json", json), ("partition.svg", PartitionPage.svg(report)),
      ] {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"), options: .atomic)
      }
    } catch let error as DMTError {
      throw error
    } catch {
      throw DMTError(
        .io, "the partition cannot be written: \((error as NSError).localizedDescription)", place: .init(file: folder))
    }
  }

  private func summarise(_ report: PartitionReport, folder: String) {
    let lines = TextTable.lines(
      header: ["tower", "features", "lookups", "tables", ""],
      rows: report.towers.map { tower in
        [
          tower.name, String(tower.size), Format.fixed(tower.lookupCost, 1), Format.bytes(tower.bytes),
          tower.features.count > 12
            ? tower.features.prefix(12).joined(separator: ", ") + ", .." : tower.features.joined(separator: ", "),
        ]
      }, rightAligned: [1, 2, 3])
    for line in lines { Console.print(line) }
    let figures = report.figures.sorted { $0.key < $1.key }.map { "\($0.key) \(Format.fixed($0.value, 4))" }
    if !figures.isEmpty { Console.print(figures.joined(separator: "  ")) }
    if let index = report.adjustedRandIndex {
      Console.print("agreement with the planted groups (adjusted Rand index): \(Format.fixed(index, 4))")
    }
    Console.print("wrote \(folder)/towers.yaml, partition.json, partition.svg")
    Console.print("use it: model.towers: { from: towers.yaml, module: .. }, the path relative to the manifest")
  }
}
