public import DMTCore

/// A categorical feature: how a column becomes a bag of row numbers of a table.
public struct FeatureSpec: Sendable, Equatable {
  /// One band of a numeric column cut into categories: values from `from` on, cut at the multiples of `width`.
  public struct Band: Sendable, Equatable {
    public var from: Double
    public var width: Double
    public init(from: Double, width: Double) {
      self.from = from
      self.width = width
    }
  }

  /// How the text of a field becomes a category.
  public enum Transform: Sendable, Equatable {
    /// The text as it is.
    case text
    /// A number cut into bands (highest `from` first); below all bands is one category of its own.
    case bands([Band])
    /// A number cut at quantiles of the training rows into at most this many bins; with `zeroApart`, non-zero values
    /// are binned on their own and zero is a bin.
    case quantiles(Int, zeroApart: Bool)
  }

  /// How a category becomes a row number.
  public enum Encoding: Sendable, Equatable {
    /// Categories seen at least `minimumCount` times in training get rows 1..., all others share row 0.
    case vocabulary(minimumCount: Int)
    /// A stable 64-bit hash modulo `rows`.
    case hash(rows: Int)
    /// The text is the row number itself; `rows` bounds it.
    case index(rows: Int)
  }

  /// What a bag's rows become.
  public enum Pooling: String, Sendable, CaseIterable {
    case sum
    case mean
  }

  public var name: String
  public var column: String
  public var transform: Transform
  public var encoding: Encoding
  /// Splits the field into several categories.
  public var separator: String?
  public var pooling: Pooling
  /// Embedding dimension; nil: the model's.
  public var dim: Int?
  /// Features that name the same table share its rows (and its vocabulary); nil: a table of its own, named like the feature.
  public var table: String?
  public var place: DMTError.Place

  public init(
    name: String, column: String, transform: Transform = .text, encoding: Encoding = .vocabulary(minimumCount: 1),
    separator: String? = nil, pooling: Pooling = .sum, dim: Int? = nil, table: String? = nil,
    place: DMTError.Place = .init()
  ) {
    self.name = name
    self.column = column
    self.transform = transform
    self.encoding = encoding
    self.separator = separator
    self.pooling = pooling
    self.dim = dim
    self.table = table
    self.place = place
  }
}

/// A numeric feature: a column of the dense input.
public struct DenseSpec: Sendable, Equatable {
  /// What is done to the number, in this order: log1p (of max(x, 0)), then standardise (mean 0, deviation 1 over train).
  public struct Transform: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public static let log1p = Transform(rawValue: 1)
    public static let standardise = Transform(rawValue: 2)
  }

  public var name: String
  public var column: String
  public var transform: Transform
  /// The value of a missing field, before the transform.
  public var missing: Double
  public var place: DMTError.Place

  public init(
    name: String, column: String, transform: Transform = [], missing: Double = 0, place: DMTError.Place = .init()
  ) {
    self.name = name
    self.column = column
    self.transform = transform
    self.missing = missing
    self.place = place
  }
}
