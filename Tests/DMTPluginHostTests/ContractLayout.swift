import Foundation

/// The kept layouts of the contract's released minors, Tests/Fixtures/Headers/MAJOR.MINOR/layout.txt.
struct ContractLayout {
  /// A struct as a minor had it.
  struct Struct {
    var size: Int
    var grows: Bool
  }

  let version: String
  let structs: [String: Struct]

  /// The folder with the minor's headers.
  var headers: String { Self.folder + "/" + version }

  static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  private static let folder = repository + "/Tests/Fixtures/Headers"

  /// Every kept minor, the oldest first.
  static let kept: [ContractLayout] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { try? ContractLayout(version: $0) }.sorted {
      $0.version.compare($1.version, options: .numeric) == .orderedAscending
    }
  }()

  private init(version: String) throws {
    self.version = version
    var structs: [String: Struct] = [:]
    let text = try String(contentsOfFile: Self.folder + "/\(version)/layout.txt", encoding: .utf8)
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 4, words[0] == "struct", let size = Int(words[2]) else { continue }
      structs[String(words[1])] = Struct(size: size, grows: words[3] == "grows")
    }
    self.structs = structs
  }
}
