public import DMTCore

/// The model: tables, towers, over-arch.
public struct ModelSection: Sendable, Equatable {
  /// Embedding dimension of every feature that names none.
  public var dim: Int
  /// Initial values of the tables.
  public var tableInitializer: Initializer
  /// Features whose columns are tables of their own: the widths, in the order of the columns. Part i is named `NAME#i`.
  public var columnSplits: [String: [Int]]
  /// The towers; empty: a flat model, in which the over-arch reads all features.
  public var towers: [TowerSpec]
  public var overArch: ModuleSpec
  /// Kernels in this element type; `float64` is served by the reference backend alone.
  public var dtype: DType
  /// Node name (or a prefix that ends in `.*`) -> backend that must serve it.
  public var pins: [String: String]
  public var place: DMTError.Place

  public init(
    dim: Int, tableInitializer: Initializer = .normal(mean: 0, deviation: 0.01),
    columnSplits: [String: [Int]] = [:], towers: [TowerSpec] = [],
    overArch: ModuleSpec, dtype: DType = .float32, pins: [String: String] = [:], place: DMTError.Place = .init()
  ) {
    self.dim = dim
    self.tableInitializer = tableInitializer
    self.columnSplits = columnSplits
    self.towers = towers
    self.overArch = overArch
    self.dtype = dtype
    self.pins = pins
    self.place = place
  }
}

/// A module by name with its attributes.
public struct ModuleSpec: Sendable, Equatable {
  /// The registered name, such as `tower.dcn` or `dlrm`.
  public var module: String
  public var attributes: Attributes
  public var place: DMTError.Place

  public init(module: String, attributes: Attributes = Attributes(), place: DMTError.Place = .init()) {
    self.module = module
    self.attributes = attributes
    self.place = place
  }
}

/// One tower: the features it reads and its tower module.
public struct TowerSpec: Sendable, Equatable {
  public var name: String
  /// Names of the features, in the order in which the tower sees them.
  public var features: [String]
  public var module: ModuleSpec
  public var place: DMTError.Place

  public init(name: String, features: [String], module: ModuleSpec, place: DMTError.Place = .init()) {
    self.name = name
    self.features = features
    self.module = module
    self.place = place
  }
}
