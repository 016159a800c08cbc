import CDMTPlugin
import DMTCore
import DMTRuntime

/// The gradient of a whole table, zero in rows that nobody touched.
struct TableGradient {
  private(set) var values: [Double]
  private let whole: TableShape

  init(whole: TableShape) {
    self.whole = whole
    values = Array(repeating: 0, count: whole.rows * whole.dim)
  }

  /// The gradient that an engine has for one of its tables.
  init(of engine: EmbeddingEngine, layoutTable: Int, whole: TableShape) throws(DMTError) {
    self.init(whole: whole)
    try add(engine, layoutTable: layoutTable)
  }

  /// Adds what an engine has for its part of the table.
  mutating func add(_ engine: EmbeddingEngine, layoutTable: Int) throws(DMTError) {
    try engine.computeRowGradients(gradientScale: 1)
    let table = engine.layout.tables[layoutTable]
    guard let dedup = engine.dedup(layoutTable), let memory = engine.rowGradients(layoutTable) else { return }
    let dim = table.shape.dim
    let (firstRow, firstColumn) = (table.region?.rows.lowerBound ?? 0, table.region?.columns.lowerBound ?? 0)
    for index in 0..<Int(dedup.pointee.count) {
      let row = firstRow + Int(dedup.pointee.rows[index])
      for column in 0..<dim {
        let value =
          engine.store.dtype == .float64
          ? memory.assumingMemoryBound(to: Double.self)[index * dim + column]
          : Double(memory.assumingMemoryBound(to: Float.self)[index * dim + column])
        values[row * whole.dim + firstColumn + column] += value
      }
    }
  }
}
