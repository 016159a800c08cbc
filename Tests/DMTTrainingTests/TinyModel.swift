import DMTCore
import DMTManifest
import DMTTraining
import Foundation

/// Logistic regression on the dense features, with momentum: a model small enough that hundreds of runs take no time.
final class TinyModel: TrainableModel {
  private let store = TensorStore()
  let weights: NamedTensor
  let momentum: NamedTensor
  var learningRate: Float = 0.3
  /// Steps (from 1) at which the loss is NaN.
  var nanSteps: Set<Int> = []
  /// Steps (from 1) at which the process dies, as far as the trainer is concerned.
  var deadlySteps: Set<Int> = []
  /// Steps (from 1) after which a weight is infinite.
  var overflowSteps: Set<Int> = []
  /// (step, factor on the rates) of every step done.
  private(set) var steps: [(step: Int, scale: Double)] = []
  private(set) var timesChanged = 0

  init(featureCount: Int) {
    weights = store.tensor("top.weight", [featureCount], [Float](repeating: 0, count: featureCount))
    momentum = store.tensor("momentum_buffer", [featureCount], [Float](repeating: 0, count: featureCount))
  }

  var trainableParameters: [TrainableParameter] {
    [TrainableParameter(tensor: weights, states: [momentum], operatorName: "linear")]
  }

  func parametersChanged() { timesChanged += 1 }

  func trainStep(_ batch: Batch, learningRateScale: Double, step: Int) throws(DMTError) -> Double {
    if deadlySteps.contains(step) { throw DMTError(.internalError, "killed") }
    if nanSteps.contains(step) {
      throw DMTError(.notFinite, "the loss is nan", place: .init(step: step), remedy: "lower the learning rate")
    }
    let w = weights.bytes.bindMemory(to: Float.self)
    let m = momentum.bytes.bindMemory(to: Float.self)
    var gradient = [Float](repeating: 0, count: w.count)
    var loss = 0.0
    for sample in 0..<batch.count {
      let logit = self.logit(batch, sample)
      let p = 1 / (1 + exp(-logit))
      loss -= Double(batch.labels[sample] == 1 ? log(p) : log(1 - p))
      for column in w.indices {
        gradient[column] += (p - batch.labels[sample]) * batch.dense[sample * w.count + column] / Float(batch.count)
      }
    }
    for column in w.indices {
      m[column] = 0.9 * m[column] + gradient[column]
      w[column] -= learningRate * Float(learningRateScale) * m[column]
    }
    if overflowSteps.contains(step) { w[0] = .infinity }
    steps.append((step, learningRateScale))
    return loss / Double(batch.count)
  }

  func predict(_ batch: Batch, into logits: UnsafeMutablePointer<Float>) throws(DMTError) {
    for sample in 0..<batch.count { logits[sample] = logit(batch, sample) }
  }

  private func logit(_ batch: Batch, _ sample: Int) -> Float {
    let w = weights.bytes.bindMemory(to: Float.self)
    var sum: Float = 0
    for column in w.indices { sum += w[column] * batch.dense[sample * w.count + column] }
    return sum
  }
}

/// Samples in memory, shuffled by seed and epoch.
final class MemoryBatches: BatchSource {
  static let columns = 3
  let sampleCount: Int
  let batchesPerEpoch: Int
  private let size: Int
  private let shuffle: Bool
  private var rows: [(dense: [Float], label: Float)] = []
  private var order: [Int] = []
  private var epoch = 0
  private var position = 0
  private let batch = Batch(featureCount: 0, denseCount: MemoryBatches.columns)
  /// Batches handed out and not given back.
  private(set) var out = 0

  /// `count` samples whose label depends on the first two columns; `flipped` makes them contradict.
  init(count: Int, size: Int, seed: UInt64, shuffle: Bool = false, flipped: Bool = false) {
    sampleCount = count
    batchesPerEpoch = (count + size - 1) / size
    self.size = size
    self.shuffle = shuffle
    var random = SeededGenerator(state: seed)
    for _ in 0..<count {
      let dense = (0..<Self.columns).map { _ in Float.random(in: -1...1, using: &random) }
      let score = dense[0] - 2 * dense[1] + Float.random(in: -0.5...0.5, using: &random)
      rows.append((dense, (score > 0) != flipped ? 1 : 0))
    }
    seek(epoch: 0, batchNumber: 0)
  }

  func seek(epoch: Int, batchNumber: Int) {
    self.epoch = epoch
    position = min(batchNumber, batchesPerEpoch)
    order = Array(0..<sampleCount)
    if shuffle {
      var random = SeededGenerator(state: UInt64(epoch) &* 7919 &+ 1)
      order.shuffle(using: &random)
    }
  }

  func next() throws(DMTError) -> Batch? {
    if position == batchesPerEpoch {
      seek(epoch: epoch + 1, batchNumber: 0)
      return nil
    }
    let places = position * size..<min(sampleCount, (position + 1) * size)
    position += 1
    out += 1
    batch.resize(count: places.count)
    for (index, place) in places.enumerated() {
      let row = rows[order[place]]
      batch.labels[index] = row.label
      batch.sampleNumbers[index] = Int64(order[place])
      for column in 0..<Self.columns { batch.dense[index * Self.columns + column] = row.dense[column] }
    }
    return batch
  }

  func recycle(_ batch: Batch) { out -= 1 }
}

/// One run of the tiny model in a folder of its own, which can be stopped and continued by new trainers.
struct TinyRun {
  var section: TrainSection
  var trainFlipped = false
  var validFlipped = false
  var hasValid = true
  var manifestFingerprint = "m"

  let folder: RunFolder
  private let parent: TemporaryFolder

  init(_ section: TrainSection) throws {
    self.section = section
    parent = try TemporaryFolder()
    folder = RunFolder(path: parent.path + "/run")
    try folder.create(manifest: "dmt: 1\n", record: record)
  }

  var record: RunRecord {
    RunRecord(
      name: "tiny", program: "test", manifestPath: "m.yaml", manifestFingerprint: manifestFingerprint,
      dataFingerprint: "d", seed: section.seed, threads: 1, backends: ["reference"], plugins: [], createdAt: "now")
  }

  /// What one process did.
  struct Process {
    var model: TinyModel
    var outcome: RunRecord.Outcome?
    var failure: DMTError?
    var events: [TrainingEvent] = []
    var unreturnedBatches = 0

    var evaluations: [EvaluationReport] {
      events.compactMap { if case .evaluated(let report) = $0 { report } else { nil } }
    }
    var checkpointSteps: [Int] {
      events.compactMap { if case .checkpointWritten(_, let step) = $0 { step } else { nil } }
    }
  }

  /// Lets a new model and trainer begin or continue the run.
  ///
  /// - Parameter stopAt: the trainer's question whether to stop that is answered with yes, from 1.
  func process(
    resuming: Bool = false, maxSteps: Int? = nil, stopAt: Int? = nil, _ prepare: (TinyModel) -> Void = { _ in }
  ) throws -> Process {
    let model = TinyModel(featureCount: MemoryBatches.columns)
    prepare(model)
    let train = MemoryBatches(count: 50, size: 8, seed: 1, shuffle: true, flipped: trainFlipped)
    let valid = MemoryBatches(count: 30, size: 8, seed: 2, flipped: validFlipped)
    let test = MemoryBatches(count: 20, size: 8, seed: 3)
    var process = Process(model: model)
    var events: [TrainingEvent] = []
    var questions = 0
    let trainer = try Trainer(
      .init(model: model, train: train, valid: hasValid ? valid : nil, test: test), section: section, folder: folder,
      record: record, maxSteps: maxSteps,
      shouldStop: {
        questions += 1
        return questions == stopAt
      }, report: { events.append($0) })
    do throws(DMTError) {
      process.outcome = resuming ? try trainer.resume() : try trainer.start()
    } catch {
      process.failure = error
    }
    process.events = events
    process.unreturnedBatches = train.out + valid.out + test.out
    return process
  }

  /// The log's lines, without those of starts and ends and without times.
  func logLines() throws -> [String] {
    try String(decoding: contents(folder.logPath), as: UTF8.self).split(separator: "\n").compactMap { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
      guard let event = object["event"] as? String, ["step", "evaluation"].contains(event) else { return nil }
      return object.filter { !["ms", "samples_per_second"].contains($0.key) }
        .map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
    }
  }
}
