import DMTPluginKit
import Glibc

/// The reader `@COMPONENT@`: lines of fields that blanks separate; the first line has the columns' names.
///
/// A field is a text, `-` a missing one. Empty lines are passed over. A line with another number of fields is a bad row.
struct @EXAMPLE@: RowReader {
  let name = "@COMPONENT@"
  let summary = "Lines of fields that blanks separate, the columns' names in the first."

  func open(_ path: String, attributes: Attributes) throws(DMTError) -> any RowFile { try FieldsFile(path) }
}

/// An open file, read line by line.
final class FieldsFile: RowFile {
  let columns: [DataColumn]
  private let lines: Lines

  init(_ path: String) throws(DMTError) {
    lines = try Lines(path)
    columns = (try lines.nextFields() ?? []).map { DataColumn(String($0), .text) }
    guard !columns.isEmpty else {
      throw DMTError(
        .invalidData, "the file has no line that names its columns", place: .init(file: path, line: 1),
        remedy: "begin it with the columns' names")
    }
  }

  func next() throws(DMTError) -> DataRow? {
    guard let fields = try lines.nextFields() else { return nil }
    guard fields.count == columns.count else {
      return .bad("\(fields.count) fields, expected \(columns.count)", line: lines.number, column: 1)
    }
    return .values(fields.map { $0 == "-" ? .missing : .text(String($0)) }, line: lines.number)
  }
}

/// The lines of a file that are not empty.
private final class Lines {
  private let stream: UnsafeMutablePointer<FILE>
  private var buffer: UnsafeMutablePointer<CChar>?
  private var capacity = 0
  /// The number of the last line, from 1.
  private(set) var number = 0

  init(_ path: String) throws(DMTError) {
    guard let stream = fopen(path, "r") else {
      let code: DMTError.Code = errno == ENOENT ? .notFound : .io
      throw DMTError(code, "the file cannot be opened: \(String(cString: strerror(errno)))", place: .init(file: path))
    }
    self.stream = stream
  }

  deinit {
    free(buffer)
    fclose(stream)
  }

  /// The fields of the next line that has some; nil at the end.
  func nextFields() throws(DMTError) -> [Substring]? {
    while true {
      let size = getline(&buffer, &capacity, stream)
      guard size >= 0, let buffer else {
        guard ferror(stream) == 0 else { throw DMTError(.io, "the file cannot be read on behind line \(number)") }
        return nil
      }
      number += 1
      let text = String(decoding: UnsafeRawBufferPointer(start: buffer, count: size), as: UTF8.self)
      let fields = text.split(whereSeparator: \.isWhitespace)
      if !fields.isEmpty { return fields }
    }
  }
}
