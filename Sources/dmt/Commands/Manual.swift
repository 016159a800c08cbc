import ArgumentParser
import DMTCore
import DMTPluginHost
import Foundation

/// Writes the manual pages that `make install` installs; a person reads them with man.
struct Manual: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes the manual pages: dmt.1 and one for each command.",
    discussion: """
      EXAMPLES
        dmt manual --into man
      """, shouldDisplay: false)

  @Option(
    help: ArgumentHelp("Folder that gets the pages; made where it is missing.", valueName: "folder"),
    completion: .directory)
  var into: String

  func run() throws {
    try Console.reporting {
      let pages = ManualPage.all(of: try CommandDescription.root(), version: HostServices.version)
      do {
        try FileManager.default.createDirectory(atPath: into, withIntermediateDirectories: true)
        for page in pages { try Data(page.text.utf8).write(to: URL(filePath: into + "/" + page.fileName)) }
      } catch {
        throw DMTError(
          .io, "cannot write manual pages: \(error.localizedDescription)", place: .init(file: into),
          remedy: "name a folder that you may write to")
      }
    }
  }
}
