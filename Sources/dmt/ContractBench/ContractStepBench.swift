import DMTCore
import DMTData
import DMTManifest
import DMTRuntime
import DMTTraining

/// What the contract costs of a training step: rounds with and without further calls through it, in turn, on the same model.
final class ContractStepBench {
  /// Shares are of the step's time.
  struct Result: Encodable {
    var manifest: String
    var batch: Int
    var threads: Int
    /// Calls into plugins a step: operators forward and backward, tables, optimizers.
    var calls: Int
    var rounds: Int
    var stepsPerRound: Int
    /// Further calls before each call, in every other round.
    var further: Int
    var stepMilliseconds: Spread
    /// calls x what a call adds / step.
    var countedShare: Double
    /// (step with further calls - step) / further calls a call / step.
    var measuredShare: Spread
    var servedBy: [String]

    enum CodingKeys: String, CodingKey {
      case manifest, batch, threads, calls, rounds, further
      case stepsPerRound = "steps_per_round"
      case stepMilliseconds = "step_ms"
      case countedShare = "counted_share"
      case measuredShare = "measured_share"
      case servedBy = "served_by"
    }
  }

  private static let batchCount = 8

  private let model: Model
  private let meter: ContractMeter
  private let batches: [Batch]
  private let manifest: Manifest
  private let served: [String]
  private var step = 0

  /// - Parameter kernel: what the further calls call.
  init(
    _ loaded: LoadedManifest, installation: Installation, policy: BackendPolicy, kernel: any Kernel
  ) throws(DMTError) {
    meter = ContractMeter(kernel)
    manifest = loaded.manifest
    let components = meter.metering(installation.components)
    let pipeline = try Pipeline(loaded, components: components, progress: { Console.progress($0) })
    model = try pipeline.makeModel(policy: policy, threads: installation.threads, forTraining: true)
    served = try pipeline.plan.explanation(
      name: manifest.name, batch: manifest.train.batch, settings: model.settings, components: components,
      measuresActivations: false
    ).servers
    let samples = pipeline.dataset.samples(of: .train)
    let order = BatchOrder(
      pipeline.dataset, .train, batchSize: manifest.train.batch, seed: manifest.train.seed,
      shuffle: manifest.train.shuffle)
    // Full ones: a last, smaller batch has a program of its own.
    let count = min(Self.batchCount, order.sampleCount / max(1, manifest.train.batch))
    guard count > 0 else {
      throw DMTError(
        .invalidArgument,
        "the training split has \(order.sampleCount) samples, expected a batch of \(manifest.train.batch)",
        remedy: "--set train.batch=\(max(1, order.sampleCount))")
    }
    batches = (0..<count).map { number in
      let batch = pipeline.dataset.makeBatch()
      samples.fill(batch, batchNumber: number, of: order)
      return batch
    }
  }

  func run(rounds: Int, further: Int, addedNanoseconds: Double) throws(DMTError) -> Result {
    _ = try time(steps: 3)
    meter.calls = 0
    let once = try time(steps: 1)
    let calls = meter.calls
    // A fifth of a second a round: long against a timer's tick, short against a machine's moods.
    let steps = max(1, Int(2e8 / once))
    var plain: [Double] = []
    var shares: [Double] = []
    for round in 0...rounds {
      meter.further = 0
      let without = try time(steps: steps)
      meter.further = further
      let with = try time(steps: steps)
      meter.further = 0
      let after = try time(steps: steps)
      guard round > 0 else { continue }
      // Before and after: what drifts evenly drops out.
      let base = (without + after) / 2
      plain.append(base / 1e6)
      shares.append((with - base) / Double(further) / base)
      if Console.isInteractive { Console.progress("round \(round) of \(rounds)") }
    }
    let spread = Spread(plain)
    return Result(
      manifest: manifest.name, batch: manifest.train.batch, threads: model.settings.threads, calls: calls,
      rounds: rounds, stepsPerRound: steps, further: further, stepMilliseconds: spread,
      countedShare: Double(calls) * addedNanoseconds / (spread.median * 1e6), measuredShare: Spread(shares),
      servedBy: served)
  }

  /// Nanoseconds a step.
  private func time(steps: Int) throws(DMTError) -> Double {
    let clock = ContinuousClock()
    let begin = clock.now
    for _ in 0..<steps {
      step += 1
      _ = try model.trainStep(batches[step % batches.count], step: step)
    }
    return (clock.now - begin).nanoseconds / Double(steps)
  }
}
