import ArgumentParser
import DMTCore
import DMTData
import DMTManifest
import DMTRuntime
import DMTTraining
import Foundation

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures this machine.",
    discussion: """
      EXAMPLES
        dmt bench step --dim 128 --threads 2
        dmt bench abi
      """, subcommands: [Step.self, ABI.self, MultiHost.self])

  struct Step: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Times training steps of a DLRM: forward, loss, backward, and all updates.",
      discussion: """
        Tables of Zipf-distributed single indices, 13 dense features, bottom 512-256-D, dots, top 1024-1024-512-256-1. The \
        batches are made beforehand. Quote the ratio to another program that is timed alternately on the same machine.

        EXAMPLES
          dmt bench step --dim 128 --threads 2
          dmt bench step --dim 16 --backend native --json
        """)

    @Option(help: "Width of every embedding, and of the bottom's result.") var dim = 16
    @Option(help: "Tables, one feature each.") var tables = 26
    @Option(help: "Rows a table.") var rows = 100_000
    @Option(help: "Samples a step.") var batch = 2048
    @Option(help: "Indices a bag: 1 to this many.") var pooling = 1
    @Option(help: "Optimizer of the tables.") var tableOptimizer = "rowwise_adagrad"
    @Option(help: "Optimizer of the dense parameters.") var optimizer = "sgd"
    @Option(help: "Timed samples; the median and the spread are of these.") var repeats = 9
    @Option(help: "Steps in each timed sample; 0: as many as last a ninth of a second.") var inner = 0
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup var backends: BackendOptions
    @OptionGroup var plugins: PluginOptions

    func validate() throws {
      guard dim >= 1, tables >= 1, rows >= 1, batch >= 1, pooling >= 1, repeats >= 1, inner >= 0 else {
        throw ValidationError("every number must be at least 1 (--inner: 0)")
      }
    }

    func run() throws {
      try Console.reporting {
        let installation = try Installation.load(plugins, threads: backends.threads)
        try backends.check(installation.components)
        let bench = try StepBench(self, installation: installation)
        let result = try bench.run(repeats: repeats, inner: inner)
        if json {
          Console.print(try Console.json(result))
        } else {
          Console.print(
            "DLRM D \(dim), \(tables) tables x \(Format.count(rows)) rows, batch \(batch), \(installation.threads) threads: "
              + "\(Format.count(Int(result.samplesPerSecond))) samples/s "
              + "(\(Format.count(Int(result.slowest))) to \(Format.count(Int(result.fastest)))), "
              + "\(Format.fixed(result.stepMilliseconds, 2)) ms a step")
          for line in result.servedBy { Console.print("  " + line) }
        }
      }
    }
  }
}

/// What a step bench measured.
struct StepResult: Encodable {
  var dim: Int
  var tables: Int
  var rows: Int
  var batch: Int
  var threads: Int
  /// Median, and the extremes.
  var samplesPerSecond: Double
  var fastest: Double
  var slowest: Double
  var stepMilliseconds: Double
  var firstLoss: Double
  var lastLoss: Double
  var servedBy: [String]

  enum CodingKeys: String, CodingKey {
    case dim, tables, rows, batch, threads
    case samplesPerSecond = "samples_per_second"
    case fastest = "fastest_samples_per_second"
    case slowest = "slowest_samples_per_second"
    case stepMilliseconds = "step_ms"
    case firstLoss = "first_loss"
    case lastLoss = "last_loss"
    case servedBy = "served_by"
  }
}

/// A DLRM on synthetic batches.
private final class StepBench {
  private let model: Model
  private let batches: [Batch]
  private let options: Bench.Step
  private let threads: Int
  private let served: [String]

  private static let batchCount = 8

  init(_ options: Bench.Step, installation: Installation) throws(DMTError) {
    self.options = options
    threads = installation.threads
    let cache = FileManager.default.temporaryDirectory.appendingPathComponent("dmt-bench").path
    let synthetic = SyntheticSpec(
      samples: options.batch * StepBench.batchCount * 5 / 4 + options.batch, features: options.tables,
      rows: options.rows, pooling: options.pooling, dense: 13, groups: min(4, options.tables))
    let features = (0..<options.tables).map {
      FeatureSpec(name: "f\($0)", column: "f\($0)", encoding: .index(rows: options.rows))
    }
    let dense = (0..<13).map { DenseSpec(name: "d\($0)", column: "d\($0)") }
    let data = DataSection(format: .synthetic, cachePath: cache, synthetic: synthetic)
    let manifest = Manifest(
      name: "bench", path: "bench", data: data, features: features, dense: dense,
      model: ModelSection(
        dim: options.dim, tableInitializer: .uniform(low: -0.003, high: 0.003),
        overArch: ModuleSpec(
          module: "dlrm",
          attributes: ["bottom": .ints([512, 256, options.dim]), "top": .ints([1024, 1024, 512, 256])])))
    let dataset = try Dataset.load(
      data: data, features: features, dense: dense, folder: "", progress: { Console.progress($0) })
    let plan = try ModelPlan(
      manifest: manifest,
      features: dataset.features.map {
        ModelFeature(name: $0.name, table: $0.table, rows: $0.rows, dim: options.dim, pooling: .sum)
      }, denseCount: 13, components: installation.components)
    let settings = Model.Settings(
      seed: 1, threads: installation.threads, policy: installation.policy(options.backends, nil),
      optimizer: OptimizerSpec(name: options.optimizer, learningRate: 0.01),
      tableOptimizer: OptimizerSpec(name: options.tableOptimizer, learningRate: 0.01))
    model = try Model(plan: plan, settings: settings, components: installation.components)
    served = try plan.explanation(
      name: "bench", batch: options.batch, settings: settings, components: installation.components,
      measuresActivations: false
    ).servers
    let order = BatchOrder(dataset, .train, batchSize: options.batch, seed: 1, shuffle: false)
    batches = (0..<StepBench.batchCount).map { number in
      let batch = dataset.makeBatch()
      dataset.samples(of: .train).fill(batch, batchNumber: number, of: order)
      return batch
    }
  }

  func run(repeats: Int, inner: Int) throws(DMTError) -> StepResult {
    var step = 0
    func next() throws(DMTError) -> Double {
      step += 1
      return try model.trainStep(batches[step % batches.count], step: step)
    }
    let clock = ContinuousClock()
    let first = try next()
    var last = first
    for _ in 0..<3 { last = try next() }
    var count = inner
    if count == 0 {
      let begin = clock.now
      last = try next()
      count = max(1, Int(0.11 / seconds(clock.now - begin)))
    }
    var rates: [Double] = []
    for _ in 0..<repeats {
      let begin = clock.now
      for _ in 0..<count { last = try next() }
      rates.append(Double(count * options.batch) / seconds(clock.now - begin))
    }
    rates.sort()
    let median = rates[rates.count / 2]
    return StepResult(
      dim: options.dim, tables: options.tables, rows: options.rows, batch: options.batch, threads: threads,
      samplesPerSecond: median, fastest: rates[rates.count - 1], slowest: rates[0],
      stepMilliseconds: 1e3 * Double(options.batch) / median, firstLoss: first, lastLoss: last, servedBy: served)
  }

  private func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + 1e-18 * Double(duration.components.attoseconds)
  }
}
