public import DMTCore
import Foundation

/// Reads the folder of a multi-host experiment: `MODEL-KIND-CR-HOSTSxRANKS-RATE/round-N/run` and
/// `auc/MODEL-KIND-CR/seed-N.json`.
public enum HostExperiment {
  private struct Key: Hashable {
    var model: String
    var kind: String
    var cr: Int
    var hosts: Int
    var ranksPerHost: Int
    var rate: Int
  }

  /// Every setting that has a finished round.
  ///
  /// - Throws: ``DMTError/Code/notFound`` when there is none, ``DMTError/Code/invalidData`` for a run that cannot be read.
  public static func settings(in folder: String) throws(DMTError) -> [HostSetting] {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    var rounds: [Key: [Int: HostRun.Step]] = [:]
    for name in names {
      guard let key = key(name) else { continue }
      let inner = ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)")) ?? []).sorted()
      for round in inner {
        guard round.hasPrefix("round-"), let number = Int(round.dropFirst(6)),
          FileManager.default.fileExists(atPath: "\(folder)/\(name)/\(round)/done")
        else { continue }
        rounds[key, default: [:]][number] = try HostRun(folder: "\(folder)/\(name)/\(round)/run").median
      }
    }
    guard !rounds.isEmpty else {
      throw DMTError(
        .notFound, "the folder holds no finished round of the experiment", place: .init(file: folder),
        remedy: "run Examples/multi-host/run.sh first")
    }
    return rounds.map { key, steps in setting(key, steps, flat: flat(of: key, in: rounds), folder: folder) }
      .sorted { order($0) < order($1) }
  }

  /// By model, place, then flat before SPTT before DMT with rising compression.
  private static func order(_ setting: HostSetting) -> (String, Int, Int, Int, Double) {
    let kind = ["flat": 0, "sptt": 1][setting.kind] ?? 2
    return (setting.model, setting.hosts, setting.rateMbit, kind, setting.cr)
  }

  private static func flat(of key: Key, in rounds: [Key: [Int: HostRun.Step]]) -> [Int: HostRun.Step] {
    var flat = key
    flat.kind = "flat"
    flat.cr = 1
    return rounds[flat] ?? [:]
  }

  private static func setting(
    _ key: Key, _ steps: [Int: HostRun.Step], flat: [Int: HostRun.Step], folder: String
  ) -> HostSetting {
    let sorted = steps.values.sorted { $0.total < $1.total }
    let middle = sorted[sorted.count / 2]
    // Runs of one round stand next to each other in time, so their ratio is of the same machine.
    let ratios = steps.compactMap { round, step in flat[round].map { $0.total / step.total } }.sorted()
    return HostSetting(
      model: key.model, kind: key.kind, cr: Double(key.cr), hosts: key.hosts, ranks: key.hosts * key.ranksPerHost,
      rateMbit: key.rate, stepMs: middle.total, computeMs: middle.compute, embeddingMs: middle.embedding,
      denseMs: middle.dense, speedup: SampleSummary(ratios).median, speedupLow: ratios.first,
      speedupHigh: ratios.last, rounds: steps.count, auc: auc(key, folder))
  }

  /// The median test AUC over the seeds. SPTT alone is the flat model, moved in another way.
  private static func auc(_ key: Key, _ folder: String) -> Double? {
    struct Outcome: Decodable {
      struct Figures: Decodable { var auc: Double? }
      var test: Figures?
    }
    let kind = key.kind == "sptt" ? "flat" : key.kind
    let seeds = "\(folder)/auc/\(key.model)-\(kind)-\(key.cr)"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: seeds)) ?? []
    let figures = names.filter { $0.hasPrefix("seed-") && $0.hasSuffix(".json") }
      .compactMap { FileManager.default.contents(atPath: "\(seeds)/\($0)") }
      .compactMap { (try? JSONDecoder().decode(Outcome.self, from: $0))?.test?.auc }
    return SampleSummary(figures).median
  }

  /// `dcn-dmt-4-4x2-300`.
  private static func key(_ name: String) -> Key? {
    let parts = name.split(separator: "-").map(String.init)
    guard parts.count == 5, let cr = Int(parts[2]), let rate = Int(parts[4]) else { return nil }
    let place = parts[3].split(separator: "x").compactMap { Int($0) }
    guard place.count == 2 else { return nil }
    return Key(model: parts[0], kind: parts[1], cr: cr, hosts: place[0], ranksPerHost: place[1], rate: rate)
  }
}
