internal import CDMTPlugin

/// Why a call of the contract fails.
struct Failure: Error {
  let status: dmt_status
  let message: String

  /// The request is valid and not served here.
  static func unserved(_ message: String) -> Failure { Failure(status: DMT_UNIMPLEMENTED, message: message) }
  /// The request breaks a rule.
  static func invalid(_ message: String) -> Failure { Failure(status: DMT_INVALID_ARGUMENT, message: message) }

  /// Hands the message to the host and returns the status.
  func report() -> dmt_status {
    if let host = Host.table, let setError = host.pointee.set_error {
      var text = message
      text.withUTF8 { utf8 in
        let data = UnsafeRawPointer(utf8.baseAddress)?.assumingMemoryBound(to: CChar.self)
        setError(host.pointee.ctx, status, dmt_str(data: data, size: Int64(utf8.count)))
      }
    }
    return status
  }
}

extension dmt_str {
  /// The text, copied.
  var string: String {
    guard let data, size > 0 else { return "" }
    return String(decoding: UnsafeRawBufferPointer(start: data, count: Int(size)), as: UTF8.self)
  }

  /// A static text.
  init(_ text: StaticString) {
    let data = UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    self.init(data: data, size: Int64(text.utf8CodeUnitCount))
  }
}

/// Attributes by name, copied out of the contract.
struct NamedAttributes {
  private let items: UnsafeBufferPointer<dmt_attr>

  init(_ attributes: dmt_attrs) throws(Failure) {
    guard attributes.count >= 0, attributes.count <= 1 << 16, attributes.items != nil || attributes.count == 0 else {
      throw .invalid("\(attributes.count) attributes\(attributes.items == nil ? " at NULL" : "") are given")
    }
    items = UnsafeBufferPointer(start: attributes.items, count: Int(attributes.count))
    for item in items where item.name.size < 0 || (item.name.data == nil && item.name.size > 0) {
      throw .invalid("an attribute has a name of \(item.name.size) bytes\(item.name.data == nil ? " at NULL" : "")")
    }
  }

  private func find(_ name: String) -> dmt_attr? { items.first { $0.name.string == name } }

  func int(_ name: String, default value: Int) -> Int {
    guard let item = find(name) else { return value }
    return item.type == DMT_ATTR_F64 ? Int(exactly: item.f64) ?? value : Int(item.i64)
  }

  func bool(_ name: String, default value: Bool) -> Bool { int(name, default: value ? 1 : 0) != 0 }

  func double(_ name: String, default value: Double) -> Double {
    guard let item = find(name) else { return value }
    return item.type == DMT_ATTR_F64 ? item.f64 : Double(item.i64)
  }

  func string(_ name: String, default value: String) -> String { find(name)?.str.string ?? value }

  /// A list of integers; one integer is a list of one.
  func ints(_ name: String) -> [Int]? {
    guard let item = find(name) else { return nil }
    if item.type == DMT_ATTR_I64 { return [Int(item.i64)] }
    guard item.type == DMT_ATTR_I64_LIST, let list = item.list else {
      return item.list_size == 0 && item.type == DMT_ATTR_I64_LIST ? [] : nil
    }
    let values = UnsafeBufferPointer(start: list.assumingMemoryBound(to: Int64.self), count: Int(item.list_size))
    return values.map { Int($0) }
  }
}
