import ArgumentParser
import DMTCore
import DMTPluginHost

struct PluginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugin",
    abstract: "Shows the plugins found here, why one was not taken, and whose may run; writes new ones.",
    discussion: """
      EXAMPLES
        dmt plugin list --why
        dmt plugin inspect bin/plugins/Native
        dmt plugin doctor
        dmt plugin check build/libmine.so
        dmt plugin new operator swish --lang c
      """,
    subcommands: [List.self, Inspect.self, Doctor.self, Check.self, New.self, Quarantine.self, Trust.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists plugins and what they offer.",
      discussion: """
        Looked at in this order: --plugin, DMT_PLUGIN_PATH, the folder `plugins` beside the program, the user's data folder \
        (~/.local/share/dmt/plugins), /usr/local/lib/dmt/plugins, /usr/lib/dmt/plugins. With --why every candidate is \
        shown: where it comes from, its hash, why it may run, and why it was or was not taken.

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
        let registry = try PluginRegistry.load(
          .init(paths: plugins.paths, rescans: rescan, trust: try plugins.trustPolicy()))
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
    @OptionGroup var trust: TrustOption

    func run() throws {
      try Console.reporting {
        let inspection = try PluginInspection(path: file, policy: try trust.policy())
        Console.print(json ? try Console.json(inspection) : inspection.text)
        if inspection.scan.status != .accepted { throw ExitCode(DMTError.Code.pluginRefused.exitCode) }
      }
    }
  }
}
