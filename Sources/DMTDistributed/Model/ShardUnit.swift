import DMTCore
import DMTRuntime

/// Consecutive parameters that are brought together as one: flattened, padded, and cut into equal chunks, one a rank.
///
/// The parameters of a node stay together, for its kernel reads all of them at once.
struct ShardUnit {
  /// Indices in the graph.
  var parameters: Range<Int>
  /// Where each of them begins, in bytes.
  var offsets: [Int]
  /// Bytes of a rank's part.
  var chunkBytes: Int
  /// Bytes of all parts.
  var byteCount: Int

  /// The units of a graph, in the order in which its nodes read them.
  ///
  /// - Parameters:
  ///   - unitBytes: a node that would make a unit larger begins a new one.
  ///   - ranks: among which a unit is divided.
  static func units(of graph: Graph, dtype: DType, unitBytes: Int, ranks: Int) throws(DMTError) -> [ShardUnit] {
    var units: [ShardUnit] = []
    var (first, end, bytes) = (0, 0, 0)
    func close() {
      guard end > first else { return }
      units.append(ShardUnit(first..<end, of: graph, dtype: dtype, ranks: ranks))
      first = end
      bytes = 0
    }
    for node in graph.nodes where !node.parameters.isEmpty {
      guard node.parameters == Array(end..<end + node.parameters.count) else {
        throw DMTError(
          .internalError, "node '\(node.name)' reads parameters \(node.parameters), expected those from \(end)")
      }
      let own = node.parameters.reduce(0) { $0 + ParameterStore.byteCount(of: graph.parameters[$1], dtype) }
      if bytes + own > unitBytes { close() }
      end += node.parameters.count
      bytes += own
    }
    close()
    return units
  }

  private init(_ parameters: Range<Int>, of graph: Graph, dtype: DType, ranks: Int) {
    self.parameters = parameters
    offsets = []
    var end = 0
    for parameter in parameters {
      offsets.append(end)
      end += ParameterStore.byteCount(of: graph.parameters[parameter], dtype)
    }
    // Whole cache lines, so that every part of a parameter is aligned as a parameter is.
    chunkBytes = ArenaPlan.rounded((end + ranks - 1) / ranks)
    byteCount = chunkBytes * ranks
  }

  /// Bytes of slots in which units take turns.
  static func slotBytes(_ units: [ShardUnit], slots: Int) -> [Int] {
    (0..<slots).map { slot in stride(from: slot, to: units.count, by: slots).map { units[$0].byteCount }.max() ?? 0 }
  }

  /// The elements of the unit's parameter `parameter` that lie in the chunk at `place`, and the byte of the chunk at which
  /// they begin; nil: none do.
  func elements(
    of parameter: Int, count: Int, dtype: DType, at place: Int
  ) -> (range: Range<Int>, offset: Int)? {
    let size = dtype.byteCount
    let start = offsets[parameter - parameters.lowerBound]
    let chunk = place * chunkBytes..<(place + 1) * chunkBytes
    let bytes = (start..<start + count * size).clamped(to: chunk)
    guard !bytes.isEmpty else { return nil }
    return ((bytes.lowerBound - start) / size..<(bytes.upperBound - start) / size, bytes.lowerBound - chunk.lowerBound)
  }
}
