import CDMTPlugin
import DMTCore

/// Memory that lives as long as this object.
final class Memory<Element> {
  let pointer: UnsafeMutablePointer<Element>
  let count: Int

  init(_ values: [Element]) {
    count = values.count
    pointer = .allocate(capacity: max(count, 1))
    pointer.initialize(from: values, count: count)
  }

  deinit { pointer.deallocate() }

  var values: [Element] { Array(UnsafeBufferPointer(start: pointer, count: count)) }
}

/// Tables, features, bags, states and distinct rows for calls on an embedding kernel in float64.
final class TableSetup {
  /// The bags of one feature.
  struct Bags {
    var values: [Int64]
    var offsets: [Int64]?
    var weights: [Float]?
  }

  let tables: [Memory<Double>]
  let outputs: [Memory<Double>]
  let states: [Memory<Double>]
  let rows: [Memory<Int64>]
  let starts: [Memory<Int32>]
  let order: [Memory<Int32>]
  let bags: [Memory<Int32>]
  let dedups: [Memory<dmt_dedup>]
  let gradients: [Memory<Double>]
  let kernel: any EmbeddingKernel
  private let keep: [AnyObject]
  private let scratch: Memory<Double>
  var call = dmt_embedding_call()

  init(
    _ request: EmbeddingRequest, on backend: any EmbeddingBackend, tables values: [[Double]], bags given: [Bags],
    batch: Int, outputs outputValues: [[Double]], strides: [Int64]
  ) throws {
    kernel = try backend.bind(request)
    tables = values.map { Memory($0) }
    outputs = outputValues.map { Memory($0) }
    states = try request.tables.flatMap { table in
      try (request.optimizer?.states() ?? []).map { state in
        Memory([Double](repeating: 0, count: state.isRowwise ? table.rows : table.rows * table.dim))
      }
    }
    let capacities = request.tables.indices.map { table in
      zip(request.features, given).filter { $0.0.table == table }.reduce(0) { $0 + $1.1.values.count }
    }
    rows = capacities.map { Memory([Int64](repeating: -1, count: $0)) }
    starts = capacities.map { Memory([Int32](repeating: -1, count: $0 + 1)) }
    order = capacities.map { Memory([Int32](repeating: -1, count: $0)) }
    bags = capacities.map { Memory([Int32](repeating: -1, count: $0)) }
    gradients = zip(capacities, request.tables).map { Memory([Double](repeating: .nan, count: $0 * $1.dim)) }
    var dedups: [Memory<dmt_dedup>] = []
    for index in request.tables.indices {
      var dedup = dmt_dedup()
      dedup.struct_size = UInt32(MemoryLayout<dmt_dedup>.size)
      dedup.capacity = Int64(capacities[index])
      dedup.rows = rows[index].pointer
      dedup.starts = starts[index].pointer
      dedup.order = order[index].pointer
      dedup.bags = bags[index].pointer
      dedups.append(Memory([dedup]))
    }
    self.dedups = dedups
    var keep: [AnyObject] = []
    func kept<Element>(_ values: [Element]) -> UnsafeMutablePointer<Element> {
      let memory = Memory(values)
      keep.append(memory)
      return memory.pointer
    }
    func list(_ pointers: [UnsafeMutableRawPointer?]) -> UnsafePointer<UnsafeMutableRawPointer?> {
      UnsafePointer(kept(pointers))
    }
    call.struct_size = UInt32(MemoryLayout<dmt_embedding_call>.size)
    call.batch = Int64(batch)
    call.features = UnsafePointer(
      kept(
        given.map { bags in
          dmt_jagged(
            values: kept(bags.values), offsets: bags.offsets.map { UnsafePointer(kept($0)) },
            weights: bags.weights.map { UnsafePointer(kept($0)) }, value_count: Int64(bags.values.count))
        }))
    call.tables = list(tables.map { UnsafeMutableRawPointer($0.pointer) })
    call.outputs = list(outputs.map { UnsafeMutableRawPointer($0.pointer) })
    call.output_strides = UnsafePointer(kept(strides))
    let dedupPointers: [UnsafeMutablePointer<dmt_dedup>?] = dedups.map(\.pointer)
    call.dedups = UnsafePointer(kept(dedupPointers))
    call.states = list(states.map { UnsafeMutableRawPointer($0.pointer) })
    call.row_gradients = list(gradients.map { UnsafeMutableRawPointer($0.pointer) })
    call.gradient_scale = 1
    call.step = 1
    let bytes = kernel.scratchBytes(batch: batch, values: capacities.reduce(0, +))
    scratch = Memory([Double](repeating: .nan, count: bytes / 8 + 1))
    call.scratch = UnsafeMutableRawPointer(scratch.pointer)
    self.keep = keep
  }
}
