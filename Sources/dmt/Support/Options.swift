import ArgumentParser
import DMTCore
import DMTManifest
import DMTPluginHost
import DMTRuntime

/// Where plugins are looked for beside the usual places.
struct PluginOptions: ParsableArguments {
  @Option(
    name: .customLong("plugin"), parsing: .singleValue,
    help: ArgumentHelp("A plugin's library or folder, or a folder of plugins; looked at first.", valueName: "path"))
  var paths: [String] = []

  @OptionGroup var trustOption: TrustOption

  /// The policy in effect.
  func trustPolicy() throws(DMTError) -> TrustPolicy { try trustOption.policy() }

  /// These options as arguments of another `dmt`.
  var arguments: [String] { paths.flatMap { ["--plugin", $0] } + (trustOption.trust.map { ["--trust", $0] } ?? []) }
}

/// Whose plugins may run.
struct TrustOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Whose plugins may run: any, signed or listed; the default is DMT_TRUST, else the trust file's, else any.",
      valueName: "policy"))
  var trust: String?

  /// The policy in effect.
  func policy() throws(DMTError) -> TrustPolicy { try TrustPolicy.resolve(option: trust) }
}

/// Who may serve, and on how many threads.
struct BackendOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Ask this backend first.", valueName: "name"))
  var backend: String?

  @Option(help: ArgumentHelp("Ask no other backend than this one.", valueName: "name"))
  var only: String?

  @Option(help: ArgumentHelp("Threads in all; the default is the manifest's, else one a core.", valueName: "n"))
  var threads: Int?

  func validate() throws {
    if backend != nil, only != nil { throw ValidationError("--backend and --only exclude each other") }
    if let threads, threads < 1 || threads > 1024 {
      throw ValidationError("--threads is \(threads), expected 1 to 1024")
    }
  }

  /// The order of backends: the manifest's, then `DMT_BACKEND` and `--backend` in front of it.
  ///
  /// - Parameter profile: what was measured on this machine; it chooses among those of the order.
  func policy(_ manifest: Manifest?, profile: BackendProfile? = nil) -> BackendPolicy {
    if let only { return BackendPolicy(order: [only], origin: "--only", isExclusive: true) }
    var policy = BackendPolicy(
      order: manifest?.backends ?? Manifest.defaultBackends, origin: manifest == nil ? "the default" : "the manifest",
      pins: manifest?.model.pins ?? [:], profile: profile)
    if let backend {
      policy = policy.preferring(backend, origin: "--backend")
    } else if let name = BackendOptions.environmentBackend {
      policy = policy.preferring(name, origin: "DMT_BACKEND")
    }
    return policy
  }

  private static var environmentBackend: String? {
    TrustedEnvironment.variables["DMT_BACKEND"].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The name of a backend that was asked for and is not here, as an error.
  func check(_ components: Components) throws(DMTError) {
    let asked: [(name: String?, by: String)] = [
      (backend, "--backend"), (only, "--only"),
      (backend == nil && only == nil ? BackendOptions.environmentBackend : nil, "DMT_BACKEND"),
    ]
    for (name, origin) in asked {
      guard let name else { continue }
      let known = Set(components.backends.keys).union(components.embeddings.keys).union(components.updates.keys)
      guard known.contains(name) else {
        throw DMTError(
          .notFound, "\(origin) asks for backend '\(name)', which is not here",
          remedy: Spelling.suggestion(for: name, in: known.sorted()) + "; `dmt plugin list --why` shows what was found")
      }
    }
  }
}

/// A manifest with changes.
struct ManifestOptions: ParsableArguments {
  @Argument(help: "The manifest, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  var manifest: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Change a value of the manifest: train.batch=1024, model.towers.item.out=32, backends.0=native.",
      valueName: "path=value"))
  var overrides: [String] = []
}
