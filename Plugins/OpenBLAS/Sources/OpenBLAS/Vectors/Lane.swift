/// Eight floats: two registers of every 64-bit x86, one of AVX2.
typealias Lane = SIMD8<Float>
typealias LaneBits = SIMD8<Int32>

extension Lane {
  /// self + a * b in two roundings: `addingProduct` without the instruction is one call of libm for every float.
  @inline(__always) func adding(_ a: Lane, times b: Lane) -> Lane { self + a * b }

  @inline(__always) static func load(_ source: UnsafePointer<Float>) -> Lane {
    UnsafeRawPointer(source).loadUnaligned(as: Lane.self)
  }

  @inline(__always) func store(_ destination: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(destination).storeBytes(of: self, as: Lane.self)
  }

  /// Reads `count` floats, the others 0.
  @inline(__always) static func load(_ source: UnsafePointer<Float>, first count: Int) -> Lane {
    var lane = Lane.zero
    for index in 0..<count { lane[index] = source[index] }
    return lane
  }

  @inline(__always) func store(_ destination: UnsafeMutablePointer<Float>, first count: Int) {
    for index in 0..<count { destination[index] = self[index] }
  }
}
