public import DMTCore

/// Where the samples come from and how they are split.
public struct DataSection: Sendable, Equatable {
  /// The layout of the files.
  public enum Format: String, Sendable {
    /// Comma-separated, quoted as in RFC 4180, with a header line or with `columns`.
    case csv
    /// `label index:value ..` a line.
    case libsvm
    /// `label field:index:value ..` a line (libffm), or libsvm's form.
    case libfm
    /// Tab-separated: label, 13 integers, 26 categories of 8 hex digits, any of them empty.
    case criteo
    /// Made by the seeded generator; see ``SyntheticSpec``.
    case synthetic
    /// What ``DataSection/reader`` reads; its name stands in the manifest.
    case reader
  }

  /// A format that a component brings, with its settings.
  public struct Reader: Sendable, Equatable {
    public var reader: any DataReader
    public var attributes: Attributes

    public init(_ reader: any DataReader, attributes: Attributes = Attributes()) {
      self.reader = reader
      self.attributes = attributes
    }

    public static func == (left: Reader, right: Reader) -> Bool {
      left.reader.name == right.reader.name && left.reader.contentRevision == right.reader.contentRevision
        && left.attributes == right.attributes
    }
  }

  /// A table of further columns, joined to each row by a key.
  public struct Join: Sendable, Equatable {
    public var path: String
    /// The column of the main file that holds the key.
    public var key: String
    /// The column of the side table that holds the key.
    public var on: String
    public var place: DMTError.Place
    public init(path: String, key: String, on: String, place: DMTError.Place = .init()) {
      self.path = path
      self.key = key
      self.on = on
      self.place = place
    }
  }

  /// How a value of the label column becomes 0 or 1.
  public enum LabelRule: Sendable, Equatable {
    /// The column holds 0 or 1; anything else is an error.
    case binary
    /// 1 when the number is at least this.
    case atLeast(Double)
    /// 1 when the text is one of these, 0 otherwise.
    case oneOf([String])
  }

  /// How rows are divided into train, valid and test.
  public enum Split: Sendable, Equatable {
    /// Row i (from 0, in file order): h = ((i * 2654435761) mod 2^32) >> 16, h mod 10: 0-7 train, 8 valid, 9 test.
    /// Where ``DataSection/testPath`` is given, only 8 is taken out for valid, the rest is train.
    case rows
    /// By the text of a column.
    case column(String, train: [String], valid: [String], test: [String])
    /// All of `path` is train; `validPath` and `testPath` are what they say.
    case files
  }

  public var format: Format
  /// The main file, or the training file; relative to the manifest. Empty for synthetic data.
  public var path: String
  public var validPath: String?
  public var testPath: String?
  /// Column names when the file has no header line.
  public var columns: [String]?
  /// The byte between fields of a CSV file.
  public var delimiter: String
  /// Lines to skip at the start of the main, valid and test file (after the header, if there is one).
  public var skipLines: Int
  /// Further lines to skip in the test file.
  public var testSkipLines: Int
  /// Texts that count as a missing value, beside the empty text.
  public var missing: [String]
  /// Blanks around a field are cut off.
  public var trim: Bool
  public var joins: [Join]
  public var labelColumn: String
  public var labelRule: LabelRule
  public var split: Split
  /// Bad rows (short, bad number, bad label) up to this many are counted and left out; one more is an error.
  public var maxBadRows: Int
  /// Folder of the columnar cache; nil: `.dmt` beside the manifest.
  public var cachePath: String?
  public var synthetic: SyntheticSpec?
  /// What reads the files of format ``Format/reader``.
  public var reader: Reader?
  public var place: DMTError.Place

  public init(
    format: Format, path: String = "", validPath: String? = nil, testPath: String? = nil, columns: [String]? = nil,
    delimiter: String = ",", skipLines: Int = 0, testSkipLines: Int = 0, missing: [String] = [], trim: Bool = false,
    joins: [Join] = [], labelColumn: String = "label", labelRule: LabelRule = .binary, split: Split = .rows,
    maxBadRows: Int = 0, cachePath: String? = nil, synthetic: SyntheticSpec? = nil, reader: Reader? = nil,
    place: DMTError.Place = .init()
  ) {
    self.format = format
    self.path = path
    self.validPath = validPath
    self.testPath = testPath
    self.columns = columns
    self.delimiter = delimiter
    self.skipLines = skipLines
    self.testSkipLines = testSkipLines
    self.missing = missing
    self.trim = trim
    self.joins = joins
    self.labelColumn = labelColumn
    self.labelRule = labelRule
    self.split = split
    self.maxBadRows = maxBadRows
    self.cachePath = cachePath
    self.synthetic = synthetic
    self.reader = reader
    self.place = place
  }
}

/// Settings of the seeded generator: Zipf-distributed indices, multi-hot bags, planted groups of features that interact.
public struct SyntheticSpec: Sendable, Equatable {
  /// Samples in all, before the split by rows.
  public var samples: Int
  /// Categorical features, named f0, f1, ..; one table each.
  public var features: Int
  /// Rows a table.
  public var rows: Int
  /// Exponent of the Zipf law of the indices.
  public var zipf: Double
  /// Indices a bag: every bag holds 1...pooling of them.
  public var pooling: Int
  /// Numeric features, named d0, d1, ..
  public var dense: Int
  /// Planted groups: features of one group interact in the label, features of two groups do not.
  public var groups: Int
  /// Standard deviation of the noise added to the logit.
  public var noise: Double
  public var seed: UInt64

  public init(
    samples: Int = 100_000, features: Int = 26, rows: Int = 1000, zipf: Double = 1.05, pooling: Int = 1,
    dense: Int = 13, groups: Int = 4, noise: Double = 0.5, seed: UInt64 = 1
  ) {
    self.samples = samples
    self.features = features
    self.rows = rows
    self.zipf = zipf
    self.pooling = pooling
    self.dense = dense
    self.groups = groups
    self.noise = noise
    self.seed = seed
  }
}
