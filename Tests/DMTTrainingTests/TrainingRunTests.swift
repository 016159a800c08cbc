import DMTCore
import DMTData
import DMTManifest
import DMTRuntime
import DMTTraining
import Foundation
import Testing

/// A pipeline on 600 rows of CSV in a temporary folder, with the runtime's own model on the reference kernels.
private struct SmallPipeline {
  let folder: TemporaryFolder
  let components = Components.builtin
  let catalog = ManifestCatalog(.builtin)

  init(rows: Int = 600) throws {
    folder = try TemporaryFolder()
    try Self.csv(rows: rows, hasLabel: true).write(
      to: URL(fileURLWithPath: folder.path + "/data.csv"), atomically: true, encoding: .utf8)
  }

  static func csv(rows: Int, hasLabel: Bool) -> String {
    var random = SeededGenerator(state: 3)
    var text = hasLabel ? "user,genres,age,liked\n" : "user,genres,age\n"
    for _ in 0..<rows {
      let user = Int.random(in: 0..<20, using: &random)
      let genres = (0..<Int.random(in: 1...3, using: &random)).map { _ in Int.random(in: 0..<6, using: &random) }
      let age = Int.random(in: 10..<70, using: &random)
      let score = Double(user % 4) + Double(genres[0]) - Double(age) / 20 + .random(in: -1...1, using: &random)
      text += "u\(user),\(genres.map { "g\($0)" }.joined(separator: "|")),\(age)"
      text += hasLabel ? ",\(score > 2 ? 1 : 0)\n" : "\n"
    }
    return text
  }

  func manifest(_ train: String, overrides: [String] = []) throws -> LoadedManifest {
    let text = """
      dmt: 1
      name: small
      data:
        format: csv
        path: data.csv
        label: liked
        split: rows
      features:
        user: user
        genres: { column: genres, separator: "|", pooling: mean }
      dense:
        age: { column: age, transform: [standardise] }
      model:
        dim: 4
        over_arch: { module: dcn, layers: 1, widths: [8], dropout: 0.1 }
      train:
      \(train.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
      """
    return try ManifestLoader.load(
      text: text, path: folder.path + "/small.yaml", overrides: overrides, catalog: catalog)
  }

  var run: RunFolder { RunFolder(path: folder.path + "/run") }

  func options(
    maxSteps: Int? = nil, stopAt: Int? = nil, report: @escaping (TrainingEvent) -> Void = { _ in }
  ) -> TrainingOptions {
    var questions = 0
    return TrainingOptions(
      policy: BackendPolicy(order: ["reference"]), program: "test", maxSteps: maxSteps,
      shouldStop: {
        questions += 1
        return questions == stopAt
      }, report: report)
  }

  func create(
    _ loaded: LoadedManifest, in folder: RunFolder? = nil, options: TrainingOptions? = nil, replacing: Bool = false
  ) throws -> TrainingRun {
    try TrainingRun.create(
      loaded, in: folder ?? run, components: components, options: options ?? self.options(), replacing: replacing)
  }

  func resume(options: TrainingOptions? = nil, overrides: [String] = []) throws -> TrainingRun {
    try TrainingRun.resume(
      run, catalog: catalog, components: components, options: options ?? self.options(), overrides: overrides)
  }

  func open() throws -> SavedRun {
    try SavedRun(run, catalog: catalog, components: components, policy: BackendPolicy(order: ["reference"]))
  }
}

@Suite("Runs from a manifest")
struct TrainingRunTests {
  private let train = """
    epochs: 3
    batch: 32
    seed: 9
    threads: 1
    evaluate_every: 7
    checkpoint_every: 5
    clip_norm: 5
    optimizer: { name: adam, lr: 0.01 }
    tables: { name: rowwise_adagrad, lr: 0.1 }
    schedule: { kind: cosine }
    early_stopping: { metric: logloss, patience: 20 }
    """

  @Test("training writes a run folder from which the same figures come back")
  func whole() throws {
    let small = try SmallPipeline()
    var preparations = 0
    let run = try small.create(
      try small.manifest(train),
      options: small.options { if case .preparing = $0 { preparations += 1 } })
    let outcome = try run.train()
    #expect(outcome.reason == .completed && preparations > 0)
    #expect(try #require(outcome.test?.auc) > 0.7)

    let saved = try small.open()
    #expect(saved.pipeline.dataset.isFromCache)
    #expect(saved.weightsPath == small.run.bestPath && saved.state.step == outcome.best?.step)
    #expect(try saved.evaluate(.test, shouldStop: { false }) == outcome.test)
    #expect(try saved.evaluate(.valid, shouldStop: { false }) == outcome.valid)
    #expect(saved.record.outcome == outcome && saved.record.seed == 9 && saved.record.backends == ["reference"])
    #expect(saved.model.tensors.allSatisfy { $0.role == .parameter })
  }

  @Test("a real model interrupted at random moments and resumed has the same weights and states, bit for bit")
  func resume() throws {
    let small = try SmallPipeline()
    let loaded = try small.manifest(train)
    let whole = RunFolder(path: small.folder.path + "/whole")
    let expected = try small.create(loaded, in: whole).train()
    var random = SeededGenerator(state: 21)
    for _ in 0..<6 {
      var outcome = try small.create(
        loaded, options: small.options(stopAt: .random(in: 1...40, using: &random)), replacing: true
      ).train()
      while !outcome.reason.isFinal {
        outcome = try small.resume(options: small.options(stopAt: .random(in: 2...60, using: &random))).train()
      }
      #expect(outcome.test == expected.test && outcome.step == expected.step)
      #expect(try contents(small.run.checkpointPath) == contents(whole.checkpointPath))
      #expect(try contents(small.run.bestPath) == contents(whole.bestPath))
    }
  }

  @Test("whole tables trained with adam resume bit for bit as well")
  func wholeTables() throws {
    let small = try SmallPipeline(rows: 300)
    let loaded = try small.manifest(
      train, overrides: ["train.tables={ name: adam, lr: 0.01, weight_decay: 0.001 }"])
    let whole = RunFolder(path: small.folder.path + "/whole")
    _ = try small.create(loaded, in: whole).train()
    #expect(try small.create(loaded, options: small.options(maxSteps: 8)).train().reason == .stepLimit)
    #expect(try small.resume().train().reason == .completed)
    #expect(try contents(small.run.checkpointPath) == contents(whole.checkpointPath))
  }

  @Test("predictions of rows without a label are those of the model, in the file's order")
  func predict() throws {
    let small = try SmallPipeline()
    _ = try small.create(try small.manifest(train)).train()
    let input = small.folder.path + "/new.csv"
    try SmallPipeline.csv(rows: 600, hasLabel: false).write(toFile: input, atomically: true, encoding: .utf8)
    let output = small.folder.path + "/p.csv"
    let saved = try small.open()
    #expect(try saved.predict(input: input, to: .file(output)) == 600)
    let lines = String(decoding: try contents(output), as: UTF8.self).split(separator: "\n")
    let probabilities = lines.dropFirst().compactMap { Float($0.split(separator: ",")[1]) }
    #expect(probabilities.count == 600)
    // The rows are those of the training file, so the test samples among them have the predictions of an evaluation.
    let test = saved.pipeline.dataset.samples(of: .test)
    let batches = saved.pipeline.batches(of: .test)
    var logits = [Float](repeating: 0, count: 64)
    var sample = 0
    while let batch = try batches.next() {
      try saved.model.predict(batch, into: &logits)
      for index in 0..<batch.count {
        let row = test.rowNumber(ofSample: sample)
        #expect(abs(probabilities[row] - 1 / (1 + exp(-logits[index]))) < 1e-5)
        sample += 1
      }
      batches.recycle(batch)
    }
    #expect(sample == test.count && sample > 30)
  }

  @Test("a run whose data or manifest were changed is neither continued nor opened")
  func changed() throws {
    let small = try SmallPipeline()
    _ = try small.create(try small.manifest(train), options: small.options(maxSteps: 6)).train()
    let original = try contents(small.run.manifestPath)
    let text = String(decoding: original, as: UTF8.self)
    #expect(
      text.contains("path: \(small.folder.path)/data.csv") || text.contains("path: \"\(small.folder.path)/data.csv\""))
    try Data(text.replacingOccurrences(of: "lr: 0.1", with: "lr: 0.2").utf8).write(
      to: URL(fileURLWithPath: small.run.manifestPath))
    let manifest = try error { _ = try small.resume() }
    #expect(manifest.code == .invalidArgument && manifest.place.file == small.run.manifestPath)
    #expect(try error { _ = try small.open() }.code == .invalidArgument)

    try Data(original).write(to: URL(fileURLWithPath: small.run.manifestPath))
    let file = try #require(FileHandle(forWritingAtPath: small.folder.path + "/data.csv"))
    try file.seekToEnd()
    try file.write(contentsOf: Data("u1,g1,33,1\n".utf8))
    try file.close()
    let data = try error { _ = try small.resume() }
    #expect(data.code == .invalidArgument && data.message.contains("the data are not those"))
    #expect(try error { _ = try small.open() }.message.contains("the data are not those"))
  }

  @Test("a run may go on with other threads, which is told, and no run is overwritten unasked")
  func otherThreads() throws {
    let small = try SmallPipeline(rows: 200)
    let loaded = try small.manifest(train)
    _ = try small.create(loaded, options: small.options(maxSteps: 3)).train()
    #expect(try error { _ = try small.create(loaded) }.code == .alreadyExists)
    var warnings: [String] = []
    let options = small.options { if case .warning(let text) = $0 { warnings.append(text) } }
    let outcome = try small.resume(options: options, overrides: ["train.threads=2"]).train()
    #expect(outcome.reason == .completed && warnings == ["threads: 1 before, 2 now"])
  }

  @Test("a run that ended before its first checkpoint, and a folder that is none, cannot be opened")
  func noWeights() throws {
    let small = try SmallPipeline(rows: 200)
    #expect(try error { _ = try small.open() }.code == .notFound)
    #expect(try error { _ = try small.resume() }.code == .notFound)
    _ = try small.create(try small.manifest(train))
    #expect(try error { _ = try small.open() }.remedy?.contains("before its first checkpoint") == true)
  }

  @Test("a learning rate that is far too high ends in a clear error, with the last good checkpoint intact")
  func diverging() throws {
    let small = try SmallPipeline()
    let loaded = try small.manifest(
      train, overrides: ["train.optimizer={ name: sgd, lr: 1e30 }", "train.clip_norm=null", "train.checkpoint_every=1"])
    let run = try small.create(loaded)
    let failure = try error { _ = try run.train() }
    #expect(failure.code == .notFinite && failure.place.step != nil && failure.message.contains("in epoch 1"))
    if small.run.hasCheckpoint {
      let checkpoint = try Checkpoint(path: small.run.checkpointPath)
      let model = try run.pipeline.makeModel(
        policy: BackendPolicy(order: ["reference"]), threads: 1, forTraining: true)
      try checkpoint.restore(model.trainableParameters, includesOptimizer: true)
      try FiniteCheck.require(model.trainableParameters)
    }
  }
}

@Suite("The report on the terminal")
struct TerminalReportTests {
  @Test("every event that a reader should see has one line")
  func lines() {
    func line(_ event: TrainingEvent) -> String? { TerminalReport.line(for: event) }
    let size = TrainingSize(
      step: 0, totalSteps: 21, epochs: 3, batchesPerEpoch: 7, trainCount: 50, validCount: 30, testCount: 20,
      parameterCount: 3)
    #expect(
      line(.started(size)) == "3 parameters; 50 samples to train on, 30 valid, 20 test; 3 epochs, 21 steps")
    var later = size
    later.step = 4
    #expect(line(.started(later))?.hasSuffix("continuing at step 4 of 21") == true)
    let result = EvaluationResult(auc: 0.75, logloss: 0.5, ne: nil, calibration: 1.0000049, examples: 30)
    #expect(
      line(.evaluated(.init(set: "valid", result: result, step: 7, epoch: 1, isBest: true)))
        == "valid at step 7 (epoch 1.00): auc 0.75000  logloss 0.50000  ne -  calibration 1.00000  best so far")
    #expect(line(.epochEnded(epoch: 2, loss: 0.123456)) == "epoch 2: training loss 0.12346")
    #expect(line(.ended(.init(reason: .earlyStopped, step: 12))) == "stopped early after 12 steps")
    #expect(line(.checkpointWritten(path: "p", step: 1)) == nil)
  }

  @Test("warnings go their own way and whole lines to the printer")
  func ways() {
    final class Lines { var printed: [String] = [], warned: [String] = [] }
    let lines = Lines()
    let report = TerminalReport(print: { lines.printed.append($0) }, warn: { lines.warned.append($0) })
    report.show(.warning("threads: 1 before, 2 now"))
    report.show(.ratesFell(multiplier: 0.1))
    #expect(lines.warned == ["warning: threads: 1 before, 2 now"])
    #expect(lines.printed == ["plateau: learning rates are now 0.1 of their schedule"])
  }
}
