import CDMTPlugin
import DMTBridge
import DMTCore
import DMTPluginHost
import Foundation
import Logging
import Synchronization
import Testing

/// Keeps what is logged.
private struct KeepingHandler: LogHandler {
  final class Lines: Sendable {
    let all = Mutex<[String]>([])
  }

  let lines: Lines
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .trace
  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let plugin = event.metadata?["plugin"].map { "\($0)" } ?? "-"
    lines.all.withLock { $0.append("\(event.level) \(plugin): \(event.message)") }
  }
}

@Suite("What the host offers to plugins")
struct HostServicesTests {
  private let lines = KeepingHandler.Lines()
  private let services: HostServices
  private let arena = ContractArena()

  init() throws {
    let lines = lines
    services = HostServices(
      pool: try ThreadPool(threads: 2), logger: Logger(label: "t") { _ in KeepingHandler(lines: lines) })
  }

  private func service<Table>(_ id: String, as _: Table.Type) throws -> UnsafePointer<Table> {
    let found = services.host.pointee.get_service(services.host.pointee.ctx, arena.text(id))
    return try #require(found).assumingMemoryBound(to: Table.self)
  }

  @Test("every service is there under its exact id alone")
  func ids() throws {
    for id in ["log", "alloc", "parallel", "trace", "cpu", "rng", "cancel"] {
      let table = try service("dmt.\(id)/1", as: UInt32.self)
      #expect(table.pointee >= 24)
      for wrong in ["dmt.\(id)/2", "dmt.\(id)/1x", "dmt.\(id)", "DMT.\(id)/1"] {
        #expect(services.host.pointee.get_service(services.host.pointee.ctx, arena.text(wrong)) == nil)
      }
    }
  }

  @Test("log lines arrive with level and category")
  func log() throws {
    let log = try service("dmt.log/1", as: dmt_log.self)
    log.pointee.write(log.pointee.ctx, DMT_LOG_WARNING, arena.text("blas"), arena.text("slow"))
    log.pointee.write(log.pointee.ctx, DMT_LOG_DEBUG, arena.text("blas"), dmt_str(data: nil, size: 9))
    #expect(lines.all.withLock { $0 } == ["warning blas: slow", "debug blas: (a message that is no text)"])
  }

  @Test("memory is aligned and accounted for by tag; nonsense gives NULL")
  func alloc() throws {
    let alloc = try service("dmt.alloc/1", as: dmt_alloc.self)
    func allocate(_ size: Int64, _ alignment: Int64) -> UnsafeMutableRawPointer? {
      alloc.pointee.allocate(alloc.pointee.ctx, size, alignment, arena.text("test"))
    }
    let memory = try #require(allocate(1000, 256))
    #expect(UInt(bitPattern: memory) % 256 == 0)
    #expect(services.outstandingAllocations == ["test": 1000])
    for (size, alignment) in [(-1, 64), (10, 0), (10, 3), (10, 4), (Int64.max, 64)] as [(Int64, Int64)] {
      #expect(allocate(size, alignment) == nil)
    }
    alloc.pointee.release(alloc.pointee.ctx, nil)
    alloc.pointee.release(alloc.pointee.ctx, memory)
    #expect(services.outstandingAllocations.isEmpty)
  }

  @Test("random words are Philox's, whose published test vectors hold")
  func rng() throws {
    let rng = try service("dmt.rng/1", as: dmt_rng.self)
    func words(_ key: [UInt32], _ counter: [UInt32]) -> [UInt32] {
      var out: [UInt32] = [0, 0, 0, 0]
      rng.pointee.philox(rng.pointee.ctx, key, counter, &out)
      return out
    }
    #expect(words([0, 0], [0, 0, 0, 0]) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    #expect(
      words([.max, .max], [.max, .max, .max, .max]) == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
  }

  @Test("cancellation is seen and taken back")
  func cancel() throws {
    let cancel = try service("dmt.cancel/1", as: dmt_cancel.self)
    #expect(cancel.pointee.is_requested(cancel.pointee.ctx) == 0)
    services.requestCancel()
    #expect(cancel.pointee.is_requested(cancel.pointee.ctx) != 0)
    services.clearCancel()
    #expect(cancel.pointee.is_requested(cancel.pointee.ctx) == 0)
  }

  @Test("spans become a Chrome trace while it records, and nothing otherwise")
  func trace() throws {
    let trace = try service("dmt.trace/1", as: dmt_trace.self)
    trace.pointee.begin(trace.pointee.ctx, arena.text("ignored"))
    services.trace.start()
    trace.pointee.end(trace.pointee.ctx)
    trace.pointee.begin(trace.pointee.ctx, arena.text("outer"))
    trace.pointee.begin(trace.pointee.ctx, arena.text("inner"))
    trace.pointee.end(trace.pointee.ctx)
    trace.pointee.end(trace.pointee.ctx)
    services.trace.stop()
    let document = try JSONSerialization.jsonObject(with: Data(try services.trace.chromeTrace().utf8)) as? [String: Any]
    let events = try #require(document?["traceEvents"] as? [[String: Any]])
    #expect(events.map { $0["ph"] as? String } == ["B", "B", "E", "E"])
    #expect(events.map { $0["name"] as? String } == ["outer", "inner", nil, nil])
  }

  @Test("the CPU's level follows from its features, and the user's cap takes features away")
  func cpu() throws {
    let cpu = try service("dmt.cpu/1", as: dmt_cpu.self).pointee
    #expect(cpu.cores >= 1 && cpu.features == dmt_cpu.host.features)
    let features = cpu.featureSet
    if cpu.isa_level >= 3 { #expect(features.contains([.avx2, .fma, .bmi2])) }
    if cpu.isa_level == 4 { #expect(features.contains([.avx512f, .avx512vl])) }
    #if arch(x86_64)
      let flags =
        try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8).split(separator: "\n")
        .first { $0.hasPrefix("flags") }?.split(separator: " ") ?? []
      #expect(features.contains(.avx2) == flags.contains("avx2"))
      #expect(features.contains(.avx512f) == flags.contains("avx512f"))
      #expect(features.contains(.fma) == flags.contains("fma"))
    #endif
  }

  @Test("parallel_for runs on the host's pool and survives nonsense")
  func parallel() throws {
    let parallel = try service("dmt.parallel/1", as: dmt_parallel.self)
    #expect(parallel.pointee.max_threads(parallel.pointee.ctx) == 2)
    var sums = [Int64](repeating: 0, count: 2 * 16)
    sums.withUnsafeMutableBufferPointer { sums in
      parallel.pointee.parallel_for(
        parallel.pointee.ctx, 1000, 0,
        { argument, begin, end, worker in
          let sums = argument!.assumingMemoryBound(to: Int64.self)
          for index in begin..<end { sums[Int(worker) * 16] += index }
        }, sums.baseAddress)
      parallel.pointee.parallel_for(parallel.pointee.ctx, -5, 1, { _, _, _, _ in Issue.record("called") }, nil)
      parallel.pointee.parallel_for(parallel.pointee.ctx, 5, 1, nil, nil)
    }
    #expect(sums[0] + sums[16] == 499_500)
  }
}
