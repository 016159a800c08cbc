internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// A ``DataReader`` behind a `dmt_reader` table.
final class ReaderTable: Sendable {
  private let reader: any DataReader

  private init(_ reader: any DataReader) { self.reader = reader }

  /// The table, for as long as the process lives.
  ///
  /// - Parameter seeks: files can go to a row.
  static func make(_ reader: any DataReader, seeks: Bool) -> UnsafeRawPointer {
    let texts = ContractArena()
    let table = UnsafeMutablePointer<dmt_reader>.allocate(capacity: 1)
    table.initialize(
      to: dmt_reader(
        struct_size: SizedStruct.size(of: dmt_reader.self), revision: 1,
        ctx: Unmanaged.passRetained(ReaderTable(reader)).toOpaque(), name: texts.text(reader.name),
        summary: texts.text(reader.summary), attributes: texts.schema(reader.attributes),
        content_revision: Int32(clamping: reader.contentRevision), reserved: 0,
        open: { context, request, file in
          guarded { () throws(DMTError) in try ReaderTable.at(context).open(request, file) }
        },
        select: { handle, columns, count in
          guarded { () throws(DMTError) in try FileHandle.at(handle).select(columns, count) }
        },
        next: { handle, batch in
          guarded { () throws(DMTError) in try FileHandle.at(handle).next(batch) }
        }, seek: nil,
        locate: { handle, row, column, place in
          guarded { () throws(DMTError) in try FileHandle.at(handle).locate(row, column, place) }
        },
        close: { handle in
          if let handle { Unmanaged<FileHandle>.fromOpaque(handle).release() }
        }))
    if seeks {
      table.pointee.seek = { handle, row in
        guarded { () throws(DMTError) in try FileHandle.at(handle).file.seek(toRow: Int(row)) }
      }
    }
    _ = Unmanaged.passRetained(texts)
    return UnsafeRawPointer(table)
  }

  private static func at(_ context: UnsafeMutableRawPointer?) throws(DMTError) -> ReaderTable {
    guard let context else { throw missing("the reader's ctx") }
    return Unmanaged<ReaderTable>.fromOpaque(context).takeUnretainedValue()
  }

  private func open(
    _ pointer: UnsafePointer<dmt_reader_request>?, _ answer: UnsafeMutablePointer<dmt_reader_file>?
  ) throws(DMTError) {
    let given = try SizedStruct.read(pointer, "the reader's request")
    guard given.batch_rows >= 1 else {
      throw DMTError(.invalidArgument, "batches of \(given.batch_rows) rows, expected at least 1")
    }
    let request = ReaderRequest(
      path: try String(copying: given.path, "the path"), attributes: try Attributes(copying: given.attributes),
      batchRows: Int(given.batch_rows), threads: Int(max(1, given.threads)))
    var result = try SizedStruct.read(answer.map { UnsafePointer($0) }, "the place for the file")
    let file: any DataFile
    do throws(DMTError) {
      file = try reader.open(request)
    } catch {
      result.failure = dmt_reader_place(error.place)
      try SizedStruct.write(result, to: answer, "the place for the file")
      throw error
    }
    let handle = FileHandle(file)
    result.column_count = Int32(clamping: file.columns.count)
    result.columns = handle.columns
    result.row_count = Int64(file.rowCount ?? -1)
    result.handle = Unmanaged.passRetained(handle).toOpaque()
    // Cannot fail: the same struct was read above.
    try SizedStruct.write(result, to: answer, "the place for the file")
  }
}

extension dmt_reader_place {
  /// Line and column as the contract writes them.
  fileprivate init(_ place: DMTError.Place) {
    self.init(line: Int64(place.line ?? 0), column: Int64(place.column ?? 0))
  }
}

/// An open file behind a handle.
private final class FileHandle {
  let file: any DataFile
  let columns: UnsafePointer<dmt_reader_column>?
  private let arena: ContractArena

  init(_ file: any DataFile) {
    self.file = file
    let arena = ContractArena()
    self.arena = arena
    columns = arena.array(file.columns.map { $0.contractColumn(in: arena) })
  }

  static func at(_ handle: UnsafeMutableRawPointer?) throws(DMTError) -> FileHandle {
    guard let handle else { throw missing("the file's handle") }
    return Unmanaged<FileHandle>.fromOpaque(handle).takeUnretainedValue()
  }

  func select(_ columns: UnsafePointer<Int32>?, _ count: Int32) throws(DMTError) {
    guard count >= 0, columns != nil || count == 0 else { throw missing("the list of columns") }
    try file.select(UnsafeBufferPointer(start: columns, count: Int(count)).map { Int($0) })
  }

  func next(_ answer: UnsafeMutablePointer<dmt_reader_batch>?) throws(DMTError) {
    var batch = try SizedStruct.read(answer.map { UnsafePointer($0) }, "the place for the batch")
    do throws(DMTError) {
      try file.next(&batch)
    } catch {
      batch.failure = dmt_reader_place(error.place)
      try SizedStruct.write(batch, to: answer, "the place for the batch")
      throw error
    }
    try SizedStruct.write(batch, to: answer, "the place for the batch")
  }

  func locate(_ row: Int64, _ column: Int32, _ answer: UnsafeMutablePointer<dmt_reader_place>?) throws(DMTError) {
    guard let answer else { throw missing("the place") }
    answer.pointee = dmt_reader_place(file.place(row: Int(row), column: column < 0 ? nil : Int(column)))
  }
}
