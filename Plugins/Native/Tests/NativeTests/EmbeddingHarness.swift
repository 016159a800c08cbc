import CDMTPlugin
import Foundation
import NativeTestHost
import Testing

#if DMT_ISA_V4
  @testable import NativeV4
#elseif DMT_ISA_V3
  @testable import NativeV3
#else
  @testable import NativeV2
#endif

/// Tables and features with the bags of one batch.
struct EmbeddingCase: CustomTestStringConvertible {
  struct Feature {
    var table: Int
    var isMean = false
    /// Rows in every bag; nil: exactly one, without offsets.
    var lengths: [Int]?
    var isWeighted = false
  }

  let tables: [(rows: Int, dim: Int)]
  let features: [Feature]
  let batch: Int
  /// Floats between the columns of one feature and the next, to show writes out of bounds.
  let gap: Int

  var testDescription: String { "\(tables) \(features.count) features, batch \(batch)" }

  static let all: [EmbeddingCase] = [
    EmbeddingCase(tables: [(10, 16)], features: [Feature(table: 0)], batch: 33, gap: 0),
    EmbeddingCase(tables: [(100, 128), (3, 7)], features: [Feature(table: 0), Feature(table: 1)], batch: 70, gap: 3),
    EmbeddingCase(
      tables: [(5000, 8), (70_000, 33), (1, 1)],
      features: [
        Feature(table: 0, lengths: (0..<40).map { $0 % 5 }), Feature(table: 1, lengths: (0..<40).map { ($0 * 7) % 4 }),
        Feature(table: 2, lengths: (0..<40).map { $0 % 3 }),
      ], batch: 40, gap: 1),
    EmbeddingCase(
      tables: [(20, 68), (6, 20)],
      features: [
        Feature(table: 0, isMean: true, lengths: [0, 3, 1, 0, 12]),
        Feature(table: 1, lengths: [2, 0, 0, 5, 1], isWeighted: true), Feature(table: 0, lengths: [1, 1, 0, 2, 40]),
        Feature(table: 0),
      ], batch: 5, gap: 2),
    EmbeddingCase(tables: [(4, 5)], features: [Feature(table: 0, lengths: [0, 0, 0])], batch: 3, gap: 0),
    EmbeddingCase(tables: [(4, 5), (9, 4)], features: [Feature(table: 1)], batch: 0, gap: 0),
    EmbeddingCase(tables: [(7, 3)], features: [Feature(table: 0, isWeighted: true)], batch: 1, gap: 4),
  ]
}

/// Memory and calls of one case on one number of threads.
final class EmbeddingHarness {
  let one: EmbeddingCase
  let stride: Int
  let values: [[Int64]]
  let offsets: [[Int64]?]
  let factors: [[Float]]
  let tables: [Guarded]
  let output: Guarded
  private(set) var states: [Guarded] = []
  private let plan: UnsafeMutableRawPointer
  private let scratch: Guarded
  private var dedups: [UnsafeMutablePointer<dmt_dedup>] = []
  private var memory: [UnsafeMutableRawPointer] = []

  init(_ one: EmbeddingCase, threads: Int, optimizer: String = "", attributes: [String: TestAttribute] = [:]) throws {
    self.one = one
    TestHost.use(threads: threads)
    Host.use(TestHost.table)
    var draws = Draws(seed: one.batch + one.tables.count * 17)
    var column = 0
    var columns: [Int] = []
    for feature in one.features {
      columns.append(column)
      column += one.tables[feature.table].dim + one.gap
    }
    stride = column + 3
    values = one.features.map { feature in
      let count = feature.lengths?.reduce(0, +) ?? one.batch
      // A third of the values come from few rows, so that rows repeat.
      return (0..<count).map { index in
        Int64(draws.below(index % 3 == 0 ? min(3, one.tables[feature.table].rows) : one.tables[feature.table].rows))
      }
    }
    offsets = one.features.map { feature in
      feature.lengths.map { lengths in lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + Int64($1)) } }
    }
    factors = zip(one.features, values).map { feature, values in feature.isWeighted ? draws.floats(values.count) : [] }
    tables = one.tables.map { Guarded(draws.floats($0.rows * $0.dim)) }
    output = Guarded(bytes: one.batch * stride * 4)

    let settings = TestAttributes(attributes)
    var shapes = one.tables.map { dmt_table(rows: Int64($0.rows), dim: Int32($0.dim), reserved: 0) }
    var features = zip(one.features, columns).map { feature, column in
      dmt_feature(
        table: Int32(feature.table), pooling: feature.isMean ? DMT_POOLING_MEAN : DMT_POOLING_SUM, output: 0,
        reserved: 0, column: Int64(column))
    }
    var request = dmt_embedding_request()
    request.struct_size = UInt32(MemoryLayout<dmt_embedding_request>.size)
    request.dtype = dmt_dtype(code: UInt8(DMT_DTYPE_FLOAT), bits: 32, lanes: 1)
    request.threads = Int32(threads)
    request.table_count = Int32(shapes.count)
    request.feature_count = Int32(features.count)
    request.output_count = 1
    request.optimizer = settings.text(optimizer)
    request.optimizer_attributes = settings.list
    var result = dmt_embedding_plan()
    result.struct_size = UInt32(MemoryLayout<dmt_embedding_plan>.size)
    let status = shapes.withUnsafeMutableBufferPointer { shapes in
      features.withUnsafeMutableBufferPointer { features in
        request.tables = UnsafePointer(shapes.baseAddress)
        request.features = UnsafePointer(features.baseAddress)
        return EmbeddingTable.table.pointee.bind(nil, &request, &result)
      }
    }
    try accept(status)
    plan = try #require(result.handle)
    let total = values.reduce(0) { $0 + $1.count }
    scratch = Guarded(
      bytes: Int(EmbeddingTable.table.pointee.scratch_bytes(plan, Int64(one.batch), Int64(total))))
    for (index, table) in one.tables.enumerated() {
      switch optimizer {
      case "adagrad": states.append(Guarded(Array(repeating: 0, count: table.rows * table.dim)))
      case "rowwise_adagrad": states.append(Guarded(Array(repeating: 0, count: table.rows)))
      case "lazy_adam":
        for _ in 0..<2 { states.append(Guarded(Array(repeating: 0, count: table.rows * table.dim))) }
      default: break
      }
      makeDedup(zip(one.features, values).reduce(0) { $0 + ($1.0.table == index ? $1.1.count : 0) })
    }
  }

  deinit {
    EmbeddingTable.table.pointee.release(plan)
    memory.forEach { $0.deallocate() }
    dedups.forEach { $0.deallocate() }
  }

  private func makeDedup(_ capacity: Int) {
    func allocate<Element>(_: Element.Type, _ count: Int) -> UnsafeMutablePointer<Element> {
      let raw = UnsafeMutableRawPointer.allocate(byteCount: max(1, count) * MemoryLayout<Element>.stride, alignment: 64)
      memory.append(raw)
      return raw.bindMemory(to: Element.self, capacity: max(1, count))
    }
    let dedup = UnsafeMutablePointer<dmt_dedup>.allocate(capacity: 1)
    dedup.initialize(
      to: dmt_dedup(
        struct_size: UInt32(MemoryLayout<dmt_dedup>.size), reserved: 0, capacity: Int64(capacity), count: -1,
        rows: allocate(Int64.self, capacity), starts: allocate(Int32.self, capacity + 1),
        order: allocate(Int32.self, capacity), bags: allocate(Int32.self, capacity)))
    dedups.append(dedup)
  }

  func dedup(_ table: Int) -> dmt_dedup { dedups[table].pointee }

  /// Calls one function of the contract's table.
  func call(
    _ function: (UnsafeMutableRawPointer?, UnsafePointer<dmt_embedding_call>?) -> dmt_status, step: Int = 1,
    learningRate: Double = 0.1, scale: Double = 1, rowGradients: [Guarded] = []
  ) {
    var allocated: [UnsafeMutableRawPointer] = []
    func copy<Element>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
      let raw = UnsafeMutableRawPointer.allocate(
        byteCount: max(1, elements.count) * MemoryLayout<Element>.stride, alignment: 64)
      allocated.append(raw)
      let typed = raw.bindMemory(to: Element.self, capacity: max(1, elements.count))
      typed.initialize(from: elements, count: elements.count)
      return typed
    }
    defer { allocated.forEach { $0.deallocate() } }
    let jagged = one.features.indices.map { index in
      dmt_jagged(
        values: copy(values[index]), offsets: offsets[index].map { UnsafePointer(copy($0)) },
        weights: one.features[index].isWeighted ? UnsafePointer(copy(factors[index])) : nil,
        value_count: Int64(values[index].count))
    }
    var call = dmt_embedding_call()
    call.struct_size = UInt32(MemoryLayout<dmt_embedding_call>.size)
    call.batch = Int64(one.batch)
    call.features = UnsafePointer(copy(jagged))
    call.tables = UnsafePointer(copy(tables.map { Optional($0.pointer) }))
    call.outputs = UnsafePointer(copy([Optional(output.pointer)]))
    call.output_strides = UnsafePointer(copy([Int64(stride)]))
    call.dedups = UnsafePointer(copy(dedups.map { Optional($0) }))
    call.states = UnsafePointer(copy(states.map { Optional($0.pointer) }))
    call.row_gradients = UnsafePointer(copy(rowGradients.map { Optional($0.pointer) }))
    call.learning_rate = learningRate
    call.gradient_scale = scale
    call.step = Int64(step)
    call.scratch = scratch.pointer
    #expect(function(plan, &call) == DMT_OK, "\(TestHost.lastError)")
    #expect(scratch.isIntact && output.isIntact && (tables + states).allSatisfy(\.isIntact))
  }

  /// Every occurrence of a table: its row, its feature, its sample and its factor, in the contract's order.
  func occurrences(_ table: Int) -> [(row: Int, feature: Int, sample: Int, factor: Double)] {
    one.features.indices.filter { one.features[$0].table == table }.flatMap { feature in
      (0..<one.batch).flatMap { sample in
        let range = offsets[feature].map { Int($0[sample])..<Int($0[sample + 1]) } ?? sample..<(sample + 1)
        return range.map { place in
          let mean = one.features[feature].isMean ? 1 / Double(range.count) : 1
          let factor = one.features[feature].isWeighted ? Double(factors[feature][place]) : mean
          return (Int(values[feature][place]), feature, sample, factor)
        }
      }
    }
  }

  /// First column of a feature.
  func column(_ feature: Int) -> Int {
    one.features[..<feature].reduce(0) { $0 + one.tables[$1.table].dim + one.gap }
  }

  /// Fills the output with the gradients of one step, and returns the summed gradient of every touched row.
  func fillGradients(_ table: Int, step: Int) -> [Int: [Double]] {
    var draws = Draws(seed: step * 31 + 5)
    let gradients = draws.floats(one.batch * stride)
    gradients.withUnsafeBufferPointer { if let base = $0.baseAddress { output.floats.update(from: base, count: $0.count) } }
    var sums: [Int: [Double]] = [:]
    for occurrence in occurrences(table) {
      let first = occurrence.sample * stride + column(occurrence.feature)
      for j in 0..<one.tables[table].dim {
        sums[occurrence.row, default: Array(repeating: 0, count: one.tables[table].dim)][j] +=
          occurrence.factor * Double(gradients[first + j])
      }
    }
    return sums
  }
}
