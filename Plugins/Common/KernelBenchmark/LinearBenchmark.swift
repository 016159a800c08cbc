internal import DMTPluginKit
internal import Foundation

/// Times the passes of `linear` with bias and ReLU.
struct LinearBenchmark {
  /// Rows, width of the input, width of the output.
  static let shapes = [(2048, 1024, 1024), (2048, 479, 1024), (2048, 13, 512), (4096, 111, 256), (4096, 80, 80)]

  /// Shortest of many runs, in seconds; other programs of the machine only ever lengthen a run.
  ///
  /// - Parameter countsOwnTime: takes the time that the processor spent here, which other programs hardly touch.
  static func shortest(countsOwnTime: Bool, _ body: () -> Void) -> Double {
    func now() -> Double {
      var time = timespec()
      clock_gettime(countsOwnTime ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
    for _ in 0..<3 { body() }
    var best = Double.infinity
    let end = now() + 0.7
    while now() < end {
      let start = now()
      body()
      best = min(best, now() - start)
    }
    return best
  }

  /// Prints GFLOP/s of forward (with a new parameter version each time), backward, and of the library's plain product.
  ///
  /// - Parameter product: the library's own single-precision product on its own threads: x [rows, width] times
  ///   weight [out, width] transposed.
  static func run(
    _ backend: some Backend, threads: Int,
    product: (
      _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, (Int, Int, Int)
    ) -> Void
  ) throws {
    print("| rows x in x out | plain product | forward | forward, weight kept | backward |")
    print("|---|---|---|---|---|")
    for (rows, width, out) in shapes {
      let request = KernelRequest(
        op: "linear", inputs: [[rows, width]], parameters: [[out, width], [out]], outputs: [[rows, out]],
        attributes: ["out": .int(out), "bias": .bool(true), "activation": .string("relu")], threads: threads)
      let kernel = try backend.bind(request)
      func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 16) * 4, alignment: 64)
        let start = memory.bindMemory(to: Float.self, capacity: max(count, 16))
        for index in 0..<max(count, 16) { start[index] = Float(index % 17 - 8) / 100 }
        return start
      }
      let (x, y, dy, dx) = (floats(rows * width), floats(rows * out), floats(rows * out), floats(rows * width))
      let (weight, bias, dWeight, dBias) = (floats(out * width), floats(out), floats(out * width), floats(out))
      let (saved, scratch) = (floats(kernel.savedBytes / 4), floats(kernel.scratchBytes / 4))
      defer { for memory in [x, y, dy, dx, weight, bias, dWeight, dBias, saved, scratch] { memory.deallocate() } }
      func table<Pointer>(_ pointers: [Pointer]) -> UnsafeMutablePointer<Pointer> {
        let table = UnsafeMutablePointer<Pointer>.allocate(capacity: pointers.count)
        for (index, pointer) in pointers.enumerated() { (table + index).initialize(to: pointer) }
        return table
      }
      let inputs = table([UnsafeRawPointer(x)] as [UnsafeRawPointer?])
      let parameters = table([UnsafeRawPointer(weight), UnsafeRawPointer(bias)] as [UnsafeRawPointer?])
      let outputs = table([UnsafeMutableRawPointer(y)] as [UnsafeMutableRawPointer?])
      let outputGradients = table([UnsafeRawPointer(dy)] as [UnsafeRawPointer?])
      let inputGradients = table([UnsafeMutableRawPointer(dx)] as [UnsafeMutableRawPointer?])
      let parameterGradients = table(
        [UnsafeMutableRawPointer(dWeight), UnsafeMutableRawPointer(dBias)] as [UnsafeMutableRawPointer?])
      var call = dmt_kernel_call()
      call.struct_size = UInt32(MemoryLayout<dmt_kernel_call>.size)
      call.inputs = UnsafePointer(inputs)
      call.parameters = UnsafePointer(parameters)
      call.outputs = UnsafePointer(outputs)
      call.grad_outputs = UnsafePointer(outputGradients)
      call.grad_inputs = UnsafePointer(inputGradients)
      call.grad_parameters = UnsafePointer(parameterGradients)
      call.saved = UnsafeMutableRawPointer(saved)
      call.scratch = UnsafeMutableRawPointer(scratch)
      func timed(newVersion: Bool, _ body: (UnsafePointer<dmt_kernel_call>) throws -> Void) -> Double {
        shortest(countsOwnTime: threads == 1) {
          if newVersion { call.parameter_version += 1 }
          withUnsafePointer(to: call) { pointer in
            do { try body(pointer) } catch { print(error) }
          }
        }
      }
      let flops = 2e-9 * Double(rows) * Double(width) * Double(out)
      let plain = shortest(countsOwnTime: threads == 1) { product(x, weight, y, (rows, width, out)) }
      let forward = timed(newVersion: true) { try kernel.forward($0) }
      let kept = timed(newVersion: false) { try kernel.forward($0) }
      let backward = timed(newVersion: false) { try kernel.backward($0) }
      let numbers = [flops / plain, flops / forward, flops / kept, 2 * flops / backward].map {
        String(format: "%.0f", $0)
      }
      print("| \(rows) x \(width) x \(out) | \(numbers.joined(separator: " | ")) |")
    }
  }
}
