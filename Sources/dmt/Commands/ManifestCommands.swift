import ArgumentParser
import DMTManifest
import DMTRuntime
import DMTTraining

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks a manifest: names, types, plugins, and every shape of the model.",
    discussion: """
      Tables whose size depends on the data are counted as if the data had been read already; with --data the data are read.

      EXAMPLES
        dmt check Examples/goodbooks/dmt-dcn.yaml
        dmt check my.yaml --set model.dim=32 --data
      """)

  @OptionGroup var manifest: ManifestOptions
  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Also read the data, down to the last row.") var data = false

  func run() throws {
    try Console.reporting {
      let installation = try Installation.load(plugins, manifest: manifest.manifest, overrides: manifest.overrides)
      let loaded = try installation.manifest(manifest)
      let plan = try installation.plan(loaded, readsData: data)
      Console.print(
        "\(manifest.manifest): good (\(loaded.manifest.features.count) features, "
          + "\(loaded.manifest.model.towers.count) towers, \(plan.graph.nodes.count) nodes)")
    }
  }
}

struct Config: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the effective manifest: every value, and where it comes from.",
    discussion: """
      The output is a manifest itself.

      EXAMPLES
        dmt config Examples/goodbooks/dmt-dcn.yaml --set train.epochs=1
        dmt config my.yaml --plain > effective.yaml
      """)

  @OptionGroup var manifest: ManifestOptions
  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Without the origins.") var plain = false

  func run() throws {
    try Console.reporting {
      let loaded = try Installation.load(plugins, manifest: manifest.manifest, overrides: manifest.overrides)
        .manifest(manifest)
      var text = loaded.effectiveYAML(withOrigins: !plain)
      while text.hasSuffix("\n") { text.removeLast() }
      Console.print(text)
    }
  }
}

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Prints a JSON Schema of the manifest, with the attributes of the plugins installed here.",
    discussion: """
      Editors with a YAML language server complete and check manifests with it.

      EXAMPLES
        dmt schema > dmt.schema.json
        # then, as a manifest's first line:  # yaml-language-server: $schema=dmt.schema.json
      """)

  @OptionGroup var plugins: PluginOptions

  func run() throws {
    try Console.reporting {
      Console.print(ManifestSchema.json(catalog: try Installation.load(plugins).catalog))
    }
  }
}
