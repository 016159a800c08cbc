import DMTCore

/// Encodes raw rows into an image of samples.
struct SampleImageBuilder {
  let table: RawTable
  let encoder: FeatureEncoder
  let badRows: BadRows

  /// Where a feature's texts are and what each of them becomes.
  private struct Source {
    var column: TextColumn
    var codeRows: FeatureEncoder.CodeRows
  }

  /// Builds the image of the splits `names`, in memory that `allocate` gives; ``SampleImage/finish(key:)`` is the caller's.
  func build(
    splits names: [SplitName], allocate: (Int) throws(DMTError) -> MappedMemory
  ) throws(DMTError) -> SampleImage {
    var sources: [Source] = []
    for (index, feature) in encoder.features.enumerated() {
      guard let column = table.text[feature.column] else {
        throw DMTError(.internalError, "column '\(feature.column)' was not read")
      }
      guard (column.offsets == nil && feature.separator == nil) == feature.isSingle else {
        throw DMTError(.invalidData, "feature '\(feature.name)' has bags of another kind than when it was fitted")
      }
      sources.append(Source(column: column, codeRows: encoder.codeRows(of: column, feature: index)))
    }
    var allocator = SampleImage.Allocator()
    var layouts: [SampleImage.SplitLayout] = []
    var rowsOfSplit: [[Int]] = []
    for name in names {
      let rows = table.splits.indices.filter { table.splits[$0] == name }
      layouts.append(layout(rows, sources, &allocator))
      rowsOfSplit.append(rows)
    }
    let description = SampleImage.Description(
      encoder: encoder, badRowCount: badRows.count, badRows: badRows.first.map(\.description), splits: layouts)
    let encoded = SampleImage.encode(description)
    let memory = try allocate(SampleImage.size(description: encoded, arrayBytes: allocator.size))
    let image = SampleImage(into: memory, description: description, encoded: encoded)
    for (layout, rows) in zip(layouts, rowsOfSplit) { try write(layout, rows, sources, to: image) }
    return image
  }

  private func layout(
    _ rows: [Int], _ sources: [Source], _ allocator: inout SampleImage.Allocator
  ) -> SampleImage.SplitLayout {
    var layout = SampleImage.SplitLayout(
      count: rows.count, hasLabels: !table.labels.isEmpty || table.count == 0, positiveCount: 0,
      labels: allocator.take(rows.count), dense: allocator.take(rows.count * encoder.dense.count * 4),
      rowNumbers: allocator.take(rows.count * 4), columns: [])
    if layout.hasLabels { for row in rows { layout.positiveCount += Int(table.labels[row]) } }
    for (feature, source) in zip(encoder.features, sources) {
      if feature.isSingle {
        layout.columns.append(
          .init(valueCount: rows.count, values: allocator.take(rows.count * 4), offsets: -1))
      } else {
        var valueCount = 0
        for row in rows {
          forEachCode(of: row, source.column) {
            valueCount += source.codeRows.starts[$0 + 1] - source.codeRows.starts[$0]
          }
        }
        layout.columns.append(
          .init(
            valueCount: valueCount, values: allocator.take(valueCount * 4),
            offsets: allocator.take((rows.count + 1) * 8)))
      }
    }
    return layout
  }

  @inline(__always)
  private func forEachCode(of row: Int, _ column: TextColumn, _ body: (Int) -> Void) {
    if let offsets = column.offsets {
      for piece in offsets[row]..<offsets[row + 1] { body(Int(column.codes[piece])) }
    } else {
      body(Int(column.codes[row]))
    }
  }

  private func write(
    _ layout: SampleImage.SplitLayout, _ rows: [Int], _ sources: [Source], to image: SampleImage
  ) throws(DMTError) {
    guard let labels = image.mutable(layout.labels, of: UInt8.self),
      let rowNumbers = image.mutable(layout.rowNumbers, of: UInt32.self),
      let dense = image.mutable(layout.dense, of: Float.self)
    else { throw DMTError(.internalError, "the sample image has no memory") }
    for (sample, row) in rows.enumerated() {
      labels[sample] = layout.hasLabels ? table.labels[row] : 0
      rowNumbers[sample] = table.rowNumbers[row]
    }
    for (position, column) in encoder.dense.enumerated() {
      guard let numbers = table.numbers[column.column]?.values else {
        throw DMTError(.internalError, "column '\(column.column)' was not read")
      }
      for (sample, row) in rows.enumerated() {
        dense[sample * encoder.dense.count + position] = column.value(of: numbers[row])
      }
    }
    for (column, source) in zip(layout.columns, sources) {
      guard let values = image.mutable(column.values, of: UInt32.self) else { continue }
      let starts = source.codeRows.starts
      let codeRows = source.codeRows.rows
      if column.offsets < 0 {
        let codes = source.column.codes
        for (sample, row) in rows.enumerated() { values[sample] = codeRows[starts[Int(codes[row])]] }
        continue
      }
      guard let offsets = image.mutable(column.offsets, of: UInt64.self) else { continue }
      var at = 0
      for (sample, row) in rows.enumerated() {
        offsets[sample] = UInt64(at)
        forEachCode(of: row, source.column) { code in
          for value in starts[code]..<starts[code + 1] {
            values[at] = codeRows[value]
            at += 1
          }
        }
      }
      offsets[rows.count] = UInt64(at)
    }
  }
}
