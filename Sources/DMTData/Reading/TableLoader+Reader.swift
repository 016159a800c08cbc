import CDMTPlugin
import DMTCore
import DMTManifest

extension TableLoader {
  /// Reads files of a format that a component brings.
  func readRows(_ parts: [Part], _ plan: ColumnPlan, withLabels: Bool) throws(DMTError) -> RawTable {
    guard let use = data.reader else {
      throw DMTError(.internalError, "the data section names no reader", place: data.place)
    }
    let table = RawTable()
    var first: [DataColumn]?
    for part in parts {
      progress?("reading \(part.path)")
      let file = try ReaderTable(path: part.path, use: use, place: data.place)
      if let first {
        try file.requireSameColumns(as: first, plan: plan)
      } else {
        prepare(table, plan, file.columns)
        first = file.columns
      }
      let progress = progress
      try file.read(
        into: table, plan: plan, label: withLabels || file.has(data.labelColumn) ? data.labelColumn : nil,
        rule: data.labelRule, split: part.split, badRows: badRows, placeOf: { place(of: $0) }
      ) { progress?("reading \(part.path): \($0) rows") }
    }
    return table
  }

  private func prepare(_ table: RawTable, _ plan: ColumnPlan, _ columns: [DataColumn]) {
    let bags = Set(columns.filter(\.isBag).map(\.name))
    for (name, checks) in plan.text {
      table.text[name] = TextColumn(checks: checks, missing: data.missing, isBag: bags.contains(name))
    }
    for (name, feature) in plan.numbers { table.numbers[name] = NumberColumn(feature: feature, missing: data.missing) }
  }
}
