import CMPI
import DMTPluginKit

extension MPIOperation {
  /// Begins all transfers; on the engine's thread.
  ///
  /// - Parameter limit: the most bytes of one transfer: MPI counts in 32 bits.
  func start(limit: Int) throws(DMTError) {
    switch collective.kind {
    case .barrier:
      try startBarrier()
    case .allReduce:
      if isGathered { try startGatheredReduce(limit: limit) } else { try startAllReduce(limit: limit) }
    case .broadcast:
      try startBroadcast(limit: limit)
    case .allToAll:
      for other in 0..<members {
        try exchange(
          with: other, sending: (sendOffsets[other], sendCounts[other]),
          receiving: (receiveOffsets[other], receiveCounts[other]), into: collective.receive, limit: limit)
      }
    case .allGather:
      for other in 0..<members {
        try exchange(
          with: other, sending: (0, collective.count), receiving: (receiveOffsets[other], receiveCounts[other]),
          into: collective.receive, limit: limit)
      }
    case .reduceScatter:
      try startReduceScatter(limit: limit)
    }
  }

  /// What is left when all transfers have ended: reductions of what the members sent, in their order.
  func finish() {
    guard collective.kind == .reduceScatter || isGathered, let receive = collective.receive,
      let parts = reduceMemory.memory
    else { return }
    let count = collective.kind == .allReduce ? collective.count : receiveCounts[member]
    let bytes = count * collective.elementBytes
    guard bytes > 0 else { return }
    receive.copyMemory(from: parts, byteCount: bytes)
    for other in 1..<max(1, members) {
      collective.reduction.combine(parts + other * bytes, into: receive, count: count, dtype: collective.dtype)
    }
  }

  /// A small all_reduce: every member sends all it has to all, which takes one round and tells who is missing.
  var isGathered: Bool {
    collective.kind == .allReduce && collective.count * collective.elementBytes <= Self.gatheredBytes
  }

  /// From here on MPI's ring is faster; it also sends less.
  private static let gatheredBytes = 32_768

  private func startGatheredReduce(limit: Int) throws(DMTError) {
    reduceMemory.reserve(max(collective.count * collective.elementBytes * members, 1))
    for other in 0..<members {
      try exchange(
        with: other, sending: (0, collective.count), receiving: (other * collective.count, collective.count),
        into: reduceMemory.memory, limit: limit)
    }
  }

  /// An empty message from everybody to everybody, which tells who is missing.
  private func startBarrier() throws(DMTError) {
    for other in 0..<members where other != member {
      try begin(from: other) { dmt_mpi_receive(comm, nil, 0, Int32(other), 0, $0) }
      try begin { dmt_mpi_send(comm, nil, 0, Int32(other), 0, $0) }
    }
  }

  private func startAllReduce(limit: Int) throws(DMTError) {
    let type =
      switch (Int32(collective.dtype.code) == DMT_DTYPE_FLOAT, collective.dtype.bits) {
      case (true, 32): DMT_MPI_FLOAT32
      case (true, _): DMT_MPI_FLOAT64
      case (false, 32): DMT_MPI_INT32
      case (false, _): DMT_MPI_INT64
      }
    let step = max(1, limit / collective.elementBytes)
    var first = 0
    while first < collective.count {
      let count = min(step, collective.count - first)
      let offset = first * collective.elementBytes
      try begin {
        dmt_mpi_reduce_all(
          comm, collective.send.map { $0 + offset }, collective.receive.map { $0 + offset }, Int32(count),
          Int32(type), collective.reduction == .max ? 1 : 0, $0)
      }
      first += count
    }
  }

  private func startBroadcast(limit: Int) throws(DMTError) {
    let bytes = collective.count * collective.elementBytes
    guard let data = collective.receive, bytes > 0 else { return }
    if member == collective.root {
      for other in 0..<members where other != member { try send(UnsafeRawPointer(data), bytes, to: other, limit) }
    } else {
      try receive(data, bytes, from: collective.root, limit)
    }
  }

  private func startReduceScatter(limit: Int) throws(DMTError) {
    let own = receiveCounts[member] * collective.elementBytes
    reduceMemory.reserve(max(own * members, 1))
    var offset = 0
    for other in 0..<members {
      try exchange(
        with: other, sending: (offset, receiveCounts[other]), receiving: (other * receiveCounts[member], receiveCounts[member]),
        into: reduceMemory.memory, limit: limit)
      offset += receiveCounts[other]
    }
  }

  /// Sends elements to a member and receives others from it.
  private func exchange(
    with other: Int, sending: (offset: Int, count: Int), receiving: (offset: Int, count: Int),
    into target: UnsafeMutableRawPointer?, limit: Int
  ) throws(DMTError) {
    let size = collective.elementBytes
    let source = collective.send.map { $0 + sending.offset * size }
    let place = target.map { $0 + receiving.offset * size }
    if other == member {
      if let source, let place, sending.count > 0, UnsafeRawPointer(place) != source {
        place.copyMemory(from: source, byteCount: sending.count * size)
      }
      return
    }
    if let place { try receive(place, receiving.count * size, from: other, limit) }
    if let source { try send(source, sending.count * size, to: other, limit) }
  }

  private func send(_ data: UnsafeRawPointer, _ bytes: Int, to other: Int, _ limit: Int) throws(DMTError) {
    var offset = 0
    while offset < bytes {
      let count = min(limit, bytes - offset)
      try begin { dmt_mpi_send(comm, data + offset, Int32(count), Int32(other), 0, $0) }
      offset += count
    }
  }

  private func receive(
    _ data: UnsafeMutableRawPointer, _ bytes: Int, from other: Int, _ limit: Int
  ) throws(DMTError) {
    var offset = 0
    while offset < bytes {
      let count = min(limit, bytes - offset)
      try begin(from: other) { dmt_mpi_receive(comm, data + offset, Int32(count), Int32(other), 0, $0) }
      offset += count
    }
  }

  private func begin(
    from other: Int? = nil, _ start: (UnsafeMutablePointer<OpaquePointer?>) -> Int32
  ) throws(DMTError) {
    var request: OpaquePointer?
    let code = start(&request)
    guard code == 0, let request else { throw MPIEngine.error(code, "start \(collective.kind.name)") }
    transfers.append(Transfer(request: request, from: other))
  }
}
