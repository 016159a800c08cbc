import DMTCore

/// What an embedding kernel knows once and for all: tables, features, optimizer.
struct EmbeddingPlan {
  let tables: [TableShape]
  let features: [EmbeddingFeature]
  let outputCount: Int
  /// For every table its features, in the order of their occurrences.
  let featuresOfTable: [[Int]]
  let widestRow: Int
  let settings: OptimizerSettings?
  /// State tensors a table.
  let stateCount: Int

  init(_ request: EmbeddingRequest) throws(DMTError) {
    func failure(_ message: String) -> DMTError { DMTError(.invalidArgument, message) }
    for (index, table) in request.tables.enumerated() {
      let (size, overflow) = table.rows.multipliedReportingOverflow(by: table.dim)
      guard table.rows >= 0, table.dim >= 0, table.dim <= Int(Int32.max), !overflow, size < 1 << 56 else {
        throw failure(
          "table \(index) has \(table.rows) rows of \(table.dim), expected counts of at least 0 that fit memory")
      }
    }
    guard request.outputCount >= 0 else { throw failure("a negative number of outputs: \(request.outputCount)") }
    var featuresOfTable = [[Int]](repeating: [], count: request.tables.count)
    for (index, feature) in request.features.enumerated() {
      guard request.tables.indices.contains(feature.table) else {
        throw failure("feature \(index) is of table \(feature.table); there are \(request.tables.count) tables")
      }
      guard feature.output >= 0, feature.output < request.outputCount, feature.column >= 0 else {
        throw failure(
          "feature \(index) goes to column \(feature.column) of output \(feature.output); there are "
            + "\(request.outputCount) outputs")
      }
      featuresOfTable[feature.table].append(index)
    }
    tables = request.tables
    features = request.features
    outputCount = request.outputCount
    self.featuresOfTable = featuresOfTable
    widestRow = request.tables.map(\.dim).max() ?? 0
    if let optimizer = request.optimizer {
      let settings = try OptimizerSettings(optimizer)
      guard settings.momentum == 0 else {
        throw DMTError(
          .unsupported, "optimizer sgd on the rows of a batch has no momentum, found \(settings.momentum)",
          remedy: "set momentum to 0, or train the table as a whole")
      }
      self.settings = settings
      stateCount = try optimizer.states().count
    } else {
      settings = nil
      stateCount = 0
    }
  }
}
