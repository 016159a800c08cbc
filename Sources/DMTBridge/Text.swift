public import CDMTPlugin
public import DMTCore

extension String {
  /// The longest text that is taken from the other side, in bytes.
  public static let maximumContractSize = 1 << 20

  /// A copy of a text of the contract; nil when it is longer than ``maximumContractSize``, has a negative size, has a
  /// size and no bytes, or is not UTF-8.
  public init?(_ text: dmt_str) {
    guard text.size >= 0, text.size <= Self.maximumContractSize else { return nil }
    guard text.size > 0 else {
      self = ""
      return
    }
    guard let data = text.data else { return nil }
    let bytes = UnsafeBufferPointer(start: data, count: Int(text.size))
    guard let copy = bytes.withMemoryRebound(to: UInt8.self, { String(validating: $0, as: UTF8.self) }) else {
      return nil
    }
    self = copy
  }

  /// A copy of a text of the contract.
  ///
  /// - Parameter what: what the text is, for the message.
  /// - Throws: ``DMTError/Code/invalidArgument`` where ``init(_:)`` gives nil.
  public init(copying text: dmt_str, _ what: @autoclosure () -> String) throws(DMTError) {
    guard let copy = String(text) else {
      let found =
        if text.size < 0 || text.size > Self.maximumContractSize { "has \(text.size) bytes" } else if text.data == nil {
          "has \(text.size) bytes at NULL"
        } else { "is not UTF-8" }
      throw DMTError(
        .invalidArgument, "\(what()) \(found), expected UTF-8 of at most \(Self.maximumContractSize) bytes")
    }
    self = copy
  }
}
