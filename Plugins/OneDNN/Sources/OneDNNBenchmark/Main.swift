internal import CDNNL
internal import DMTPluginKit
internal import OneDNN

/// `onednn-benchmark [THREADS]`: GFLOP/s of `linear` against the library's plain product on its own threads.
@main
enum Benchmark {
  static func main() throws {
    let threads = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 2
    BenchmarkHost.initialize(OneDNNPlugin.self, threads: threads)
    let backend = OneDNNBackend()
    print(backend.probe(PluginContext.cpu).library, "-", threads, "threads")
    try LinearBenchmark.run(backend, threads: threads) { x, weight, y, extents in
      let (rows, width, out) = (Int64(extents.0), Int64(extents.1), Int64(extents.2))
      let (n, t) = (CChar(UInt8(ascii: "N")), CChar(UInt8(ascii: "T")))
      _ = dnnl_sgemm(n, t, rows, out, width, 1, x, width, weight, width, 0, y, out)
    }
  }
}
