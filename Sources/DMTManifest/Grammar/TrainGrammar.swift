import DMTCore

extension ManifestGrammar {
  /// The section `train`.
  var train: Form {
    let section = TrainSection()
    return .record(
      Record(keys: [
        Key("epochs", .int(Self.upTo1Million), .defaultsTo(.int(section.epochs)), "Passes over the training samples."),
        Key("batch", .int(1...(1 << 30)), .defaultsTo(.int(section.batch)), "Samples of the global batch."),
        Key(
          "seed", .int(Self.notNegative), .defaultsTo(.int(Int(section.seed))),
          "Seed of initial values, order, dropout."),
        Key(
          "optimizer", optimizers(catalog.denseOptimizers, default: section.optimizer.name),
          .defaultsTo(.emptyMapping()), "The optimizer of the dense parameters."),
        Key(
          "tables", optimizers(catalog.tableOptimizers, default: section.tableOptimizer.name),
          .defaultsTo(.emptyMapping()), "The optimizer of the tables."),
        Key("schedule", schedule, .defaultsTo(.emptyMapping()), "How the learning rates move."),
        Key(
          "early_stopping", .nullable(earlyStopping), .defaultsTo(.null()),
          "Ends the training when the validation metric stops gaining."),
        Key(
          "clip_norm", .nullable(.number(.positive)), .defaultsTo(.null()),
          "Largest global norm of the gradient; null: no clipping."),
        Key(
          "evaluate_every", .nullable(.int(Self.positive)), .defaultsTo(.null()),
          "Steps between evaluations on valid; null: at the end of every epoch."),
        Key(
          "checkpoint_every", .nullable(.int(Self.positive)), .defaultsTo(.null()),
          "Steps between checkpoints; null: at the end of every epoch."),
        Key("shuffle", .bool, .defaultsTo(.bool(section.shuffle)), "Shuffle the training samples each epoch."),
        Key(
          "threads", .nullable(.int(1...4096)), .defaultsTo(.null()), "Threads in all; null: as many as cores."),
      ]))
  }

  private func optimizers(_ optimizers: [String: ManifestCatalog.Optimizer], default name: String) -> Form {
    .variants(
      Variants(
        discriminator: "name", noun: "optimizer", discriminatorSummary: "The optimizer's name.", defaultVariant: name,
        common: [],
        variants: optimizers.sorted { $0.key < $1.key }.map { name, optimizer in
          Variants.Variant(
            name: name, summary: optimizer.summary,
            keys: [
              Key(
                "lr", .number(.notNegative), .defaultsTo(.number(optimizer.learningRate)),
                "Base learning rate, before the schedule.")
            ] + optimizer.schema.fields.filter { !["name", "lr"].contains($0.name) }.map { Key($0) })
        }, allowsShorthand: true))
  }

  private var schedule: Form {
    let final = Key(
      "final", .number(NumberBounds(minimum: 0, maximum: 1)), .defaultsTo(.number(0)),
      "Share of the base rate at the end.")
    let factor = Key(
      "factor", .number(NumberBounds(above: 0, maximum: 1)), .defaultsTo(.number(0.1)),
      "What the rate is multiplied by.")
    return .variants(
      Variants(
        discriminator: "kind", noun: "schedule", discriminatorSummary: "The kind of schedule.",
        defaultVariant: "constant",
        common: [
          Key("warmup", .int(Self.notNegative), .defaultsTo(.int(0)), "Steps of linear warm-up from 0.")
        ],
        variants: [
          Variants.Variant(name: "constant", summary: "The base rate throughout.", keys: []),
          Variants.Variant(
            name: "linear", summary: "Falls on a line over all steps of all epochs.", keys: [final]),
          Variants.Variant(
            name: "step", summary: "Is multiplied by a factor at regular distances.",
            keys: [
              Key("every", .number(.positive), .defaultsTo(.number(1)), "Epochs between two multiplications."), factor,
            ]),
          Variants.Variant(name: "cosine", summary: "Falls on half a cosine.", keys: [final]),
          Variants.Variant(
            name: "plateau", summary: "Is multiplied by a factor after evaluations without a gain.",
            keys: [
              factor, Key("patience", .int(Self.notNegative), .defaultsTo(.int(2)), "Evaluations without a gain."),
            ]),
        ], allowsShorthand: true))
  }

  private var earlyStopping: Form {
    let defaults = TrainSection.EarlyStopping()
    return .record(
      Record(
        keys: [
          Key(
            "metric", .text(TextRule(choices: catalog.metrics, noun: "metric")), .defaultsTo(.text(defaults.metric)),
            "The metric that is watched on valid."),
          Key(
            "patience", .int(Self.notNegative), .defaultsTo(.int(defaults.patience)),
            "Evaluations without a gain before the training ends."),
        ], shorthand: "metric"))
  }
}
