import ArgumentParser
import DMTPluginHost

struct DMTCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dmt",
    abstract: "Trains recommendation models the Disaggregated Multi-Tower way, from a YAML manifest.",
    discussion: """
      A manifest names the data, the features, the towers and the over-arch; plugins bring tower modules and kernels.

      EXAMPLES
        dmt check Examples/goodbooks/dmt-dcn.yaml
        dmt train Examples/goodbooks/dmt-dcn.yaml --out runs/first
        dmt eval runs/first --json
        dmt plugin list --why

      Exit codes: 0 done, 1 a comparison failed, 64 wrong use, 65 bad data, 66 missing input, 69 unavailable, 70 a plugin or \
      dmt itself failed, 74 input or output failed, 78 wrong manifest, 130 interrupted.
      """,
    version: HostServices.version,
    subcommands: [
      Train.self, Launch.self, Verify.self, Evaluate.self, Predict.self, Explain.self, Check.self, Config.self,
      SchemaCommand.self,
      Tune.self, Shadow.self, Lock.self, OperatorCommand.self, PluginCommand.self, Partition.self, Compare.self,
      Bench.self, Manual.self,
    ])
}
