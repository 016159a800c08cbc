import ArgumentParser
import DMTCore
import DMTPluginHost

struct PluginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugin", abstract: "Shows the plugins found here, and why one was not taken; begins new ones.",
    discussion: """
      EXAMPLES
        dmt plugin list --why
        dmt plugin inspect bin/plugins/Native
        dmt plugin new operator swish --lang c
        dmt plugin check build/libmine.so
      """,
    subcommands: [List.self, Inspect.self, New.self, Check.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists plugins and what they offer.",
      discussion: """
        Looked at in this order: --plugin, DMT_PLUGIN_PATH, the folder `plugins` beside the program, the user's data folder \
        (~/.local/share/dmt/plugins), /usr/local/lib/dmt/plugins, /usr/lib/dmt/plugins.

        EXAMPLES
          dmt plugin list
          dmt plugin list --why
          dmt plugin list --json --plugin build/libmine.so
        """)

    @Flag(help: "Show every candidate and why it was or was not taken.") var why = false
    @Flag(help: "Scan again, quarantined plugins included.") var rescan = false
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup var plugins: PluginOptions

    func run() throws {
      try Console.reporting {
        let registry = try PluginRegistry.load(.init(paths: plugins.paths, rescans: rescan))
        let listing = PluginListing(registry)
        Console.print(json ? try listing.json() : listing.text(why: why))
        guard !json, !why else { return }
        for candidate in registry.candidates where candidate.origin == .explicit {
          if candidate.status != .loaded, candidate.status != .shadowed { Console.note(candidate.error.description) }
        }
      }
    }
  }

  struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows a plugin file: descriptor, schemas, exports, needed libraries, hash.",
      discussion: """
        The file is opened in a child process, never in this one. Exit code 69 when it cannot be used as a plugin.

        EXAMPLES
          dmt plugin inspect bin/plugins/Native
          dmt plugin inspect build/libmine.so --json
        """)

    @Argument(help: "A library, or a plugin's folder.", completion: .file()) var file: String
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      try Console.reporting {
        let inspection = try PluginInspection(path: file)
        Console.print(json ? try Console.json(inspection) : inspection.text)
        if inspection.scan.status != .accepted { throw ExitCode(DMTError.Code.pluginRefused.exitCode) }
      }
    }
  }
}
