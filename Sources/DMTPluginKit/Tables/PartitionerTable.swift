internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// A ``TowerPartitioner`` behind a `dmt_partitioner` table.
final class PartitionerTable: Sendable {
  private let partitioner: any TowerPartitioner

  private init(_ partitioner: any TowerPartitioner) { self.partitioner = partitioner }

  /// The table, for as long as the process lives.
  static func make(_ partitioner: any TowerPartitioner) -> UnsafeRawPointer {
    let texts = ContractArena()
    let table = UnsafeMutablePointer<dmt_partitioner>.allocate(capacity: 1)
    table.initialize(
      to: dmt_partitioner(
        struct_size: SizedStruct.size(of: dmt_partitioner.self), revision: 1,
        ctx: Unmanaged.passRetained(PartitionerTable(partitioner)).toOpaque(),
        strategies: texts.strategies(partitioner.strategies), strategy_count: Int64(partitioner.strategies.count),
        partition: { context, request, result in
          guarded { () throws(DMTError) in try PartitionerTable.at(context).partition(request, result) }
        }))
    _ = Unmanaged.passRetained(texts)
    return UnsafeRawPointer(table)
  }

  private static func at(_ context: UnsafeMutableRawPointer?) throws(DMTError) -> PartitionerTable {
    guard let context else { throw missing("the partitioner's ctx") }
    return Unmanaged<PartitionerTable>.fromOpaque(context).takeUnretainedValue()
  }

  private func partition(
    _ pointer: UnsafePointer<dmt_partition_request>?, _ answer: UnsafeMutablePointer<dmt_partition_result>?
  ) throws(DMTError) {
    let request = try PartitionRequest(copying: pointer)
    var result = try SizedStruct.read(answer.map { UnsafePointer($0) }, "the place for the partition")
    guard let assignment = result.assignment else { throw missing("the place for the assignment") }
    let partition = try partitioner.checkedPartition(request)
    for (index, tower) in partition.assignment.enumerated() { assignment[index] = Int32(clamping: tower) }
    result.has_coordinates = 0
    if let points = partition.coordinates, let coordinates = result.coordinates {
      for (index, point) in points.enumerated() {
        coordinates[2 * index] = point.x
        coordinates[2 * index + 1] = point.y
      }
      result.has_coordinates = 1
    }
    let texts = ThreadTexts.renew()
    result.figures = texts.array(
      partition.figures.map { dmt_partition_figure(name: texts.text($0.name), value: $0.value) })
    result.figure_count = Int64(partition.figures.count)
    result.explanation = texts.text(partition.explanation)
    try SizedStruct.write(result, to: answer, "the place for the partition")
  }
}
