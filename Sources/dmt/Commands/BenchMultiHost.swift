import ArgumentParser
import DMTComparison
import DMTCore
import Foundation

extension Bench {
  struct MultiHost: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "multi-host",
      abstract: "Reads what the multi-host experiment measured: a table, multi-host.json and multi-host.svg.",
      discussion: """
        `make multi-host` runs the experiment and ends with this command. Every ratio is of runs of one round, which stand next \
        to each other in time; the median and the extremes over rounds are printed.

        EXAMPLES
          dmt bench multi-host runs/multi-host
          dmt bench multi-host runs/multi-host --json
        """)

    @Argument(help: "The experiment's folder.") var folder = "runs/multi-host"
    @Flag(help: "Print multi-host.json.") var json = false

    func run() throws {
      try Console.reporting {
        let settings = try HostExperiment.settings(in: folder)
        let text = try Console.json(settings)
        do {
          try (text + "\n").write(toFile: folder + "/multi-host.json", atomically: true, encoding: .utf8)
          try HostPicture.svg(settings).write(toFile: folder + "/multi-host.svg", atomically: true, encoding: .utf8)
        } catch {
          throw DMTError(
            .io, "cannot write the result: \((error as NSError).localizedDescription)", place: .init(file: folder))
        }
        Console.print(json ? text : Self.table(settings))
      }
    }

    private static func table(_ settings: [HostSetting]) -> String {
      var lines: [String] = []
      var index = 0
      while index < settings.count {
        let first = settings[index]
        let group = settings[index...].prefix {
          ($0.model, $0.hosts, $0.ranks, $0.rateMbit) == (first.model, first.hosts, first.ranks, first.rateMbit)
        }
        index += group.count
        lines += [
          "\(first.model.uppercased()), \(first.hosts) hosts, \(first.ranks) ranks, \(first.rateMbit) Mbit/s", "",
        ]
        lines += TextTable.lines(
          header: ["kind", "step ms", "compute", "embeddings", "dense", "against flat", "least", "most", "test AUC"],
          rows: group.map { setting in
            [
              setting.title, Format.fixed(setting.stepMs, 0), Format.fixed(setting.computeMs, 0),
              Format.fixed(setting.embeddingMs, 0), Format.fixed(setting.denseMs, 0), ratio(setting.speedup),
              ratio(setting.speedupLow), ratio(setting.speedupHigh), Format.fixed(setting.auc, 4),
            ]
          }, rightAligned: Set(1...8))
        lines.append("")
      }
      return lines.joined(separator: "\n")
    }

    private static func ratio(_ value: Double?) -> String { value.map { Format.fixed($0, 2) + "x" } ?? "-" }
  }
}
