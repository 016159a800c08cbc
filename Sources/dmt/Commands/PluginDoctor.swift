import ArgumentParser
import DMTCore
import DMTPluginHost

extension PluginCommand {
  struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Explains what keeps a plugin from being used, and how to mend it.",
      discussion: """
        Looks for missing libraries and the packages that have them, a glibc or a CPU that is too old, symbols that nobody \
        defines, another contract, files that others can write, hashes and signatures, and what an earlier run broke. \
        Without a FILE it examines this machine and every plugin that is found on it. Nothing of a plugin is loaded into \
        this process. Exit code 69 when something keeps a plugin from being used.

        EXAMPLES
          dmt plugin doctor
          dmt plugin doctor build/libmine.so
          dmt plugin doctor bin/plugins/OneDNN --json
        """)

    @Argument(help: "A library or a plugin's folder; may be repeated.", completion: .file()) var files: [String] = []
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup var plugins: PluginOptions

    func run() throws {
      try Console.reporting {
        let policy = try plugins.trustPolicy()
        if files.isEmpty {
          let machine = try MachineDiagnosis(.init(paths: plugins.paths, trust: policy))
          Console.print(json ? try Console.json(machine) : machine.text)
          try finish(machine.isHealthy)
        } else {
          let diagnoses = try files.map { try PluginDiagnosis(path: $0, policy: policy) }
          Console.print(json ? try Console.json(diagnoses) : diagnoses.map(\.text).joined(separator: "\n\n"))
          try finish(diagnoses.allSatisfy(\.isHealthy))
        }
      }
    }

    private func finish(_ isHealthy: Bool) throws {
      if !isHealthy { throw ExitCode(DMTError.Code.pluginRefused.exitCode) }
    }
  }
}
