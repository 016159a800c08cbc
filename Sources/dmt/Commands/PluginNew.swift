public import ArgumentParser
import DMTCore
public import DMTPluginTemplates
import Foundation

extension PluginCommand {
  struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes a package that builds a plugin: a small working example of its kind, with a test.",
      discussion: """
        The folder NAME builds with `make` against the dmt that this program belongs to, tests itself with `make test` and \
        passes `dmt plugin check` as it is; then its formula is yours to change.

        EXAMPLES
          dmt plugin new operator swish --lang c
          dmt plugin new module gated-tower --lang swift --id org.example.gated-tower
          dmt plugin new partitioner by-cost --lang cpp --into ~/plugins
        """)

    @Argument(help: "What it offers: \(PluginKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var kind: PluginKind
    @Argument(help: "Name of the folder and of the library: small letters, digits and '-'.")
    var name: String
    @Option(
      name: .customLong("lang"),
      help: ArgumentHelp(
        "Language: \(PluginLanguage.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "language"))
    var language: PluginLanguage
    @Option(help: ArgumentHelp("The plugin's id; the default is com.example.NAME.", valueName: "id"))
    var id: String?
    @Option(
      help: ArgumentHelp("Folder that gets the folder NAME.", valueName: "folder"), completion: .directory)
    var into: String = "."
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      try Console.reporting {
        let package = try PluginPackage(kind: kind, language: language, name: name, id: id)
        let toolchain = PluginToolchain()
        var files = package.files
        if let toolchain { files.append(PluginPackage.File(path: "local.mk", text: toolchain.makefile)) }
        let folder = try PackageWriter(parent: into, name: name).write(files)
        if json {
          Console.print(
            try Console.json(
              Written(
                folder: folder, kind: kind.rawValue, language: language.rawValue, id: package.id,
                component: package.component, library: "\(folder)/\(name).so", files: files.map(\.path).sorted())))
          return
        }
        Console.print("\(folder): a plugin of kind \(kind.rawValue) in \(language.title), id \(package.id)")
        Console.note("next: make -C \(folder) && make -C \(folder) test check")
        if toolchain == nil {
          Console.note(
            "note: no dmt is installed around this program: make DMT_PREFIX=FOLDER, or pkg-config, has to say where")
        }
      }
    }

    /// What `--json` prints.
    private struct Written: Encodable {
      var folder: String
      var kind: String
      var language: String
      var id: String
      /// The name by which a manifest knows the component.
      var component: String
      var library: String
      var files: [String]
    }
  }
}

extension PluginKind: ExpressibleByArgument {}
extension PluginLanguage: ExpressibleByArgument {}
