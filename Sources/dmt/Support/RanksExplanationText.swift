import DMTCore
import DMTDataflow
import DMTTraining

extension RanksExplanation {
  /// The explanation as tables for people.
  var text: String {
    var lines = [
      "\(name) on \(topology) ranks, placed \(strategy), tower groups of \(towerGroup), global batches of \(batch), wire "
        + "\(forwardWire) forward and \(backwardWire) backward", "",
    ]
    if lookup != .synchronous {
      lines.insert("lookups \(lookup.name): rows as they were before the update of the batch before", at: 1)
    }
    lines += TextTable.lines(
      header: ["rank", "host", "tables", "dense", "shards", "towers"],
      rows: ranks.map { rank in
        [
          String(rank.rank), String(rank.host), Format.bytes(Int(rank.tableBytes)), Format.bytes(rank.denseBytes),
          rank.shards.isEmpty ? "-" : rank.shards.joined(separator: ", "),
          rank.towers.isEmpty ? "-" : rank.towers.joined(separator: ", "),
        ]
      }, rightAligned: [0, 1, 2, 3])
    if !replicated.isEmpty { lines += ["on every rank: " + replicated.joined(separator: ", ")] }
    lines += ["", "bytes that a rank sends in a training step, the mean over ranks and the largest:", ""]
    var rows: [[String]] = []
    for step in traffic.steps {
      rows.append(row("\(step.step) \(step.name)", step.group, step.forward, "forward"))
      if step.backward.contains(where: { $0.insideHost + $0.acrossHosts > 0 }) {
        rows.append(row("\(step.step) \(step.name)", step.group, step.backward, "backward"))
      }
    }
    func add(_ name: String, _ bytes: [LinkBytes]) {
      guard bytes.contains(where: { $0.insideHost + $0.acrossHosts > 0 }) else { return }
      rows.append(row(name, "world", bytes, "at most"))
    }
    add("tables on every rank, gradients", replicatedTables)
    add("tables cut by columns, row sums", splitTables)
    if denseUnits > 0 {
      rows.append(row("over-arch \(denseSharding), \(denseUnits) units", "", dense.overArch, "both"))
    } else {
      rows.append(row("over-arch gradients", "world", dense.overArch, "backward"))
    }
    if dense.towers.contains(where: { $0.insideHost + $0.acrossHosts > 0 }) {
      rows.append(row("tower gradients", "tower", dense.towers, "backward"))
    }
    let all = ranks.indices.map {
      traffic.forward[$0] + traffic.backward[$0] + replicatedTables[$0] + splitTables[$0] + dense.overArch[$0]
        + dense.towers[$0]
    }
    rows.append(row("all", "", all, ""))
    lines += TextTable.lines(
      header: ["step", "group", "", "in its host", "largest", "across hosts", "largest"], rows: rows,
      rightAligned: [3, 4, 5, 6])
    return lines.joined(separator: "\n")
  }

  private func row(_ name: String, _ group: String, _ bytes: [LinkBytes], _ direction: String) -> [String] {
    let count = Double(max(bytes.count, 1))
    let inside = bytes.map(\.insideHost)
    let across = bytes.map(\.acrossHosts)
    return [name, group, direction]
      + [inside.reduce(0, +) / count, inside.max() ?? 0, across.reduce(0, +) / count, across.max() ?? 0].map {
        Format.count(Int($0.rounded()))
      }
  }
}
