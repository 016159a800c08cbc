import DMTCore
import DMTData
import DMTManifest
import Foundation
import Testing

@Suite("Cache")
struct CacheTests {
  private let section = DataSection(format: .csv, path: "rows.csv", split: .files)
  private let features = [feature("user"), feature("tags", separator: "|")]

  private func prepare() throws -> Scratch {
    let scratch = try Scratch()
    var text = "label,user,tags,age\n"
    for row in 0..<500 { text += "\(row % 2),u\(row % 37),t\(row % 5)|t\(row % 7),\(row)\n" }
    try scratch.write("rows.csv", text)
    return scratch
  }

  private func load(_ scratch: Scratch, _ change: (inout DataSection) -> Void = { _ in }, _ lines: Lines? = nil) throws
    -> Dataset
  {
    var section = section
    change(&section)
    return try scratch.load(section, features, dense: [DenseSpec(name: "age", column: "age")], lines)
  }

  @Test("the second load maps what the first one wrote, and holds the same samples")
  func hit() throws {
    let scratch = try prepare()
    let first = try load(scratch)
    let second = try load(scratch)
    #expect(!first.isFromCache && second.isFromCache)
    #expect(first.fingerprint == second.fingerprint && first.features == second.features)
    for index in 0..<2 { #expect(bags(first.samples(of: .train), index) == bags(second.samples(of: .train), index)) }
    #expect(dense(first.samples(of: .train)) == dense(second.samples(of: .train)))
    #expect(labels(first.samples(of: .train)) == labels(second.samples(of: .train)))
    #expect(second.encoder.bytes == first.encoder.bytes)
    let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/.dmt")
    #expect(!left.contains { $0.hasSuffix(".tmp") })
  }

  @Test("changed bytes and changed preprocessing have caches of their own; a moved file and a new dimension do not")
  func keys() throws {
    let scratch = try prepare()
    let first = try load(scratch)
    #expect(try !load(scratch, { $0.missing = ["u1"] }).isFromCache)
    #expect(try !load(scratch, { $0.labelRule = .atLeast(1) }).isFromCache)
    var wider = features
    wider[0].dim = 64
    #expect(try scratch.load(section, wider, dense: [DenseSpec(name: "age", column: "age")]).isFromCache)
    try FileManager.default.moveItem(atPath: scratch.path + "/rows.csv", toPath: scratch.path + "/moved.csv")
    let moved = try load(scratch, { $0.path = "moved.csv" })
    #expect(moved.isFromCache && moved.fingerprint == first.fingerprint)
    let text = try String(contentsOfFile: scratch.path + "/moved.csv", encoding: .utf8)
    try scratch.write("rows.csv", text.replacingOccurrences(of: "u36", with: "u99"))
    let changed = try load(scratch)
    #expect(!changed.isFromCache && changed.fingerprint != first.fingerprint)
  }

  @Test("a file of the same size and another content is noticed although its hash was remembered")
  func rehash() throws {
    let scratch = try prepare()
    let path = scratch.path + "/rows.csv"
    let old = Date(timeIntervalSinceNow: -1000)
    try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: path)
    let first = try load(scratch)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try scratch.write("rows.csv", text.replacingOccurrences(of: "u36", with: "u99"))
    try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: path)
    #expect(try load(scratch).fingerprint != first.fingerprint)
  }

  @Test("a cache that is cut off or flipped anywhere is rebuilt with a warning, and never believed")
  func corrupt() throws {
    let scratch = try prepare()
    let expected = bags(try load(scratch).samples(of: .train), 1)
    let file = try #require(scratch.cacheFiles.first)
    let good = try Data(contentsOf: URL(fileURLWithPath: file))
    var damages: [Data] = [
      Data(), good.prefix(1), good.prefix(100), good.prefix(200), good.dropLast(1), good + Data([0]),
    ]
    for position in stride(from: 0, to: good.count, by: max(1, good.count / 60)) {
      var flipped = good
      flipped[position] ^= 0x40
      damages.append(flipped)
    }
    for damaged in damages {
      try damaged.write(to: URL(fileURLWithPath: file))
      let lines = Lines()
      let dataset = try load(scratch, { _ in }, lines)
      #expect(!dataset.isFromCache && lines.contains("is damaged"))
      #expect(bags(dataset.samples(of: .train), 1) == expected)
      #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == good)
    }
  }

  @Test("a folder that cannot be written is told, and the samples stay in memory")
  func unwritable() throws {
    let scratch = try prepare()
    try scratch.write("file", "not a folder")
    let lines = Lines()
    let dataset = try load(scratch, { $0.cachePath = "file/cache" }, lines)
    #expect(lines.contains("going on in memory"))
    let cached = try load(scratch)
    #expect(dataset.trainCount == 500 && bags(dataset.samples(of: .train), 1) == bags(cached.samples(of: .train), 1))
    #expect(try !load(scratch, { $0.cachePath = "file/cache" }).isFromCache)
  }

  @Test("the stated cache folder is used, and made with those above it")
  func folder() throws {
    let scratch = try prepare()
    _ = try load(scratch, { $0.cachePath = "a/b/c" })
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/a/b/c").contains { $0.hasSuffix(".samples") }
    )
    #expect(scratch.cacheFiles.isEmpty)
  }
}
