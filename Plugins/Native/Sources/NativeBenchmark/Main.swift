import Foundation
import NativeTestHost

#if DMT_ISA_V4
  @testable import NativeV4
#elseif DMT_ISA_V3
  @testable import NativeV3
#else
  @testable import NativeV2
#endif

/// Measures the kernels on this machine: `native-benchmark-v4 [products] [operators] [tables] [threads]`.
@main
struct NativeBenchmark {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    let threads = arguments.compactMap { Int($0) }.first ?? 2
    Host.use(TestHost.table)
    TestHost.use(threads: threads)
    let parts = arguments.filter { Int($0) == nil }
    func wants(_ part: String) -> Bool { parts.isEmpty || parts.contains(part) }
    if wants("products") { GemmBenchmark.run(threads: threads) }
    if wants("operators") { OperatorBenchmark.run(threads: threads) }
    if wants("tables") { EmbeddingBenchmark.run(threads: threads) }
  }
}
