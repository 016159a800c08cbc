public import DMTCore

/// A format of data files, read row by row without pointers.
public protocol RowReader: Sendable {
  /// The `format` of a manifest's section `data`; it has a dot.
  var name: String { get }
  /// One sentence.
  var summary: String { get }
  /// Keys of the section `data` that go with the format.
  var attributes: AttributeSchema { get }
  /// Grows whenever the same file gives other rows than before; 1 unless stated.
  var contentRevision: Int { get }

  /// Opens a file.
  ///
  /// - Throws: ``DMTError`` with the line in its place, where there is one.
  func open(_ path: String, attributes: Attributes) throws(DMTError) -> any RowFile
}

extension RowReader {
  public var attributes: AttributeSchema { [] }
  public var contentRevision: Int { 1 }
}

/// An open file that gives its rows one after the other. Used by one thread at a time.
public protocol RowFile: AnyObject {
  var columns: [DataColumn] { get }

  /// The next row; nil at the end.
  ///
  /// - Throws: ``DMTError`` with the line in its place: the file cannot be read on. A row that cannot be used is no error of
  ///   the file: see ``DataRow/bad(_:line:column:)``.
  func next() throws(DMTError) -> DataRow?
}

/// A row of a file.
public enum DataRow: Sendable {
  /// One value for each column, and the line of the file, from 1, where it has lines.
  case values([DataValue], line: Int?)
  /// A row that cannot be used: what was found and what was expected, and where. The host leaves it out, as far as the
  /// manifest allows.
  case bad(String, line: Int?, column: Int?)
}

/// A value of a row.
public enum DataValue: Sendable, Hashable {
  case missing
  case text(String)
  case int(Int)
  case double(Double)
  /// The values of a bag column.
  case bag([DataValue])
}
