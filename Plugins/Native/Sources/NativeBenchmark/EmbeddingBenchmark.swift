import CDMTPlugin
import Foundation

#if DMT_ISA_V4
  @testable import NativeV4
#elseif DMT_ISA_V3
  @testable import NativeV3
#else
  @testable import NativeV2
#endif

/// 26 tables of 100,000 rows, one row a bag drawn with a Zipf-like skew, as in a DLRM step.
enum EmbeddingBenchmark {
  static let tables = 26
  static let rows = 100_000
  static let batch = 2048
  static let batches = 8

  static func run(threads: Int) {
    for dim in [16, 128] {
      for optimizer in ["sgd", "rowwise_adagrad", "lazy_adam"] { run(threads: threads, dim: dim, optimizer) }
    }
  }

  private static func allocate<Element>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(1, elements.count) * MemoryLayout<Element>.stride, alignment: 64)
    let typed = raw.bindMemory(to: Element.self, capacity: elements.count)
    typed.initialize(from: elements, count: elements.count)
    return typed
  }

  /// Row numbers with a density that falls as 1 / row.
  private static func values() -> [Int64] {
    var state: UInt64 = 88_172_645_463_325_252
    return (0..<batch).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      let uniform = Double(state >> 11) / 9_007_199_254_740_992
      let row = Int64(pow(Double(rows), uniform)) - 1
      return row &* 7919 % Int64(rows)
    }
  }

  private static func run(threads: Int, dim: Int, _ optimizer: String) {
    let kernels = EmbeddingTable.table.pointee
    let shapes = allocate(Array(repeating: dmt_table(rows: Int64(rows), dim: Int32(dim), reserved: 0), count: tables))
    let features = allocate(
      (0..<tables).map { dmt_feature(table: Int32($0), pooling: 0, output: 0, reserved: 0, column: Int64($0 * dim)) })
    let name = allocate(Array(optimizer.utf8).map { CChar(bitPattern: $0) })
    var request = dmt_embedding_request()
    request.struct_size = UInt32(MemoryLayout<dmt_embedding_request>.size)
    request.dtype = dmt_dtype(code: 2, bits: 32, lanes: 1)
    request.threads = Int32(threads)
    request.table_count = Int32(tables)
    request.feature_count = Int32(tables)
    request.output_count = 1
    request.tables = UnsafePointer(shapes)
    request.features = UnsafePointer(features)
    request.optimizer = dmt_str(data: name, size: Int64(optimizer.utf8.count))
    var plan = dmt_embedding_plan()
    guard kernels.bind(nil, &request, &plan) == DMT_OK, let handle = plan.handle else { return }
    let weights = (0..<tables).map { _ in Optional(UnsafeMutableRawPointer(GemmBenchmark.buffer(rows * dim))) }
    let states = (0..<(2 * tables)).map { _ in
      let state = GemmBenchmark.buffer(optimizer == "sgd" ? 1 : rows * dim)
      state.update(repeating: 0, count: optimizer == "sgd" ? 1 : rows * dim)
      return Optional(UnsafeMutableRawPointer(state))
    }
    let stateList = optimizer == "lazy_adam" ? states : Array(states.prefix(tables))
    let dedups = (0..<tables).map { _ in
      Optional(
        allocate([
          dmt_dedup(
            struct_size: UInt32(MemoryLayout<dmt_dedup>.size), reserved: 0, capacity: Int64(batch), count: 0,
            rows: allocate(Array(repeating: 0, count: batch)), starts: allocate(Array(repeating: 0, count: batch + 1)),
            order: allocate(Array(repeating: 0, count: batch)), bags: allocate(Array(repeating: 0, count: batch)))
        ]))
    }
    var call = dmt_embedding_call()
    call.struct_size = UInt32(MemoryLayout<dmt_embedding_call>.size)
    call.batch = Int64(batch)
    call.tables = UnsafePointer(allocate(weights))
    call.outputs = UnsafePointer(
      allocate([Optional(UnsafeMutableRawPointer(GemmBenchmark.buffer(batch * tables * dim)))]))
    call.output_strides = UnsafePointer(allocate([Int64(tables * dim)]))
    call.dedups = UnsafePointer(allocate(dedups))
    call.states = UnsafePointer(allocate(stateList))
    call.learning_rate = 0.01
    call.gradient_scale = 1
    call.step = 1
    call.scratch = .allocate(
      byteCount: Int(kernels.scratch_bytes(handle, Int64(batch), Int64(batch * tables))), alignment: 64)
    let inputs = (0..<batches).map { _ in
      UnsafePointer(
        allocate(
          (0..<tables).map { _ in
            dmt_jagged(values: allocate(values()), offsets: nil, weights: nil, value_count: Int64(batch))
          }))
    }
    func measure(
      _ label: String, _ function: (UnsafeMutableRawPointer?, UnsafePointer<dmt_embedding_call>?) -> dmt_status
    ) {
      var best = Double.infinity
      for _ in 0..<10 {
        var total: UInt64 = 0
        for input in inputs {
          call.features = input
          if label == "update" { _ = kernels.dedup(handle, &call) }
          let start = Stopwatch.now(threads: threads)
          _ = function(handle, &call)
          total += Stopwatch.now(threads: threads) - start
        }
        best = min(best, Double(total) / Double(batches))
      }
      let perRow = best / Double(batch * tables)
      print(
        "D=\(dim) \(optimizer) \(label): \(String(format: "%.2f", best * 1e-6)) ms, "
          + "\(String(format: "%.1f", perRow)) ns a value")
    }
    measure("forward", kernels.forward)
    measure("dedup", kernels.dedup)
    measure("update", kernels.update)
    for pointer in weights + states { pointer?.deallocate() }
    kernels.release(handle)
  }
}
