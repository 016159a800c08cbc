import Foundation

#if DMT_ISA_V4
  @testable import NativeV4
#elseif DMT_ISA_V3
  @testable import NativeV3
#else
  @testable import NativeV2
#endif

/// Products of the shapes of a training step, B packed in the time measured.
enum GemmBenchmark {
  struct Shape {
    let name: String
    let rows: Int
    let columns: Int
    let depth: Int
    let kind: String
  }

  static let shapes: [Shape] = [
    (2048, 1024, 1024), (2048, 1024, 479), (4096, 256, 111), (4096, 80, 80), (2048, 512, 13), (2048, 512, 1024),
  ].flatMap { batch, output, input in
    [
      Shape(name: "\(batch)x\(input)x\(output)", rows: batch, columns: output, depth: input, kind: "NT"),
      Shape(name: "\(batch)x\(input)x\(output)", rows: batch, columns: input, depth: output, kind: "NN"),
      Shape(name: "\(batch)x\(input)x\(output)", rows: output, columns: input, depth: batch, kind: "TN"),
    ]
  }

  static func buffer(_ count: Int) -> UnsafeMutablePointer<Float> {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: count * 4 + 64, alignment: 64)
    let floats = memory.bindMemory(to: Float.self, capacity: count)
    for i in 0..<count { floats[i] = Float((i &* 2_654_435_761) >> 7 & 1023) / 1024 - 0.5 }
    return floats
  }

  static func run(threads: Int) {
    let parallel = Parallel(threads: Int32(threads))
    for shape in shapes {
      let gemm = Gemm(rows: shape.rows, columns: shape.columns, depth: shape.depth, threads: threads)
      let a = buffer(shape.rows * shape.depth)
      let b = buffer(shape.columns * shape.depth)
      let c = buffer(shape.rows * shape.columns)
      let packed = buffer(gemm.packedFloats)
      let scratch = buffer(gemm.workerFloats * parallel.workers)
      let left: Operand =
        shape.kind == "TN" ? .columns(a, stride: shape.rows) : .rows(a, stride: shape.depth)
      let right: Operand =
        shape.kind == "NT" ? .rows(b, stride: shape.depth) : .columns(b, stride: shape.columns)
      let work = 2 * Double(shape.rows) * Double(shape.columns) * Double(shape.depth)
      let repeats = max(3, Int(2e10 / work / 8))
      var best = Double.infinity
      for _ in 0..<8 {
        let start = Stopwatch.now(threads: threads)
        for _ in 0..<repeats {
          gemm.pack(right, to: packed, parallel)
          gemm.multiply(left, packed, to: c, stride: shape.columns, scratch: scratch, parallel)
        }
        let seconds = Double(Stopwatch.now(threads: threads) - start) * 1e-9
        best = min(best, seconds / Double(repeats))
      }
      print("\(shape.kind) \(shape.name): \(String(format: "%.1f", work / best * 1e-9)) GFLOP/s")
      for pointer in [a, b, c, packed, scratch] { pointer.deallocate() }
    }
  }
}
