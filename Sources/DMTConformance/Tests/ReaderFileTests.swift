internal import CDMTPlugin
internal import DMTCore
internal import DMTPluginHost
internal import Dispatch
internal import Synchronization

/// What a reader does with a file of its format, which is given with `--file`.
enum ReaderFileTests {
  private static let scope = ConformanceTest.Scope.components(["reader"])

  static let all = [
    ConformanceTest(
      "reader.rows", "A file has the same rows every time, at any batch size, and as many as it says.", scope, rows),
    ConformanceTest("reader.seek", "After a seek come the rows that come there without one.", scope, seek),
    ConformanceTest("reader.columns", "Any columns, in any order, hold what they hold among all.", scope, columns),
    ConformanceTest("reader.places", "Places of rows rise, and those of values are in their rows.", scope, places),
    ConformanceTest("reader.cancel", "When it is to stop it stops or reads on, and closes.", scope, cancel),
    ConformanceTest("reader.close", "A file may be closed at any time.", scope) { context in
      let (subject, rows) = try ReaderSubject.withFile(context, SubjectPlugin(context))
      context.phase("closing a file that was only opened")
      _ = try subject.open()
      context.phase("closing a file before its first batch")
      try { try $0.select(Array($0.columns.indices)) }(subject.open())
      context.phase("closing a file after its first batch")
      let file = try subject.open(batchRows: 3)
      let all = Array(file.columns.indices)
      try file.select(all)
      _ = try subject.read(file, all, limit: 3)
      expectSame(context, try subject.readAll(), rows, "read after it was closed early")
    },
    ConformanceTest("reader.files", "Files that are open side by side do not change each other.", scope, files),
  ]

  private static func expectSame(
    _ context: TestContext, _ found: [ReaderSubject.Row], _ expected: [ReaderSubject.Row], _ what: String
  ) {
    if let difference = ReaderSubject.difference(found, expected) { context.fail("\(what): \(difference)") }
  }

  private static func rows(_ context: TestContext) throws {
    let subject = try ReaderSubject.named(context, SubjectPlugin(context))
    context.phase("reading \(subject.path)")
    let file = try subject.open()
    let all = Array(file.columns.indices)
    try file.select(all)
    let rows = try subject.read(file, all)
    if rows.count == subject.mostRows(file) {
      context.note("the first \(rows.count) rows are tried")
    } else if let count = file.rowCount {
      context.expect(count == rows.count, "it says that the file has \(count) rows, and gives \(rows.count)")
    }
    if rows.isEmpty { context.note("the file has no rows") }
    for batchRows in [1000, 1, 7] {
      context.phase("reading \(subject.path), \(batchRows) rows at a time")
      expectSame(context, try subject.readAll(batchRows: batchRows), rows, "with batches of \(batchRows) rows")
    }
  }

  private static func seek(_ context: TestContext) throws {
    let plugin = try SubjectPlugin(context)
    let (subject, rows) = try ReaderSubject.withFile(context, plugin)
    guard try plugin.table(context.tested(), as: dmt_reader.self).pointee.seek != nil else {
      throw context.skip("it has no seek")
    }
    for batchRows in [4, 1000] {
      let file = try subject.open(batchRows: batchRows)
      let all = Array(file.columns.indices)
      try file.select(all)
      let isWhole = rows.count < subject.mostRows(file)
      let places = [rows.count / 2, 0, max(0, rows.count - 1), 1, rows.count / 3]
      for place in places + (isWhole ? [rows.count, rows.count + 5, 0] : []) {
        context.phase("seeking row \(place)")
        try file.seek(toRow: place)
        let found = try subject.read(file, all, limit: 10)
        expectSame(
          context, found, Array(rows.dropFirst(place).prefix(10)), "after a seek to row \(place) of \(rows.count)")
      }
    }
  }

  private static func columns(_ context: TestContext) throws {
    let (subject, rows) = try ReaderSubject.withFile(context, SubjectPlugin(context))
    let count = try subject.open().columns.count
    var choices: [[Int]] = [[], Array((0..<count).reversed())]
    choices += (0..<count).prefix(6).map { [$0] }
    if count > 2 { choices.append([count - 1, 0]) }
    for choice in choices {
      context.phase("reading columns \(choice)")
      let found = try subject.readAll(columns: choice)
      guard found.count == rows.count else {
        context.fail("with columns \(choice) there are \(found.count) rows, with all \(rows.count)")
        continue
      }
      for (index, (some, all)) in zip(found, rows).enumerated() {
        // What is not read cannot be bad.
        guard case .values(let some) = some, case .values(let all) = all else { continue }
        guard some != choice.map({ all[$0] }) else { continue }
        context.fail(
          "row \(index) with columns \(choice) is not what it is with all: "
            + (ReaderSubject.difference([.values(some)], [.values(choice.map { all[$0] })]) ?? ""))
        break
      }
    }
  }

  private static func places(_ context: TestContext) throws {
    let plugin = try SubjectPlugin(context)
    let (subject, _) = try ReaderSubject.withFile(context, plugin)
    guard try plugin.table(context.tested(), as: dmt_reader.self).pointee.locate != nil else {
      throw context.skip("it has no locate")
    }
    let file = try subject.open(batchRows: 50)
    let all = Array(file.columns.indices)
    try file.select(all)
    var last = 0
    var row = 0
    for _ in 0..<10 {
      var batch = dmt_reader_batch()
      try file.next(&batch)
      if batch.row_count == 0 { break }
      let bad = Set(UnsafeBufferPointer(start: batch.problems, count: Int(batch.problem_count)).map { Int($0.row) })
      for index in 0..<Int(batch.row_count) {
        context.phase("asking for the place of row \(row)")
        let place = file.place(row: index, column: nil)
        if let line = place.line {
          context.expect(line >= last, "row \(row) stands in line \(line), the row before in line \(last)")
          last = max(last, line)
        }
        for column in all where !bad.contains(index) {
          guard let line = file.place(row: index, column: column).line, let own = place.line else { continue }
          context.expect(
            line >= own, "column \(column) of row \(row) stands in line \(line), its row in line \(own)")
        }
        row += 1
      }
    }
  }

  private static func cancel(_ context: TestContext) throws {
    let plugin = try SubjectPlugin(context)
    let (subject, rows) = try ReaderSubject.withFile(context, plugin)
    do {
      let file = try subject.open(batchRows: 2)
      let all = Array(file.columns.indices)
      try file.select(all)
      context.phase("reading on when the host has asked to stop")
      plugin.host.isCancelRequested = true
      defer { plugin.host.isCancelRequested = false }
      do throws(DMTError) {
        _ = try subject.read(file, all, limit: 100)
      } catch {
        context.expect(
          error.code == .cancelled, "when the host has asked to stop, it fails with \(error.code): \(error.message)")
      }
    }
    context.phase("reading after it was stopped")
    expectSame(context, try subject.readAll(), rows, "after another file was stopped")
  }

  private static func files(_ context: TestContext) throws {
    let (subject, rows) = try ReaderSubject.withFile(context, SubjectPlugin(context))
    context.phase("reading two files in turns")
    let files = try [3, 5].map { try subject.open(batchRows: $0) }
    let all = Array(files[0].columns.indices)
    for file in files { try file.select(all) }
    var found: [[ReaderSubject.Row]] = [[], []]
    for _ in 0..<20 {
      for (index, file) in files.enumerated() { found[index] += try subject.read(file, all, limit: 3 + 2 * index) }
    }
    for read in found { expectSame(context, read, Array(rows.prefix(read.count)), "with two files open") }
    context.phase("reading four files on as many threads")
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 4) { number in
      do throws(DMTError) {
        if let difference = ReaderSubject.difference(try subject.readAll(batchRows: 5 + number), rows) {
          failures.withLock { $0.append("with four files on as many threads: \(difference)") }
        }
      } catch {
        failures.withLock { $0.append("with four files on as many threads: \(error.message)") }
      }
    }
    for failure in failures.withLock({ $0 }) { context.fail(failure) }
  }
}
