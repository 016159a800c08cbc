internal import COpenBLAS
internal import DMTPluginKit
internal import OpenBLAS

/// `openblas-benchmark [THREADS]`: GFLOP/s of `linear` against the library's plain product on its own threads.
@main
enum Benchmark {
  static func main() throws {
    let threads = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 2
    BenchmarkHost.initialize(OpenBLASPlugin.self, threads: threads)
    let backend = OpenBLASBackend()
    print(backend.probe(PluginContext.cpu).library, "-", threads, "threads")
    try LinearBenchmark.run(backend, threads: threads) { x, weight, y, extents in
      let (rows, width, out) = (Int32(extents.0), Int32(extents.1), Int32(extents.2))
      openblas_set_num_threads(Int32(threads))
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, out, width, 1, x, width, weight, width, 0, y, out)
      openblas_set_num_threads(1)
    }
  }
}
