import DMTCore

/// The form of a whole manifest, given what is known here.
struct ManifestGrammar {
  let catalog: ManifestCatalog
  /// The name of a manifest that has none.
  var defaultName = "model"

  /// The root mapping.
  var root: Record {
    Record(keys: [
      Key("dmt", .int(1...1), .required, "The manifest format; this build reads 1."),
      Key("name", .text(.any), .defaultsTo(.text(defaultName)), "What the pipeline is called in logs and run folders."),
      Key("data", data, .required, "Where the samples come from and how they are split."),
      Key(
        "features", .map(NamedMap(noun: "feature", form: feature, hasPlainNames: true, isOpen: false)),
        .defaultsTo(.emptyMapping()), "Categorical features by name: each one is looked up in a table."),
      Key(
        "dense", .map(NamedMap(noun: "dense feature", form: denseFeature, hasPlainNames: true, isOpen: false)),
        .defaultsTo(.emptyMapping()), "Numeric features by name: each one is a column of the dense input."),
      Key("model", model, .required, "Tables, towers and over-arch."),
      Key("train", train, .defaultsTo(.emptyMapping()), "How the model is trained."),
      Key(
        "backends", .list(backend, minimum: 1), .defaultsTo(.list(Manifest.defaultBackends.map { .text($0) })),
        "Backends in the order in which they are asked for a kernel."),
      Key("plugins", .list(.text(.any)), .defaultsTo(.list([])), "Plugins, by id or by file, that must be there."),
      Key(
        "sharding", sharding, .defaultsTo(.emptyMapping()), "How the model is spread when it is trained on many ranks."),
      Key("interconnect", interconnect, .defaultsTo(.emptyMapping()), "What joins the ranks."),
    ])
  }

  /// The name of a backend.
  var backend: Form { .text(TextRule(choices: catalog.knownBackends, noun: "backend")) }

  static let upTo1Million = 1...1_000_000
  static let positive = 1...Int.max
  static let notNegative = 0...Int.max
}
