internal import CDMTHostShims
internal import DMTCore
internal import DMTPluginHost

/// What a reader does with files that hold nothing of its format.
enum ReaderTests {
  private static let scope = ConformanceTest.Scope.components(["reader"])

  static let all = [
    ConformanceTest("reader.absent", "A file that is not there, and a folder, are errors with a message.", scope) {
      context in
      let plugin = try SubjectPlugin(context)
      for path in ["/no/such/file", ""] {
        let what = path.isEmpty ? "a path without characters" : "a file that is not there"
        let rows = try read(context, plugin, path, what)
        context.expect(rows == nil, "\(what) is opened")
      }
      let rows = try read(context, plugin, "/proc/self", "a folder")
      context.expect(rows == nil || rows == 0, "a folder has \(rows ?? 0) rows")
    },
    ConformanceTest("reader.empty", "A file without bytes has no rows, or is an error with a message.", scope) {
      context in
      let file = try ScratchFile([])
      let rows = try read(context, SubjectPlugin(context), file.path, "a file without bytes")
      context.expect(rows == nil || rows == 0, "a file without bytes has \(rows ?? 0) rows")
    },
    ConformanceTest("reader.bytes", "Files of any bytes are read, or are errors with a message.", scope) { context in
      let plugin = try SubjectPlugin(context)
      for (what, bytes) in files(seed: context.seed) {
        let file = try ScratchFile(bytes)
        _ = try read(context, plugin, file.path, what)
      }
    },
    ConformanceTest("reader.leaks", "A hundred files opened and closed leave nothing behind.", scope, leaks),
  ]

  /// Files that no format is made for.
  private static func files(seed: UInt64) -> [(what: String, bytes: [UInt8])] {
    var random = SeededGenerator(seed: seed, "bytes")
    func bytes(_ count: Int, from alphabet: [UInt8]) -> [UInt8] {
      (0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 }
    }
    let every = Array(UInt8.min...UInt8.max)
    let marks = Array("01,;|:\t\"' \n\r-.e{}[]ab".utf8)
    var files: [(String, [UInt8])] = [
      ("a file of one byte", [0]), ("a file of one line feed", [10]), ("a file of line feeds", bytes(100, from: [10])),
      ("a file of zeros", bytes(5000, from: [0])), ("a file of one long line", bytes(100_000, from: [97])),
      ("a file of commas", bytes(3000, from: [44])),
    ]
    for size in [7, 64, 1000, 20_000] {
      files.append(("\(size) random bytes", bytes(size, from: every)))
      files.append(("\(size) random marks and digits", bytes(size, from: marks)))
    }
    return files
  }

  /// Opens a file and reads it to its end.
  ///
  /// - Returns: the rows; nil: it is an error, which is a failure of the test when it has no message.
  private static func read(
    _ context: TestContext, _ plugin: SubjectPlugin, _ path: String, _ what: String
  ) throws -> Int? {
    let subject = try ReaderSubject(context, plugin, path: path)
    context.phase("reading \(what)")
    do throws(DMTError) {
      return try subject.readAll(batchRows: 100).count
    } catch {
      context.expect(
        !error.message.contains("failed without a message"), "\(what) is refused without a message (set_error)")
      return nil
    }
  }

  private static func leaks(_ context: TestContext) throws {
    let plugin = try SubjectPlugin(context)
    try leaks(context, plugin, "a file that is not there") {
      _ = try? ReaderSubject(context, plugin, path: "/no/such/file").open()
    }
    guard context.file != nil else { return context.note("files that are there are not tried without --file") }
    let (subject, _) = try ReaderSubject.withFile(context, plugin)
    try leaks(context, plugin, subject.path) {
      let file = try subject.open(batchRows: 16)
      let columns = Array(file.columns.indices)
      try file.select(columns)
      _ = try subject.read(file, columns, limit: 40)
    }
  }

  private static func leaks(
    _ context: TestContext, _ plugin: SubjectPlugin, _ what: String, _ open: () throws -> Void
  ) throws {
    context.phase("opening \(what) a hundred times")
    // The first ones fill caches.
    for _ in 0..<20 { try open() }
    let descriptors = ProcessState.descriptors.count
    let threads = ProcessState.threads
    var grown: [(heap: Int64, given: Int)] = []
    // Free lists of the heap fill for a while; what is lost with every file grows with every hundred.
    for _ in 0..<6 {
      let (heap, given) = (dmt_heap_in_use(), plugin.host.allocations.outstandingBytes)
      for _ in 0..<100 { try open() }
      grown.append((dmt_heap_in_use() - heap, plugin.host.allocations.outstandingBytes - given))
    }
    let heap = grown.map(\.heap).min() ?? 0
    // The least that a heap gives are 32 bytes; less than that a file is no leak of files.
    context.expect(heap < 2400, "the heap grows by \(heap) bytes when \(what) is opened 100 times")
    let given = grown.map(\.given).min() ?? 0
    context.expect(given <= 0, "\(given) bytes of the host's allocator are left when \(what) is opened 100 times")
    let left = ProcessState.descriptors.count - descriptors
    context.expect(left <= 0, "\(left) descriptors are open when \(what) was opened 600 times and closed")
    let started = ProcessState.threads - threads
    context.expect(started <= 0, "\(started) threads are left when \(what) was opened 600 times and closed")
  }
}
