public import CDMTPlugin

/// A format of data files with a name of its own (`dmt.reader/1`).
public protocol DataReader: Sendable {
  /// The `format` of a manifest's section `data`; it has a dot, as names of this project have not.
  var name: String { get }
  /// One sentence.
  var summary: String { get }
  /// Keys of the section `data` that go with the format.
  var attributes: AttributeSchema { get }
  /// Grows whenever the same file gives other rows than before: what was cached of it is then read anew.
  var contentRevision: Int { get }

  /// Opens a file.
  ///
  /// - Throws: ``DMTError/Code/notFound`` or ``DMTError/Code/io`` for a file that cannot be read,
  ///   ``DMTError/Code/invalidData`` or ``DMTError/Code/invalidArgument`` for one of another format.
  func open(_ request: ReaderRequest) throws(DMTError) -> any DataFile
}

/// What a reader is asked to open.
public struct ReaderRequest: Sendable, Hashable {
  public var path: String
  /// Validated against the reader's schema.
  public var attributes: Attributes
  /// The most rows of a batch.
  public var batchRows: Int
  /// Threads that the file may use.
  public var threads: Int

  public init(path: String, attributes: Attributes = Attributes(), batchRows: Int = 4096, threads: Int = 1) {
    self.path = path
    self.attributes = attributes
    self.batchRows = batchRows
    self.threads = threads
  }
}

/// A column of a data file.
public struct DataColumn: Sendable, Hashable {
  /// What a column holds.
  public enum Kind: Int32, Sendable, Hashable {
    case text = 0
    case int = 1
    case double = 2
  }

  public var name: String
  public var kind: Kind
  /// Rows hold any number of values.
  public var isBag: Bool

  public init(_ name: String, _ kind: Kind, isBag: Bool = false) {
    self.name = name
    self.kind = kind
    self.isBag = isBag
  }
}

/// An open data file: rows in batches, from the first to the last. Used by one thread at a time.
public protocol DataFile: AnyObject {
  var columns: [DataColumn] { get }
  /// Rows; nil: known at the end only.
  var rowCount: Int? { get }

  /// Chooses the columns that batches hold, by index; called once, before the first ``next(_:)``.
  func select(_ columns: [Int]) throws(DMTError)
  /// The next rows. The meaning of every field of a batch stands in `dmt/reader.h`; what it points to is borrowed until the
  /// next call.
  func next(_ batch: inout dmt_reader_batch) throws(DMTError)
  /// Lets the next batch begin with a row of the file, from 0; past the end it is empty.
  func seek(toRow row: Int) throws(DMTError)
  /// Where a value of the last batch stands; the file alone where no more is known.
  ///
  /// - Parameter column: among the selected ones; nil: the row.
  func place(row: Int, column: Int?) -> DMTError.Place
}
