/// Bytes that the host's structs have in every minor of the contract, at least.
///
/// Not `MemoryLayout<..>.size`: compiled with headers of a later minor, that would be longer than what an earlier host fills.
enum FirstSizes {
  static let kernelRequest: UInt32 = 96
  static let kernelCall: UInt32 = 120
  static let embeddingRequest: UInt32 = 80
  static let embeddingCall: UInt32 = 104
  static let updateRequest: UInt32 = 64
  static let updateCall: UInt32 = 56
}
