import DMTCore

extension ManifestGrammar {
  /// A categorical feature; a text stands for its column.
  var feature: Form {
    let rows = Form.int(1...Int(Int32.max))
    return .record(
      Record(
        keys: [
          Key("column", .text(.any), .required, "The column that the feature reads."),
          Key("bands", .list(band, minimum: 1), .absent, "Cuts a number into bands of fixed widths."),
          Key("quantiles", quantiles, .absent, "Cuts a number at quantiles of the training rows."),
          Key(
            "min_count", .int(Self.positive), .defaultsTo(.int(1)),
            "A vocabulary of the categories seen at least this often in training; all others share row 0."),
          Key("hash", rows, .absent, "A stable hash modulo this many rows, in place of a vocabulary."),
          Key("index", rows, .absent, "The text is the row number itself, below this many rows."),
          Key("separator", .text(.any), .absent, "Splits the field into several categories."),
          Key(
            "pooling", .choice(FeatureSpec.Pooling.allCases.map(\.rawValue)),
            .defaultsTo(.text(FeatureSpec.Pooling.sum.rawValue)), "What a bag's rows become."),
          Key("dim", .int(Self.dimensions), .absent, "Embedding dimension; the model's when absent."),
          Key("table", .text(.name), .absent, "Features that name the same table share its rows; its own when absent."),
        ], shorthand: "column",
        choices: [
          Record.Choice(keys: ["bands", "quantiles"]),
          Record.Choice(keys: ["min_count", "hash", "index"], fallback: "min_count"),
        ]))
  }

  /// A numeric feature; a text stands for its column.
  var denseFeature: Form {
    .record(
      Record(
        keys: [
          Key("column", .text(.any), .required, "The column that the feature reads."),
          Key(
            "transform", .list(.choice(["log1p", "standardise"]), minimum: 0, allowsSingle: true),
            .defaultsTo(.list([])), "log1p (of max(x, 0)), then standardise (mean 0, deviation 1 over train)."),
          Key(
            "missing", .number(.any), .defaultsTo(.number(0)), "The value of a missing field, before the transform."),
        ], shorthand: "column"))
  }

  /// Embedding dimensions.
  static let dimensions = 1...65_536

  private var band: Form {
    .record(
      Record(keys: [
        Key("from", .number(.any), .required, "The band's lowest number; the next higher band ends it."),
        Key("width", .number(.positive), .required, "Numbers of one step of this width are one category."),
      ]))
  }

  private var quantiles: Form {
    .record(
      Record(
        keys: [
          Key("bins", .int(2...1_000_000), .required, "At most this many bins."),
          Key("zero_apart", .bool, .defaultsTo(.bool(false)), "Zero is a bin; other values are binned on their own."),
        ], shorthand: "bins"))
  }
}
