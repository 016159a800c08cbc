import ArgumentParser
import DMTCore
import DMTManifest
import DMTPluginHost
import DMTRuntime
import DMTTraining

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Shows what a model is made of: nodes, shapes, parameters, FLOPs, memory, and who serves each node and why.",
    discussion: """
      A FLOP count is twice the multiply-accumulates, forward and backward. Nothing is allocated, unless --memory asks for the \
      working memory of a step: a model larger than this machine can be explained.

      With --ranks, what it costs on that many ranks instead: who holds what, and the bytes that every step of the dataflow \
      sends inside and across hosts.

      EXAMPLES
        dmt explain Examples/goodbooks/dmt-dcn.yaml
        dmt explain Examples/goodbooks/dmt-dcn.yaml --json --backend native
        dmt explain Examples/goodbooks/dmt-dcn-sptt.yaml --ranks 4x2
      """)

  @OptionGroup var manifest: ManifestOptions
  @OptionGroup var backends: BackendOptions
  @OptionGroup var plugins: PluginOptions
  @Option(help: ArgumentHelp("Explain the model on HOSTSxRANKS ranks.", valueName: "4x2"))
  var ranks: String?

  @Option(help: ArgumentHelp("With --ranks: a sharding strategy instead of the manifest's.", valueName: "name"))
  var strategy: String?

  @Flag(help: "Also plan the working memory of a training step.") var memory = false
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    try Console.reporting {
      let installation = try Installation.load(
        plugins, threads: backends.threads, manifest: manifest.manifest, overrides: manifest.overrides)
      try backends.check(installation.components)
      let loaded = try installation.manifest(manifest)
      if let ranks {
        let pipeline = try Pipeline(loaded, components: installation.components) { Console.progress($0) }
        let explanation = try pipeline.explanation(over: try Topology(parsing: ranks), strategy: strategy)
        Console.print(json ? try Console.json(explanation) : explanation.text)
        return
      }
      let plan = try installation.plan(loaded, readsData: true)
      let train = loaded.manifest.train
      var explanation = try plan.explanation(
        name: loaded.manifest.name, batch: train.batch,
        settings: .init(
          dtype: loaded.manifest.model.dtype, seed: train.seed, threads: installation.threads,
          policy: backends.policy(loaded.manifest), optimizer: train.optimizer, tableOptimizer: train.tableOptimizer),
        components: installation.components, measuresActivations: memory)
      if let reader = loaded.manifest.data.reader?.reader {
        let plugin = installation.registry.readers[reader.name]?.plugin
        explanation.reader = reader.name + (plugin.map { " of plugin \($0)" } ?? "") + ", " + reader.summary
      }
      Console.print(json ? try Console.json(explanation) : explanation.text)
    }
  }
}

extension Explanation {
  /// The explanation as tables for people.
  fileprivate var text: String {
    var lines = ["\(name), batches of \(batch)", ""]
    lines += TextTable.lines(
      header: ["feature", "table", "rows", "dim", "pooling", "goes to"],
      rows: features.map { feature in
        let table = tables.first { $0.name == feature.table }
        return [
          feature.name, feature.table, Format.count(table?.rows ?? 0), String(table?.dim ?? 0), feature.pooling,
          feature.goesTo,
        ]
      }, rightAligned: [2, 3])
    lines.append("")
    if let reader { lines.append("data: \(reader)") }
    lines.append("tables: \(tableBackend), \(tableReason)")
    if let tableRule { lines.append("table update: \(tableRule), \(tableRuleReason ?? "")") }
    lines += ["dense update: \(updateBackend), \(updateReason)", ""]
    lines += TextTable.lines(
      header: ["node", "operator", "output", "parameters", "kFLOP", "backend", "why"],
      rows: nodes.map { node in
        [
          node.name, node.op, node.outputs.joined(separator: " "),
          node.parameters == 0 ? "" : Format.count(node.parameters),
          node.trainingFlops == 0 ? "" : Format.fixed(node.trainingFlops / 1e3, 1), node.backend, node.reason,
        ]
      }, rightAligned: [3, 4])
    lines += [
      "",
      "parameters: \(Format.count(parameters)) (tables \(Format.count(tableParameters)), dense "
        + "\(Format.count(denseParameters)))",
      "FLOPs a sample: \(Format.fixed(mflopsPerSample, 3)) M forward and backward, "
        + "\(Format.fixed(forwardMflopsPerSample, 3)) M forward",
      "memory: tables \(Format.bytes(memory.tables)), parameters and gradients "
        + "\(Format.bytes(memory.parameters + memory.gradients)), optimizer state \(Format.bytes(memory.optimizerState))"
        + (memory.activations.map { ", working memory \(Format.bytes($0))" } ?? ""),
    ]
    return lines.joined(separator: "\n")
  }
}
