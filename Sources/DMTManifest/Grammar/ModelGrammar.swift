import DMTCore

extension ManifestGrammar {
  /// The section `model`.
  var model: Form {
    .record(
      Record(keys: [
        Key("dim", .int(Self.dimensions), .required, "Embedding dimension of every feature that names none."),
        Key(
          "table_init", tableInitializer,
          .defaultsTo(
            ManifestNode(
              .mapping([.init(key: "normal", keyOrigin: .defaultValue, value: .number(0.01))]), origin: .defaultValue)),
          "Initial values of the tables."),
        Key(
          "split", .map(splits), .defaultsTo(.emptyMapping()),
          "Features whose columns are tables of their own, with the widths; towers list them as NAME#0, NAME#1, .."),
        Key(
          "towers", .map(towers), .defaultsTo(.emptyMapping()),
          "Towers by name; without towers the over-arch reads all features."),
        Key(
          "over_arch", overArch, .required, "The module that turns towers (or features) and dense input into a logit."),
        Key(
          "dtype", .choice([DType.float32.rawValue, DType.float64.rawValue]),
          .defaultsTo(.text(DType.float32.rawValue)),
          "Element type of the kernels; float64 is served by the reference backend alone."),
        Key(
          "pins", .map(NamedMap(noun: "pin", form: backend, hasPlainNames: false, isOpen: true)),
          .defaultsTo(.emptyMapping()), "Node name, or a prefix that ends in .*, to the backend that must serve it."),
      ]))
  }

  private var tableInitializer: Form {
    .either(
      scalar: .choice(["zeros", "ones"]),
      mapping: .record(
        Record(
          keys: [
            Key(
              "normal",
              .record(
                Record(
                  keys: [
                    Key("mean", .number(.any), .defaultsTo(.number(0)), "The mean."),
                    Key("deviation", .number(.notNegative), .required, "The standard deviation."),
                  ], shorthand: "deviation")), .absent, "Normally distributed; a number is the deviation."),
            Key(
              "uniform",
              .record(
                Record(keys: [
                  Key("low", .number(.any), .required, "The lowest value."),
                  Key("high", .number(.any), .required, "All values are below this."),
                ])), .absent, "Uniform on [low, high)."),
          ], choices: [Record.Choice(keys: ["normal", "uniform"], isRequired: true)])))
  }

  private var splits: NamedMap {
    NamedMap(
      noun: "feature", form: .list(.int(Self.dimensions), minimum: 2), hasPlainNames: true, isOpen: true)
  }

  private var towers: NamedMap {
    let features = Key(
      "features", .list(.text(.any), minimum: 1), .required,
      "The features of the tower, in the order in which its module sees them.")
    return NamedMap(
      noun: "tower", form: .variants(modules(for: .tower, common: [features])), hasPlainNames: true, isOpen: false,
      generator: .variants(modules(for: .tower, common: StridedTowers.keys)),
      fileGenerator: .variants(modules(for: .tower, common: TowersFile.keys)))
  }

  private var overArch: Form { .variants(modules(for: .overArch, common: [], allowsShorthand: true)) }

  private func modules(
    for role: ManifestCatalog.Module.Role, common: [Key], allowsShorthand: Bool = false
  ) -> Variants {
    let reserved = Set(common.map(\.name) + ["module"])
    return Variants(
      discriminator: "module", noun: "module", discriminatorSummary: "The module's registered name.",
      defaultVariant: nil, common: common,
      variants: catalog.modules(for: role).map { name, module in
        Variants.Variant(
          name: name, summary: module.summary,
          keys: module.schema.fields.filter { !reserved.contains($0.name) }.map { Key($0) })
      }, allowsShorthand: allowsShorthand)
  }
}
