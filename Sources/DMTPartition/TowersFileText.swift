import DMTCore
import DMTData
import DMTManifest
import DMTTraining

extension PartitionOutcome {
  /// The towers file: what a manifest names in `model.towers.from`.
  public var towersFile: String {
    var text = "# \(job.settings.towers) towers of the features of \(job.pipeline.manifest.name), strategy "
    text += "\(job.settings.strategy), seed \(job.settings.seed); made by dmt partition.\n"
    text += "# In a manifest: towers: { from: towers.yaml, module: .. }\n"
    text += "dmt_towers: 1\n"
    let names = job.pipeline.dataset.features.map(\.name)
    let split = zip(names, job.widths).filter { $0.1.count > 1 }
    if !split.isEmpty {
      text += "split:\n"
      for (name, widths) in split {
        text += "  \(Self.quoted(name)): [\(widths.map(String.init).joined(separator: ", "))]\n"
      }
    }
    text += "towers:\n"
    for (tower, group) in groups.enumerated() {
      text += "  tower\(tower): [\(group.map { Self.quoted(job.features[$0].name) }.joined(separator: ", "))]\n"
    }
    return text
  }

  /// In quotes wherever plain text could be read as something else: names have letters, digits, `_`, `-` and `#` only.
  private static func quoted(_ name: String) -> String {
    let isPlain = name.utf8.first.map { $0 >= UInt8(ascii: "A") } ?? false
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
    return isPlain && !name.contains("#") && !words.contains(name.lowercased()) ? name : "\"\(name)\""
  }
}
