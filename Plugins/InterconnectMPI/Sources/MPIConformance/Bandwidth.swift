import DMTPluginKit
import Glibc
import InterconnectMPI

/// Measures what an all_to_all and an all_reduce of the world move a second.
enum Bandwidth {
  static func measure(
    _ engine: MPIInterconnect, bytes: Int, timeoutMilliseconds: Int
  ) throws(DMTError) {
    let world = try engine.openWorld(rankCount: nil, timeoutMilliseconds: timeoutMilliseconds)
    let connection = try world.connect(rank: world.ownRank ?? 0)
    let ranks = Array(0..<world.rankCount)
    let communicator = try connection.communicator(ranks: ranks, lane: .embedding)
    let part = bytes / ranks.count
    let send = UnsafeMutableRawPointer.allocate(byteCount: max(1, bytes), alignment: 64)
    let receive = UnsafeMutableRawPointer.allocate(byteCount: max(1, bytes), alignment: 64)
    var best: [CollectiveKind: Double] = [:]
    memset(send, 1, bytes)
    memset(receive, 0, bytes)
    let counts = ranks.map { _ in Int64(part / 4) }
    let offsets = ranks.map { Int64($0 * (part / 4)) }
    // The last one runs beside a computation that takes longer than it.
    for (kind, computes) in [
      (CollectiveKind.allToAll, false), (.allReduce, false), (.barrier, false), (.allToAll, true),
    ] {
      var times: [Double] = []
      for _ in 0..<5 {
        let started = now()
        var collective = dmt_collective()
        collective.struct_size = UInt32(MemoryLayout<dmt_collective>.size)
        collective.kind = kind.rawValue
        collective.dtype = dmt_dtype(code: UInt8(DMT_DTYPE_FLOAT), bits: 32, lanes: 1)
        collective.send = UnsafeRawPointer(send)
        collective.receive = receive
        collective.count = Int64(bytes / 4)
        let ticket = try counts.withUnsafeBufferPointer { counts throws(DMTError) in
          try offsets.withUnsafeBufferPointer { offsets throws(DMTError) in
            collective.send_counts = counts.baseAddress
            collective.receive_counts = counts.baseAddress
            collective.send_offsets = offsets.baseAddress
            collective.receive_offsets = offsets.baseAddress
            return try communicator.start(&collective)
          }
        }
        let computed = started + 2 * (best[kind] ?? 0)
        while computes, now() < computed {}
        let waited = now()
        try communicator.wait(ticket, timeoutMilliseconds: 0)
        times.append(now() - (computes ? waited : started))
      }
      let time = times.min() ?? 0
      if !computes { best[kind] = time }
      guard connection.rank == 0 else { continue }
      if computes {
        print("\(kind.name) beside a computation of twice its time: \(Int(time * 1e6)) us of waiting are left")
        continue
      }
      print(
        "\(kind.name) of \(bytes) bytes a rank on \(ranks.count) ranks, \(Set(world.hostOfRank).count) hosts: "
          + "\(Int(time * 1e6)) us at best, \(Int(Double(bytes) / time / 1e6)) MB/s a rank")
    }
    send.deallocate()
    receive.deallocate()
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
