import DMTCore
import DMTData
import DMTManifest
import Foundation
import Subprocess
import Testing

@Suite("Compressed files")
struct CompressedInputTests {
  /// Packs a file with the tool whose files end in `ending`.
  private func pack(_ path: String, _ ending: String) async throws {
    let tool = try #require(InputFile.tool(for: "x" + ending))
    let result = try await Subprocess.run(
      .name(tool.name), arguments: ["-qkf", path], output: .discarded, error: .string(limit: 4096))
    try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
  }

  @Test("a packed file reads like the plain one", arguments: [".gz", ".xz", ".zst"])
  func packed(ending: String) async throws {
    let scratch = try Scratch()
    var text = "label,user\n"
    for row in 0..<200_000 { text += "\(row % 2),u\(row % 977)\n" }
    let path = try scratch.write("rows.csv", text)
    try await pack(path, ending)
    let plain = try scratch.load(DataSection(format: .csv, path: "rows.csv"), [feature("user")])
    let packed = try scratch.load(DataSection(format: .csv, path: "rows.csv" + ending), [feature("user")])
    #expect(!packed.isFromCache)
    #expect(packed.trainCount == plain.trainCount && packed.trainCount > 150_000)
    #expect(bags(packed.samples(of: .test), 0) == bags(plain.samples(of: .test), 0))
  }

  @Test("a truncated file is an error that names the file and the tool's message", arguments: [".gz", ".xz", ".zst"])
  func truncated(ending: String) async throws {
    let scratch = try Scratch()
    var text = "label,user\n"
    for row in 0..<50_000 { text += "\(row % 2),u\(StableHash.mix(UInt64(row)))\n" }
    let path = try scratch.write("rows.csv", text)
    try await pack(path, ending)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path + ending))
    try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: path + ending))
    let error = try #require(
      failure { _ = try scratch.load(DataSection(format: .csv, path: "rows.csv" + ending), [feature("user")]) })
    #expect(error.code == .invalidData)
    #expect(error.place.file?.hasSuffix("rows.csv" + ending) == true && error.place.line == nil)
    let tool = try #require(InputFile.tool(for: "x" + ending))
    #expect(error.message.contains("\(tool.name) could not unpack the file"))
    #expect(
      error.message.lowercased().contains("unexpected end") || error.message.contains("premature"), "\(error.message)")
    #expect(scratch.cacheFiles.isEmpty)
  }

  @Test("a missing tool names the package that brings it")
  func missingTool() throws {
    let scratch = try Scratch()
    let path = try scratch.write("rows.csv.xz", "no matter")
    let error = try #require(
      failure { _ = try DecompressedSource(path: path, tool: .init(name: "dmt-no-such-tool", package: "some-package")) }
    )
    #expect(error.code == .unsupported)
    #expect(error.message.contains("'dmt-no-such-tool' is not installed"))
    #expect(error.remedy?.contains("some-package") == true)
  }

  @Test("many readers at once do not wait for each other")
  func many() async throws {
    let scratch = try Scratch()
    var text = "label,user\n"
    for row in 0..<100_000 { text += "\(row % 2),u\(row)\n" }
    let path = try scratch.write("rows.csv", text)
    try await pack(path, ".gz")
    let counts = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          guard let reader = try? RecordReader(path: path + ".gz", dialect: .init()) else { return -1 }
          var count = 0
          while (try? reader.next()) == true { count += 1 }
          return count
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(counts == [Int](repeating: 100_001, count: 8))
  }
}
