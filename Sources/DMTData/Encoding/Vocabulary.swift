/// The categories of a table that get a row of their own: rows 1, 2, .. in the order of their bytes; all others are row 0.
public struct Vocabulary: Sendable {
  private let dictionary: ByteDictionary

  init(dictionary: ByteDictionary) { self.dictionary = dictionary }

  /// Rows of the table: one a category and row 0.
  public var rows: Int { dictionary.count + 1 }

  /// The row of a category; 0 when it is not known.
  public func row(of category: String) -> Int { dictionary.find(category).map { $0 + 1 } ?? 0 }

  /// The category of a row; nil for row 0, which all unknown ones share.
  public func category(ofRow row: Int) -> String? {
    row > 0 && row <= dictionary.count ? dictionary.text(row - 1) : nil
  }

  func row(of category: UnsafeBufferPointer<UInt8>) -> Int { dictionary.find(category).map { $0 + 1 } ?? 0 }

  func write(to writer: inout ByteWriter) {
    writer.write(bytes: dictionary.pool)
    writer.write(dictionary.starts)
  }

  init(from reader: inout ByteReader) throws(ByteReader.Malformed) {
    let pool = try reader.blob()
    let starts = try reader.ints()
    guard starts.first == 0, starts.last == pool.count else { throw ByteReader.Malformed() }
    var dictionary = ByteDictionary()
    for (start, end) in zip(starts, starts.dropFirst()) {
      guard start <= end, end <= pool.count else { throw ByteReader.Malformed() }
      let isNew = pool[start..<end].withUnsafeBufferPointer { dictionary.insert($0).isNew }
      guard isNew else { throw ByteReader.Malformed() }
    }
    self.dictionary = dictionary
  }
}

/// Counts categories over the training rows.
struct VocabularyBuilder {
  private var dictionary = ByteDictionary()
  private var counts: [Int] = []

  mutating func add(_ category: [UInt8], count: Int) {
    let code = category.withUnsafeBufferPointer { dictionary.insert($0).code }
    if code == counts.count { counts.append(0) }
    counts[code] += count
  }

  /// The categories seen at least `minimumCount` times, sorted by their bytes.
  func vocabulary(minimumCount: Int) -> Vocabulary {
    let pool = dictionary.pool
    let starts = dictionary.starts
    let kept = counts.indices.filter { counts[$0] >= max(1, minimumCount) }.sorted { a, b in
      pool[starts[a]..<starts[a + 1]].lexicographicallyPrecedes(pool[starts[b]..<starts[b + 1]])
    }
    var sorted = ByteDictionary()
    for code in kept { dictionary.withBytes(code) { _ = sorted.insert($0) } }
    return Vocabulary(dictionary: sorted)
  }
}
