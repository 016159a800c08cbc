#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Numbers from bytes, without a `String` in between.
package enum NumberParser {
  private static let powers: [Double] = (0...22).map { exponent in
    var power = 1.0
    for _ in 0..<exponent { power *= 10 }
    return power
  }

  /// The decimal number that `bytes` are, or nil when they are none or are not finite.
  ///
  /// Exact (correctly rounded): up to 2^53 with a power of ten up to 10^22 is one division or multiplication, all else
  /// goes through `strtod`.
  package static func double(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    var at = 0
    let count = bytes.count
    var negative = false
    if at < count, bytes[at] == 0x2D || bytes[at] == 0x2B {
      negative = bytes[at] == 0x2D
      at += 1
    }
    var mantissa: UInt64 = 0
    var digits = 0
    var significant = 0
    var scale = 0
    var afterPoint = false
    while at < count {
      let byte = bytes[at]
      if byte >= 0x30, byte <= 0x39 {
        if significant > 0 || byte != 0x30 { significant += 1 }
        if significant <= 18 { mantissa = mantissa &* 10 &+ UInt64(byte &- 0x30) }
        digits += 1
        if afterPoint { scale -= 1 }
      } else if byte == 0x2E, !afterPoint {
        afterPoint = true
      } else {
        break
      }
      at += 1
    }
    guard digits > 0 else { return nil }
    if at < count {
      guard bytes[at] == 0x65 || bytes[at] == 0x45 else { return nil }
      at += 1
      var exponentNegative = false
      if at < count, bytes[at] == 0x2D || bytes[at] == 0x2B {
        exponentNegative = bytes[at] == 0x2D
        at += 1
      }
      guard at < count else { return nil }
      var exponent = 0
      while at < count {
        guard bytes[at] >= 0x30, bytes[at] <= 0x39 else { return nil }
        exponent = min(exponent * 10 + Int(bytes[at] - 0x30), 100_000)
        at += 1
      }
      scale += exponentNegative ? -exponent : exponent
    }
    if significant <= 18, mantissa <= 1 << 53, scale >= -22, scale <= 22 {
      let value = scale < 0 ? Double(mantissa) / powers[-scale] : Double(mantissa) * powers[scale]
      return negative ? -value : value
    }
    let value = withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { text -> Double in
      for index in 0..<count { text[index] = CChar(bitPattern: bytes[index]) }
      text[count] = 0
      return text.baseAddress.map { strtod($0, nil) } ?? .nan
    }
    return value.isFinite ? value : nil
  }

  /// The integer that `bytes` are, or nil when they are none or do not fit in 64 bits.
  package static func integer(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
    var at = 0
    var negative = false
    if bytes.count > 1, bytes[0] == 0x2D || bytes[0] == 0x2B {
      negative = bytes[0] == 0x2D
      at = 1
    }
    guard at < bytes.count else { return nil }
    var value: Int64 = 0
    while at < bytes.count {
      guard bytes[at] >= 0x30, bytes[at] <= 0x39 else { return nil }
      let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = scaled.subtractingReportingOverflow(Int64(bytes[at] - 0x30))
      guard !overflow, !carry else { return nil }
      value = sum
      at += 1
    }
    if negative { return value }
    return value == .min ? nil : -value
  }
}

extension NumberParser {
  /// log(1 + max(x, 0)).
  static func log1pOfPositive(_ x: Double) -> Double { log1p(max(x, 0)) }
}
