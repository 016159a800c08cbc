import DMTCore

extension ManifestDecoder {
  func train(_ reader: NodeReader) throws(DMTError) -> TrainSection {
    let schedule = try reader.required("schedule")
    return TrainSection(
      epochs: try reader.required("epochs").int(), batch: try reader.required("batch").int(),
      seed: UInt64(clamping: try reader.required("seed").int()),
      optimizer: try optimizer(reader.required("optimizer"), among: catalog.denseOptimizers, isDense: true),
      tableOptimizer: try optimizer(reader.required("tables"), among: catalog.tableOptimizers, isDense: false),
      schedule: try self.schedule(schedule), warmupSteps: try schedule.required("warmup").int(),
      clipNorm: try reader.child("clip_norm")?.number(), earlyStopping: try earlyStopping(reader),
      evaluateEvery: try reader.child("evaluate_every")?.int(),
      checkpointEvery: try reader.child("checkpoint_every")?.int(), shuffle: try reader.required("shuffle").bool(),
      threads: try reader.child("threads")?.int(), place: reader.place)
  }

  private func optimizer(
    _ reader: NodeReader, among optimizers: [String: ManifestCatalog.Optimizer], isDense: Bool
  ) throws(DMTError) -> OptimizerSpec {
    let name = try reader.required("name").text()
    let schema = optimizers[name]?.schema ?? AttributeSchema()
    let rate = try reader.required("lr").number()
    let attributes = try reader.attributes(schema, except: ["name", "lr"])
    guard let rule = optimizers[name]?.rule else {
      return OptimizerSpec(name: name, learningRate: rate, attributes: attributes)
    }
    do throws(DMTError) {
      let spec = try OptimizerSpec(rule, learningRate: rate, attributes: attributes)
      let states = try spec.states()
      guard !isDense || !states.contains(where: { $0.isRowwise }) else {
        throw DMTError(
          .invalidManifest, "optimizer \(name) keeps a state once a row with these settings, so it is for tables only",
          remedy: "choose another one for train.optimizer")
      }
      return spec
    } catch {
      var error = error.at(reader.node["name"]?.origin.place ?? reader.place).at(reader.place)
      if error.code == .invalidArgument { error.code = .invalidManifest }
      throw error
    }
  }

  private func schedule(_ reader: NodeReader) throws(DMTError) -> TrainSection.Schedule {
    switch try reader.required("kind").text() {
    case "linear": return .linear(final: try reader.required("final").number())
    case "cosine": return .cosine(final: try reader.required("final").number())
    case "step":
      return .step(every: try reader.required("every").number(), factor: try reader.required("factor").number())
    case "plateau":
      return .plateau(factor: try reader.required("factor").number(), patience: try reader.required("patience").int())
    default: return .constant
    }
  }

  private func earlyStopping(_ reader: NodeReader) throws(DMTError) -> TrainSection.EarlyStopping? {
    guard let stopping = reader.child("early_stopping") else { return nil }
    return TrainSection.EarlyStopping(
      metric: try stopping.required("metric").text(), patience: try stopping.required("patience").int())
  }
}
