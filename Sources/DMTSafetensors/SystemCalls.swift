#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The few calls to the operating system that reading and writing tensor files needs.
package enum SystemCalls {
  /// The operating system's words for an error number: `No space left on device`.
  package static func message(_ number: Int32) -> String {
    // strerror returns null on no system this builds on; the check keeps the call safe all the same.
    guard let text = strerror(number) else { return "error \(number)" }
    return String(cString: text)
  }

  /// Writes all of `bytes`, whatever portions the system takes.
  ///
  /// - Returns: 0, or the error number of the write that failed.
  package static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
    guard var next = bytes.baseAddress else { return 0 }
    var left = bytes.count
    while left > 0 {
      // One call takes less than 2 GiB; smaller portions also let an interrupt through.
      let written = write(descriptor, next, min(left, 1 << 26))
      if written < 0 {
        if errno == EINTR { continue }
        return errno
      }
      if written == 0 { return EIO }
      next += written
      left -= written
    }
    return 0
  }
}
