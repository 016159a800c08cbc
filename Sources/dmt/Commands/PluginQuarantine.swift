import ArgumentParser
import DMTCore
import DMTPluginHost

extension PluginCommand {
  struct Quarantine: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows and forgets plugins that crashed or hung when they were looked at.",
      discussion: """
        A plugin that breaks while it is scanned is not run again until its file or a library that it needs changes.

        EXAMPLES
          dmt plugin quarantine list
          dmt plugin quarantine clear build/libmine.so
        """,
      subcommands: [List.self, Clear.self])

    struct List: ParsableCommand {
      static let configuration = CommandConfiguration(
        abstract: "Lists quarantined plugins: what, when, in which phase, by which signal, and what it printed last.",
        discussion: """
          EXAMPLES
            dmt plugin quarantine list
            dmt plugin quarantine list --json
          """)

      @Flag(help: "Print JSON.") var json = false

      func run() throws {
        try Console.reporting {
          let items = ScanCache().quarantined
          if json { return Console.print(try Console.json(items)) }
          Console.print(
            items.isEmpty ? "nothing is quarantined" : items.map(\.text).joined(separator: "\n"))
        }
      }
    }

    struct Clear: ParsableCommand {
      static let configuration = CommandConfiguration(
        abstract: "Forgets that plugins broke; they are tried again at the next start.",
        discussion: """
          EXAMPLES
            dmt plugin quarantine clear build/libmine.so
            dmt plugin quarantine clear --all
          """)

      @Argument(help: "A library, a plugin's folder, or a hash; may be repeated.", completion: .file())
      var files: [String] = []
      @Flag(help: "Forget all of them.") var all = false
      @Flag(help: "Print what was forgotten as JSON.") var json = false

      func validate() throws {
        if files.isEmpty != all { throw ValidationError("name files, or all of them with --all") }
      }

      func run() throws {
        try Console.reporting {
          var cache = ScanCache()
          var cleared: [ScanCache.Quarantined] = []
          if all {
            cleared = cache.clearQuarantine { _ in true }
          } else {
            for file in files {
              let found = cache.clearQuarantine { $0.isMeant(by: file) }
              guard !found.isEmpty else {
                throw DMTError(
                  .notFound, "nothing is quarantined at \(file)",
                  remedy: "`dmt plugin quarantine list` shows what is")
              }
              cleared += found
            }
          }
          if let problem = cache.save() {
            throw DMTError(.io, problem, remedy: "make its folder writable, or set XDG_CACHE_HOME")
          }
          Console.print(
            json
              ? try Console.json(cleared)
              : cleared.isEmpty
                ? "nothing is quarantined" : cleared.map { "forgotten: \($0.library)" }.joined(separator: "\n"))
        }
      }
    }
  }
}
