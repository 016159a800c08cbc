import DMTCore
import DMTPluginHost
import Foundation

/// What `dmt plugin trust add` and `remove` are given.
enum TrustedItem {
  case hash(String, name: String)
  case key(MinisignPublicKey, name: String)

  /// What a trust file knows it by.
  var value: String {
    switch self {
    case .hash(let hash, _): hash
    case .key(let key, _): key.text
    }
  }

  /// For people.
  var text: String {
    switch self {
    case .hash(let hash, let name): "sha256 \(hash) \(name)".trimmingCharacters(in: .whitespaces)
    case .key(let key, let name): "key \(key.name) \(name)".trimmingCharacters(in: .whitespaces)
    }
  }

  /// A hash, a key, a file with a key, a library, or every library of a folder.
  static func parse(_ text: String) throws(DMTError) -> [TrustedItem] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: text, isDirectory: &isFolder) else {
      if text.count == 64, text.allSatisfy({ $0.isASCII && $0.isHexDigit }) {
        return [.hash(text.lowercased(), name: "")]
      }
      if text.hasPrefix("RW"), text.count == 56 { return [.key(try MinisignPublicKey(text), name: "")] }
      throw DMTError(
        .notFound, "there is no file or folder \(text), and it is neither a SHA-256 nor a key",
        remedy: "name a library, a folder of plugins, 64 hexadecimal digits, or a minisign.pub")
    }
    if isFolder.boolValue {
      let names = FileManager.default.enumerator(atPath: text)?.compactMap { $0 as? String } ?? []
      let libraries = names.filter { $0.hasSuffix(".so") || $0.contains(".so.") }.filter { !$0.hasSuffix(".minisig") }
      guard !libraries.isEmpty else {
        throw DMTError(.notFound, "folder \(text) holds no library", remedy: "name a plugin's folder or its .so")
      }
      var items: [TrustedItem] = []
      for name in libraries.sorted() { items.append(try library(text + "/" + name)) }
      return items
    }
    if text.hasSuffix(".pub") {
      guard let contents = FileManager.default.contents(atPath: text) else {
        throw DMTError(.io, "\(text) cannot be read")
      }
      let name = URL(filePath: text).deletingPathExtension().lastPathComponent
      return [.key(try MinisignPublicKey(String(decoding: contents, as: UTF8.self)), name: name)]
    }
    return [try library(text)]
  }

  private static func library(_ path: String) throws(DMTError) -> TrustedItem {
    .hash(try PluginFile.sha256(of: path), name: URL(filePath: path).lastPathComponent)
  }
}
