import CDMTPlugin
public import DMTCore

/// A point that no rank passes before all have reached it, for what comes before and after a model.
public final class RankBarrier {
  private let communicator: any Communicator

  /// Every rank makes it at the same time.
  public init(_ connection: any RankConnection, rankCount: Int) throws(DMTError) {
    communicator = try connection.communicator(ranks: Array(0..<rankCount), lane: .control)
  }

  /// Waits for all ranks.
  ///
  /// - Throws: ``DMTError/Code/interconnectFailed`` when one failed or did not arrive in time.
  public func wait() throws(DMTError) {
    try run(DMT_BARRIER, purpose: "barrier of all ranks")
  }

  /// The text that rank 0 has, on every rank.
  public func share(_ text: String) throws(DMTError) -> String {
    let own = Array(text.utf8)
    let length = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
    defer { length.deallocate() }
    length.storeBytes(of: own.count, as: Int.self)
    try run(DMT_BROADCAST, length, purpose: "length of a text of rank 0")
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(0, length.load(as: Int.self)), alignment: 8)
    defer { bytes.deallocate() }
    bytes.copyBytes(from: own.prefix(bytes.count))
    try run(DMT_BROADCAST, bytes, purpose: "text of rank 0")
    return String(decoding: bytes, as: UTF8.self)
  }

  private func run(
    _ kind: Int32, _ buffer: UnsafeMutableRawBufferPointer? = nil, purpose: String
  ) throws(DMTError) {
    var call = dmt_collective()
    call.struct_size = UInt32(MemoryLayout<dmt_collective>.size)
    call.kind = kind
    call.dtype = dmt_dtype(code: UInt8(DMT_DTYPE_UINT), bits: 8, lanes: 1)
    call.receive = buffer?.baseAddress
    call.count = Int64(buffer?.count ?? 0)
    do throws(DMTError) {
      try communicator.wait(try communicator.start(&call), timeoutMilliseconds: 0)
    } catch {
      throw error.at(.init(phase: purpose))
    }
  }
}
