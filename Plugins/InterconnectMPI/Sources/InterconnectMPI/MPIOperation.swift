import CMPI
import DMTPluginKit

/// A collective on its way: its transfers, and what is left to do when they have ended.
final class MPIOperation: @unchecked Sendable {
  // The engine's monitor guards what changes: transfers, the end and the failure.

  /// A transfer under way, and the member whose data it waits for.
  struct Transfer {
    var request: OpaquePointer
    /// Position of the member that sends; nil: a send, or a collective of MPI's own.
    var from: Int?
  }

  let collective: Collective
  let comm: OpaquePointer
  let member: Int
  let members: Int
  /// The members' ranks.
  let ranks: [Int]
  let number: UInt64
  /// Arrays of the caller's, which are valid while it starts only.
  let sendCounts: [Int]
  let sendOffsets: [Int]
  let receiveCounts: [Int]
  let receiveOffsets: [Int]
  var transfers: [Transfer] = []
  /// What other members sent to be reduced here.
  var reduceMemory = ReusableMemory()

  var isDone = false
  var failure: DMTError?

  init(_ collective: Collective, comm: OpaquePointer, member: Int, ranks: [Int], number: UInt64) {
    let members = ranks.count
    self.ranks = ranks
    self.collective = collective
    self.comm = comm
    self.member = member
    self.members = members
    self.number = number
    func copy(_ array: UnsafePointer<Int64>?) -> [Int] {
      array.map { array in (0..<members).map { Int(array[$0]) } } ?? []
    }
    sendCounts = copy(collective.sendCounts)
    sendOffsets = copy(collective.sendOffsets)
    receiveCounts = copy(collective.receiveCounts)
    receiveOffsets = copy(collective.receiveOffsets)
  }

  deinit { reduceMemory.free() }

  /// Members whose data have not come.
  var missing: [Int] { Set(transfers.compactMap(\.from)).sorted() }
}
