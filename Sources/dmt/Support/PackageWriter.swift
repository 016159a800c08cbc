import DMTCore
import DMTPluginTemplates
import Foundation

/// Writes the folder of a new package, as a whole or not at all.
struct PackageWriter {
  /// The folder that gets it; made where it is missing.
  let parent: String
  let name: String

  /// The folder's path, as the user would write it.
  var folder: String { parent == "." ? name : parent.hasSuffix("/") ? parent + name : parent + "/" + name }

  /// Writes the files beside the folder's place and moves them there.
  ///
  /// - Returns: ``folder``.
  /// - Throws: ``DMTError/Code/alreadyExists`` when something of that name is there, ``DMTError/Code/io`` when the system
  ///   refuses to write.
  func write(_ files: [PluginPackage.File]) throws(DMTError) -> String {
    let manager = FileManager.default
    // A link counts too, also one that leads nowhere.
    guard (try? manager.attributesOfItem(atPath: folder)) == nil else {
      throw DMTError(
        .alreadyExists, "\(folder) is there already; nothing was written", place: .init(file: folder),
        remedy: "take another name, another folder with --into, or remove it")
    }
    let draft = folder + ".new-\(ProcessInfo.processInfo.processIdentifier)"
    do {
      for file in files {
        let url = URL(filePath: draft + "/" + file.path)
        try manager.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(file.text.utf8).write(to: url)
      }
      try manager.moveItem(atPath: draft, toPath: folder)
    } catch {
      try? manager.removeItem(atPath: draft)
      throw DMTError(
        .io, "cannot write \(folder): \(error.localizedDescription)", place: .init(file: folder),
        remedy: "name a folder that you may write to with --into")
    }
    return folder
  }
}
