public import DMTCore

extension ShardingRequest {
  /// Refuses a request whose parts do not fit. Call it before a strategy is asked: strategies rely on it.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument``.
  public func check() throws(DMTError) {
    func broken(_ message: String) -> DMTError { DMTError(.invalidArgument, message) }
    for table in tables where table.rows < 1 || table.dim < 1 || !table.rowBytes.isFinite || table.rowBytes < 0 {
      throw broken(
        "table '\(table.name)' has \(table.rows) rows of \(table.dim) columns and \(DMTError.text(table.rowBytes)) bytes a "
          + "row, expected 1 or more of both and a number of bytes")
    }
    for feature in features {
      guard tables.indices.contains(feature.table) else {
        throw broken("feature '\(feature.name)' reads table \(feature.table), expected 0 to \(tables.count - 1)")
      }
      if let tower = feature.tower, !towers.indices.contains(tower) {
        throw broken("feature '\(feature.name)' is in tower \(tower), expected 0 to \(towers.count - 1)")
      }
      guard feature.lookups.isFinite, feature.lookups >= 0 else {
        throw broken(
          "feature '\(feature.name)' has \(DMTError.text(feature.lookups)) row numbers a sample, expected 0 or more")
      }
    }
    for (index, tower) in towers.enumerated() {
      guard (0..<groups.count).contains(tower.group) else {
        throw broken(
          "tower '\(tower.name)' is served by tower group \(tower.group), expected 0 to \(groups.count - 1)")
      }
      guard tower.outputColumns >= 1 else {
        throw broken("tower '\(tower.name)' has \(tower.outputColumns) output columns, expected 1 or more")
      }
      guard features.contains(where: { $0.tower == index }) else {
        throw broken("tower '\(tower.name)' has no features")
      }
    }
  }
}
