import DMTCore

extension ManifestGrammar {
  /// The section `sharding`.
  var sharding: Form {
    let section = ShardingSection()
    return .record(
      Record(
        keys: [
          Key(
            "strategy", .nullable(.text(TextRule(choices: catalog.knownStrategies, noun: "sharding strategy"))),
            .defaultsTo(.null()),
            "The sharding strategy; null: sptt where the model has towers, else table_wise."),
          Key(
            "tower_group", .nullable(.int(Self.positive)), .defaultsTo(.null()),
            "Ranks of a tower group; null: a host's."),
          Key(
            "run_towers", .bool, .defaultsTo(.bool(section.runsTowers)),
            "Tower modules run in their tower group, where the strategy can; false: on each rank's own samples."),
          Key("wire", wire, .defaultsTo(.emptyMapping()), "How embeddings and their gradients travel."),
          Key(
            "lookup", .choice(LookupTiming.allCases.map(\.name)), .defaultsTo(.text(section.lookup.name)),
            "When a batch's rows are looked up: after the update before it, or during it, with rows one update old."),
          Key(
            "tables",
            .map(
              NamedMap(
                noun: "table", form: .choice(TableSharding.allCases.map(\.name)), hasPlainNames: false, isOpen: true)),
            .defaultsTo(.emptyMapping()), "Table name to how it is cut, where not the strategy decides."),
          Key("dense", dense, .defaultsTo(.emptyMapping()), "How the over-arch is kept."),
        ], shorthand: "strategy"))
  }

  private var dense: Form {
    let unitBytes = Key(
      "unit_bytes", .int(Self.positive), .defaultsTo(.int(DenseSharding.defaultUnitBytes)),
      "Bytes of parameters that are brought together at once.")
    return .variants(
      Variants(
        discriminator: "mode", noun: "dense sharding",
        discriminatorSummary: "Which ranks keep parts of the over-arch, and how long they keep it whole.",
        defaultVariant: DenseSharding.replicated.name, common: [],
        variants: [
          Variants.Variant(
            name: DenseSharding.replicated.name, summary: "Every rank keeps the whole over-arch.", keys: [])
        ]
          + DenseSharding.Mode.allCases.map { mode in
            Variants.Variant(name: mode.name, summary: mode.summary, keys: [unitBytes])
          }, allowsShorthand: true))
  }

  private var wire: Form {
    let types = WireType.allCases.map(\.name)
    return .record(
      Record(
        keys: [
          Key("forward", .choice(types), .defaultsTo(.text(WireType.native.name)), "How embeddings travel."),
          Key(
            "backward", .nullable(.choice(types)), .defaultsTo(.null()),
            "How gradients of embeddings travel; null: as embeddings do."),
        ], shorthand: "forward"))
  }

  /// The section `interconnect`.
  var interconnect: Form {
    .record(
      Record(
        keys: [
          Key(
            "name", .nullable(.text(TextRule(choices: catalog.knownInterconnects, noun: "interconnect"))),
            .defaultsTo(.null()), "What joins ranks; null: mpi where a launcher started the process, else threads."),
          Key(
            "timeout", .int(Self.positive), .defaultsTo(.int(InterconnectSection().timeoutSeconds)),
            "Seconds that a rank waits for another one before it gives up."),
        ], shorthand: "name"))
  }
}
