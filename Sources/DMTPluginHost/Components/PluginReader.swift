internal import CDMTPlugin
internal import DMTBridge
public import DMTCore

/// A format of data files of a plugin.
public final class PluginReader: DataReader, @unchecked Sendable {
  public let name: String
  public let summary: String
  public let attributes: AttributeSchema
  public let contentRevision: Int
  /// The plugin that it belongs to.
  public let plugin: String

  private let table: dmt_reader
  private let owner: ComponentOwner

  /// Keys that the section `data` has whatever the format is.
  static let reservedKeys = [
    "format", "cache", "path", "valid_path", "test_path", "missing", "label", "split", "max_bad_rows",
  ]

  /// Reads the table and copies the schema.
  ///
  /// - Throws: ``DMTError/Code/pluginFailed`` for a table that breaks the contract.
  init(_ pointer: UnsafeRawPointer, component: PluginDescriptor.Component, plugin: String) throws(DMTError) {
    let owner = ComponentOwner(plugin: plugin, component: component.id, unavailable: .io)
    let table: dmt_reader = try owner.reading("load") { () throws(DMTError) in
      try SizedStruct.read(pointer.assumingMemoryBound(to: dmt_reader.self), "its table")
    }
    guard table.open != nil, table.select != nil, table.next != nil, table.close != nil else {
      throw owner.broken("its table lacks open, select, next or close", "load")
    }
    let name = component.id
    (summary, attributes) = try owner.reading("load") { () throws(DMTError) in
      let found = try String(copying: table.name, "its name")
      guard found == name else { throw DMTError(.invalidArgument, "its table is named '\(found)'") }
      try ComponentOwner.checkDotted(name, "a reader")
      let schema = try AttributeSchema(copying: table.attributes, owner: "reader \(name)")
      for key in Self.reservedKeys where schema[key] != nil {
        throw DMTError(.invalidArgument, "it has an attribute '\(key)', which is a key of every format")
      }
      guard table.content_revision >= 1 else {
        throw DMTError(.invalidArgument, "its content_revision is \(table.content_revision), expected at least 1")
      }
      return (try String(copying: table.summary, "its summary"), schema)
    }
    self.name = name
    self.plugin = plugin
    self.table = table
    self.owner = owner
    contentRevision = Int(table.content_revision)
  }

  public func open(_ request: ReaderRequest) throws(DMTError) -> any DataFile {
    let arena = ContractArena()
    var contractRequest = dmt_reader_request()
    contractRequest.struct_size = SizedStruct.size(of: dmt_reader_request.self)
    contractRequest.path = arena.text(request.path)
    contractRequest.attributes = arena.attributes(request.attributes)
    contractRequest.batch_rows = Int64(request.batchRows)
    contractRequest.threads = Int32(clamping: request.threads)
    var answer = dmt_reader_file()
    answer.struct_size = SizedStruct.size(of: dmt_reader_file.self)
    do throws(DMTError) {
      try owner.call("open") { table.open(table.ctx, &contractRequest, &answer) }
    } catch {
      throw error.at(answer.failure.place(in: request.path)).asData
    }
    // From here on the file is closed by whoever fails.
    let file = PluginDataFile(table, handle: answer.handle, owner: owner, request: request)
    try owner.reading("open") { () throws(DMTError) in try file.adopt(answer) }
    return file
  }
}

extension dmt_reader_place {
  /// The place in a file, as far as it is known.
  func place(in path: String) -> DMTError.Place {
    guard line >= 1 else { return DMTError.Place(file: path) }
    return DMTError.Place(file: path, line: Int(line), column: column >= 1 ? Int(column) : nil)
  }
}

extension DMTError {
  /// An argument that a reader refuses is its file.
  var asData: DMTError {
    var error = self
    if error.code == .invalidArgument { error.code = .invalidData }
    return error
  }
}

/// An open file of a plugin's reader; everything that it answers is checked before anyone reads it.
final class PluginDataFile: DataFile {
  private(set) var columns: [DataColumn] = []
  private(set) var rowCount: Int?

  private let table: dmt_reader
  private let handle: UnsafeMutableRawPointer?
  private let owner: ComponentOwner
  private let request: ReaderRequest
  private var selected: [DataColumn] = []
  private var isSelected = false
  private var hasEnded = false
  /// Rows of the last batch.
  private var lastCount = 0
  /// The row that the next batch begins with.
  private var nextRow = 0
  /// Rows that are still to be dropped for a reader that cannot seek.
  private var rowsToSkip = 0

  init(_ table: dmt_reader, handle: UnsafeMutableRawPointer?, owner: ComponentOwner, request: ReaderRequest) {
    self.table = table
    self.handle = handle
    self.owner = owner
    self.request = request
  }

  deinit { CrashReport.noting(owner.site, "close") { table.close(handle) } }

  fileprivate func adopt(_ answer: dmt_reader_file) throws(DMTError) {
    columns = try DataColumn.copying(answer.columns, count: answer.column_count)
    guard answer.row_count >= -1 else {
      throw DMTError(.invalidArgument, "it has \(answer.row_count) rows, expected -1 or more")
    }
    rowCount = answer.row_count < 0 ? nil : Int(answer.row_count)
  }

  func select(_ wanted: [Int]) throws(DMTError) {
    guard !isSelected else { throw DMTError(.internalError, "the columns of \(request.path) are selected twice") }
    guard Set(wanted).count == wanted.count, wanted.allSatisfy(columns.indices.contains) else {
      throw DMTError(.internalError, "columns \(wanted) of \(request.path), which has \(columns.count)")
    }
    isSelected = true
    selected = wanted.map { columns[$0] }
    let indices = wanted.map { Int32(clamping: $0) }
    try owner.call("select") { table.select(handle, indices, Int32(clamping: indices.count)) }
  }

  func next(_ batch: inout dmt_reader_batch) throws(DMTError) {
    repeat {
      try readBatch(&batch)
      guard rowsToSkip > 0, batch.row_count > 0 else { return }
      // A batch that begins before the wanted row cannot be cut: its rows are dropped down to one.
      if rowsToSkip < Int(batch.row_count) {
        try trim(&batch, dropping: rowsToSkip)
        rowsToSkip = 0
        return
      }
      rowsToSkip -= Int(batch.row_count)
    } while true
  }

  private func readBatch(_ batch: inout dmt_reader_batch) throws(DMTError) {
    batch = dmt_reader_batch()
    batch.struct_size = SizedStruct.size(of: dmt_reader_batch.self)
    droppedRows = 0
    lastCount = 0
    guard !hasEnded else { return }
    do throws(DMTError) {
      try owner.call("next") { table.next(handle, &batch) }
    } catch {
      hasEnded = true
      let place = batch.failure.place(in: request.path)
      var error = error.at(place).asData
      if place.line == nil { error.message += " (behind row \(nextRow))" }
      throw error
    }
    do throws(DMTError) {
      try batch.check(selected, limit: request.batchRows)
      if let rowCount, nextRow + Int(batch.row_count) > rowCount || batch.row_count == 0 && nextRow < rowCount {
        throw DMTError(
          .invalidArgument,
          "it said that \(request.path) has \(rowCount) rows and gives \(nextRow + Int(batch.row_count))")
      }
    } catch {
      hasEnded = true
      throw owner.broken(error.message, "next").at(DMTError.Place(file: request.path))
    }
    if batch.row_count == 0 { hasEnded = true }
    lastCount = Int(batch.row_count)
    nextRow += lastCount
  }

  // MARK: Rows dropped for a reader that cannot seek

  private var droppedRows = 0
  private let trimmed = TrimmedBatch()

  private func trim(_ batch: inout dmt_reader_batch, dropping count: Int) throws(DMTError) {
    droppedRows = count
    trimmed.fill(&batch, dropping: count, columns: selected)
    lastCount = Int(batch.row_count)
  }

  func seek(toRow row: Int) throws(DMTError) {
    guard row >= 0 else { throw DMTError(.invalidArgument, "row \(row) of \(request.path), expected 0 or more") }
    lastCount = 0
    if let seek = table.seek {
      try owner.call("seek") { seek(handle, Int64(row)) }
      hasEnded = rowCount.map { row >= $0 } ?? false
      nextRow = row
      return
    }
    guard row >= nextRow else {
      throw DMTError(
        .unsupported, "reader \(owner.component ?? "") cannot go back from row \(nextRow) to row \(row)",
        place: owner.place("seek").completed(by: DMTError.Place(file: request.path)), remedy: "open the file again")
    }
    rowsToSkip = row - nextRow
  }

  func place(row: Int, column: Int?) -> DMTError.Place {
    var found = dmt_reader_place()
    let index = row + droppedRows
    guard (0..<lastCount).contains(row), let locate = table.locate,
      CrashReport.noting(
        owner.site, "locate", { locate(handle, Int64(index), Int32(clamping: column ?? -1), &found) }) == DMT_OK
    else { return DMTError.Place(file: request.path) }
    return found.place(in: request.path)
  }
}
