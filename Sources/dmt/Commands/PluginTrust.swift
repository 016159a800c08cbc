import ArgumentParser
import DMTCore
import DMTPluginHost
import Foundation

extension PluginCommand {
  struct Trust: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows and changes whose plugins may run here.",
      discussion: """
        The policy is `any`, `signed` (by a trusted minisign key, or listed) or `listed` (by its SHA-256). It, the hashes \
        and the keys stand in a text file: DMT_TRUST_FILE, else ~/.config/dmt/trust; what the system's file /etc/dmt/trust \
        asks for can only be tightened.

        EXAMPLES
          dmt plugin trust add bin/plugins
          dmt plugin trust policy listed
          dmt plugin trust list
        """,
      subcommands: [List.self, Add.self, Remove.self, Policy.self])

    struct List: ParsableCommand {
      static let configuration = CommandConfiguration(
        abstract: "Lists the policy, trusted hashes and trusted keys, and the files they stand in.",
        discussion: """
          EXAMPLES
            dmt plugin trust list
            dmt plugin trust list --json
          """)

      @Flag(help: "Print JSON.") var json = false
      @OptionGroup var trust: TrustOption

      func run() throws {
        try Console.reporting {
          let summary = TrustSummary(try trust.policy())
          Console.print(json ? try Console.json(summary) : summary.text)
        }
      }
    }

    struct Add: ParsableCommand {
      static let configuration = CommandConfiguration(
        abstract: "Trusts libraries, hashes, or the public keys of signers.",
        discussion: """
          A folder stands for every library in it, as they are now.

          EXAMPLES
            dmt plugin trust add bin/plugins
            dmt plugin trust add build/libmine.so
            dmt plugin trust add minisign.pub
          """)

      @Argument(
        help: "A library, a folder, a SHA-256, a minisign key or its file; may be repeated.", completion: .file())
      var items: [String]
      @Option(help: ArgumentHelp("What to call them in lists; the default is the file's name.", valueName: "text"))
      var name: String?

      func run() throws {
        try Console.reporting {
          var file = try TrustSummary.userFile()
          for item in items {
            for entry in try TrustedItem.parse(item) {
              let isNew: Bool
              switch entry {
              case .hash(let hash, let own): isNew = file.add(TrustFile.Hash(sha256: hash, name: name ?? own))
              case .key(let key, let own): isNew = file.add(TrustFile.Key(key: key, name: name ?? own))
              }
              Console.print((isNew ? "trusted: " : "trusted already: ") + entry.text)
            }
          }
          try file.save()
        }
      }
    }

    struct Remove: ParsableCommand {
      static let configuration = CommandConfiguration(
        abstract: "Trusts libraries or keys no more.",
        discussion: """
          EXAMPLES
            dmt plugin trust remove build/libmine.so
            dmt plugin trust remove minisign.pub
          """)

      @Argument(help: "What `add` takes; may be repeated.", completion: .file()) var items: [String]

      func run() throws {
        try Console.reporting {
          var file = try TrustSummary.userFile()
          for item in items {
            for entry in try TrustedItem.parse(item) {
              guard file.remove(entry.value) else {
                throw DMTError(
                  .notFound, "\(entry.text) is not trusted in \(file.path)",
                  remedy: "`dmt plugin trust list` shows what is; a changed file is named by its old hash")
              }
              Console.print("trusted no more: \(entry.text)")
            }
          }
          try file.save()
        }
      }
    }

    struct Policy: ParsableCommand {
      static let configuration = CommandConfiguration(
        abstract: "Prints or sets the policy: any, signed or listed.",
        discussion: """
          EXAMPLES
            dmt plugin trust policy
            dmt plugin trust policy signed
          """)

      @Argument(help: "The new policy; without it the one in effect is printed.") var policy: String?

      func run() throws {
        try Console.reporting {
          if let policy {
            var file = try TrustSummary.userFile()
            file.set(try TrustPolicy.Mode(named: policy))
            try file.save()
          }
          let inEffect = try TrustPolicy.resolve()
          Console.print("\(inEffect.mode.rawValue) (\(inEffect.origin))")
        }
      }
    }
  }
}
