internal import CDMTPlugin
internal import DMTBridge
public import DMTCore

/// A tower partitioner of a plugin.
public final class PluginPartitioner: TowerPartitioner, @unchecked Sendable {
  public let name: String
  public let strategies: [PartitionStrategy]
  /// The plugin that it belongs to.
  public let plugin: String
  /// One sentence.
  public let summary: String

  private let context: UnsafeMutableRawPointer?
  private let function: PartitionFunction
  private let owner: ComponentOwner

  private typealias PartitionFunction =
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafePointer<dmt_partition_request>?, UnsafeMutablePointer<dmt_partition_result>?
    ) -> dmt_status

  /// Reads the table and copies the strategies.
  ///
  /// - Throws: ``DMTError/Code/pluginFailed`` for a table that breaks the contract.
  init(_ pointer: UnsafeRawPointer, component: PluginDescriptor.Component, plugin: String) throws(DMTError) {
    let owner = ComponentOwner(plugin: plugin, component: component.id)
    let table: dmt_partitioner = try owner.reading("load") { () throws(DMTError) in
      try SizedStruct.read(pointer.assumingMemoryBound(to: dmt_partitioner.self), "its table")
    }
    guard let function = table.partition else { throw owner.broken("its table has no partition", "load") }
    strategies = try owner.reading("load") { () throws(DMTError) in
      try PartitionStrategy.copying(table.strategies, count: table.strategy_count)
    }
    name = component.id
    summary = component.summary
    self.plugin = plugin
    self.function = function
    self.owner = owner
    context = table.ctx
  }

  public func partition(_ request: PartitionRequest) throws(DMTError) -> TowerPartition {
    let count = request.features.count
    let arena = ContractArena()
    var contractRequest = arena.request(request)
    // -1 is no tower: a plugin that leaves a feature out is found out.
    var assignment = [Int32](repeating: -1, count: count)
    var coordinates = [Double](repeating: 0, count: 2 * count)
    var answer = dmt_partition_result()
    answer.struct_size = SizedStruct.size(of: dmt_partition_result.self)
    try owner.call("partition") {
      assignment.withUnsafeMutableBufferPointer { assignment in
        coordinates.withUnsafeMutableBufferPointer { coordinates in
          answer.assignment = assignment.baseAddress
          answer.coordinates = coordinates.baseAddress
          return function(context, &contractRequest, &answer)
        }
      }
    }
    let (figures, explanation) = try owner.reading("partition") { () throws(DMTError) in
      (try Self.figures(of: answer), try String(copying: answer.explanation, "its explanation"))
    }
    let result = TowerPartition(
      assignment: assignment.map(Int.init),
      coordinates: answer.has_coordinates == 0
        ? nil : (0..<count).map { .init(x: coordinates[2 * $0], y: coordinates[2 * $0 + 1]) },
      figures: figures, explanation: explanation)
    try owner.reading("partition") { () throws(DMTError) in try result.check(against: request) }
    return result
  }

  private static func figures(of answer: dmt_partition_result) throws(DMTError) -> [TowerPartition.Figure] {
    guard (0...256).contains(answer.figure_count), answer.figures != nil || answer.figure_count == 0 else {
      throw DMTError(.invalidArgument, "it gives \(answer.figure_count) figures, expected 0 to 256")
    }
    var figures: [TowerPartition.Figure] = []
    for index in 0..<Int(answer.figure_count) {
      figures.append(
        .init(try String(copying: answer.figures[index].name, "a figure's name"), answer.figures[index].value))
    }
    return figures
  }
}
