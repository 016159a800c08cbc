import CMPI
import DMTPluginKit
import Glibc

/// Memory of the messages by which a rank tells the others that it gives up.
final class AbortMemory {
  static let size = 1024
  let heard = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
  let told = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)

  deinit {
    heard.deallocate()
    told.deallocate()
  }
}

/// How a world ends before its time. Under the lock.
extension MPIEngine {
  private static var abortTag: Int32 { 1 }

  /// Waits for another rank's abort, from now on.
  func listen() {
    var request = dmt_mpi_request()
    let code = dmt_mpi_receive(
      abortMemory.heard, Int32(AbortMemory.size), dmt_mpi_any_source(), Self.abortTag, control, &request)
    if code == dmt_mpi_success() {
      requests.append(request, .init(operation: nil, peer: -1, isReceive: true, bytes: AbortMemory.size))
    }
  }

  func stopListening() {
    cancelReceives()
    drain(milliseconds: 100) { requests.count == 0 }
  }

  /// What another rank said when it gave up.
  func heardAbort(_ completion: dmt_mpi_completion) -> DMTError? {
    guard completion.error == dmt_mpi_success(), completion.bytes > 0 else { return nil }
    let bytes = UnsafeRawBufferPointer(start: abortMemory.heard, count: Int(completion.bytes))
    return DMTError(
      .interconnectFailed, "rank \(completion.source) gave up: \(String(decoding: bytes, as: UTF8.self))")
  }

  /// Tells all other ranks that this one gives up.
  func abort(_ message: String) {
    if !isFrozen {
      let bytes = Array(message.utf8.prefix(AbortMemory.size))
      abortMemory.told.copyMemory(from: bytes, byteCount: bytes.count)
      var sent = 0
      for rank in 0..<library.rankCount where rank != library.rank {
        var request = dmt_mpi_request()
        let code = dmt_mpi_send(
          abortMemory.told, Int32(bytes.count), Int32(rank), Self.abortTag, control, &request)
        guard code == dmt_mpi_success() else { continue }
        requests.append(request, .init(operation: nil, peer: Int32(rank), isReceive: false, bytes: bytes.count))
        sent += 1
      }
      drain(milliseconds: 1000) { !hasSends }
    }
    fail(DMTError(.interconnectFailed, "rank \(library.rank) gave up: \(message)"))
  }

  /// Ends the world for this rank: what it still expects is called off, so that no buffer of the caller is written to.
  func fail(_ error: DMTError) {
    guard failure == nil else { return }
    failure = error
    cancelReceives()
    drain(milliseconds: 500) { !hasReceives }
    // A message that MPI has begun cannot be called off; it moves only when MPI is called.
    isFrozen = hasReceives
    wakeAll()
  }

  private var hasReceives: Bool { (0..<requests.count).contains { requests.entries[$0].isReceive } }
  private var hasSends: Bool {
    (0..<requests.count).contains { requests.entries[$0].operation == nil && !requests.entries[$0].isReceive }
  }

  private func cancelReceives() {
    for index in 0..<requests.count where requests.entries[index].isReceive {
      _ = dmt_mpi_cancel(requests.requests + index)
    }
  }

  /// Lets MPI move messages whose content nobody looks at any more.
  private func drain(milliseconds: Int, until isEnough: () -> Bool) {
    let deadline = Monitor.deadline(milliseconds: milliseconds)
    while !isEnough(), !Monitor.hasPassed(deadline) {
      var completed: Int32 = 0
      guard requests.test(&completed) == dmt_mpi_success() else { return }
      requests.compact()
      if completed == 0 { sched_yield() }
    }
  }
}
