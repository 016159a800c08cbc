import DMTCore

extension ManifestGrammar {
  /// The section `data`: its keys depend on the format.
  var data: Form {
    .variants(
      Variants(
        discriminator: "format", noun: "format", discriminatorSummary: "The layout of the files.",
        defaultVariant: nil,
        common: [
          Key(
            "cache", .nullable(.text(.path)), .defaultsTo(.null()),
            "Folder of the columnar cache; null: .dmt beside the manifest.")
        ],
        variants: [
          format(.csv, "Comma-separated, quoted as in RFC 4180.", paths + csvKeys + [label] + rowKeys),
          format(.libsvm, "A line is: label index:value ..", paths + [label] + rowKeys),
          format(.libfm, "A line is: label field:index:value ..", paths + [label] + rowKeys),
          format(.criteo, "Tab-separated: label, 13 integers, 26 categories.", paths + [label] + rowKeys),
          format(.synthetic, "Made by the seeded generator, split by rows.", syntheticKeys),
        ] + readers,
        allowsShorthand: false))
  }

  private func format(_ format: DataSection.Format, _ summary: String, _ keys: [Key]) -> Variants.Variant {
    Variants.Variant(name: format.rawValue, summary: summary, keys: keys)
  }

  /// The formats of plugins, by name.
  private var readers: [Variants.Variant] {
    catalog.readers.values.sorted { $0.name < $1.name }.map { reader in
      Variants.Variant(
        name: reader.name, summary: reader.summary,
        keys: files + [missing, label] + rowKeys + reader.attributes.fields.map { Key($0) })
    }
  }

  private var paths: [Key] {
    files + [
      Key("skip_lines", .int(Self.notNegative), .defaultsTo(.int(0)), "Lines to skip at the start of each file."),
      Key(
        "test_skip_lines", .int(Self.notNegative), .defaultsTo(.int(0)),
        "Further lines to skip at the start of the test file."),
    ]
  }

  private var missing: Key {
    Key(
      "missing", .list(.verbatim, minimum: 0, allowsSingle: true), .defaultsTo(.list([])),
      "Texts that count as a missing value, beside the empty text.")
  }

  private var files: [Key] {
    [
      Key("path", .text(.path), .required, "The main file, or the training file; relative to the manifest."),
      Key("valid_path", .nullable(.text(.path)), .defaultsTo(.null()), "The validation file, with split: files."),
      Key(
        "test_path", .nullable(.text(.path)), .defaultsTo(.null()),
        "The test file; the main file has no test rows then."),
    ]
  }

  private var csvKeys: [Key] {
    [
      Key(
        "columns", .nullable(.list(.text(.any), minimum: 1)), .defaultsTo(.null()),
        "Column names of a file that has no header line."),
      Key("delimiter", .text(TextRule(allowsEmpty: true)), .defaultsTo(.text(",")), "The one byte between fields."),
      missing,
      Key("trim", .bool, .defaultsTo(.bool(false)), "Blanks around a field are cut off."),
      Key("join", .list(join), .defaultsTo(.list([])), "Side tables whose columns are joined to each row by a key."),
    ]
  }

  private var join: Form {
    .record(
      Record(keys: [
        Key("path", .text(.path), .required, "The file of the side table; relative to the manifest."),
        Key("key", .text(.any), .required, "The column of the main file that holds the key."),
        Key("on", .text(.any), .required, "The column of the side table that holds the key."),
      ]))
  }

  private var label: Key {
    Key(
      "label",
      .record(
        Record(
          keys: [
            Key("column", .text(.any), .defaultsTo(.text("label")), "The column of the label."),
            Key("at_least", .number(.any), .absent, "The label is 1 when the number is at least this."),
            Key(
              "one_of", .list(.verbatim, minimum: 1, allowsSingle: true), .absent,
              "The label is 1 when the text is one of these."),
          ], shorthand: "column", choices: [Record.Choice(keys: ["at_least", "one_of"])])),
      .defaultsTo(.emptyMapping()),
      "The column of the label and how it becomes 0 or 1; without a rule the column must hold 0 or 1.")
  }

  private var rowKeys: [Key] {
    let texts = Form.list(.verbatim, minimum: 1, allowsSingle: true)
    return [
      Key(
        "split",
        .either(
          scalar: .text(TextRule(choices: ["rows", "files"], noun: "split")),
          mapping: .record(
            Record(keys: [
              Key("column", .text(.any), .required, "The column that says which part a row belongs to."),
              Key("train", texts, .required, "Its texts for training rows."),
              Key("valid", texts, .required, "Its texts for validation rows."),
              Key("test", texts, .required, "Its texts for test rows."),
            ]))),
        .defaultsTo(.text("rows")), "How rows are divided into train, valid and test: rows, files, or by a column."),
      Key(
        "max_bad_rows", .int(Self.notNegative), .defaultsTo(.int(0)),
        "Bad rows up to this many are counted and left out; one more is an error."),
    ]
  }

  private var syntheticKeys: [Key] {
    let spec = SyntheticSpec()
    return [
      Key(
        "samples", .int(1...Int(UInt32.max) - 1), .defaultsTo(.int(spec.samples)),
        "Samples in all, before the split by rows."),
      Key("features", .int(0...10_000), .defaultsTo(.int(spec.features)), "Categorical columns f0, f1, .."),
      Key(
        "rows", .int(1...Int(Int32.max) - 1), .defaultsTo(.int(spec.rows)),
        "Different indices of each categorical column."),
      Key(
        "zipf", .number(NumberBounds(minimum: 0, maximum: 10)), .defaultsTo(.number(spec.zipf)),
        "Exponent of the Zipf law of the indices."),
      Key(
        "pooling", .int(1...10_000), .defaultsTo(.int(spec.pooling)), "Every bag holds 1 to this many indices."),
      Key("dense", .int(0...10_000), .defaultsTo(.int(spec.dense)), "Numeric columns d0, d1, .."),
      Key(
        "groups", .int(1...10_000), .defaultsTo(.int(spec.groups)),
        "Planted groups: features of one group interact in the label, features of two groups do not."),
      Key(
        "noise", .number(.notNegative), .defaultsTo(.number(spec.noise)), "Deviation of the noise added to the logit."),
      Key("seed", .int(Self.notNegative), .defaultsTo(.int(Int(spec.seed))), "Seed of the generator."),
    ]
  }
}
