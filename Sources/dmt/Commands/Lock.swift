import ArgumentParser
import DMTCore
import DMTMachine
import DMTManifest
import DMTPluginHost
import DMTTraining

struct Lock: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes down which plugins and operators a manifest uses here, for --locked.",
    discussion: """
      The lock has every plugin that the manifest takes something from, with version and SHA-256, and the revision of every \
      operator. It lies beside the manifest (m.lock for m.yaml); `train`, `launch` and `eval` with --locked refuse to run with \
      anything else. A run that was started with --locked keeps the lock in its folder.

      EXAMPLES
        dmt lock Examples/goodbooks/dmt-dcn.yaml
        dmt train --locked Examples/goodbooks/dmt-dcn.yaml
        dmt lock runs/first/manifest.yaml
        dmt lock m.yaml --out -
      """)

  @OptionGroup var manifest: ManifestOptions

  @Option(help: ArgumentHelp("Write there instead; - is standard output.", valueName: "file"), completion: .file())
  var out: String?

  @OptionGroup var backends: BackendOptions
  @OptionGroup var plugins: PluginOptions

  func run() throws {
    try Console.reporting {
      let installation = try Installation.load(
        plugins, threads: backends.threads, manifest: manifest.manifest, overrides: manifest.overrides)
      try backends.check(installation.components)
      let loaded = try installation.manifest(manifest)
      let lock = try installation.lock(loaded, policy: installation.policy(backends, loaded.manifest))
      if out == "-" {
        Console.print(String(lock.text.dropLast()))
        return
      }
      let path = out ?? ManifestLock.path(forManifest: manifest.manifest)
      try AtomicFile.replace(path, with: Array(lock.text.utf8))
      Console.print(
        "wrote \(path): \(lock.plugins.count) plugin\(lock.plugins.count == 1 ? "" : "s"), \(lock.operators.count) operators"
      )
      for plugin in lock.plugins {
        Console.print(
          "  \(plugin.id) \(plugin.version) (\(plugin.sha256.prefix(12))): \(plugin.uses.joined(separator: ", "))")
      }
    }
  }
}
